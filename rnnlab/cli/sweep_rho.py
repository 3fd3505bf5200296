"""`rnnlab sweep-rho`: one table of what gradients do through time at each scale of the recurrent weights."""

import math
import os
import re
import sys
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from rnnlab import plugins
from rnnlab.api.facts import has_activations
from rnnlab.cli.configs import read_config
from rnnlab.cli.help import Command, unknown_option
from rnnlab.cli.options import RUNS_TO, SET
from rnnlab.cli.outcome import carry_out
from rnnlab.errors import ConfigError, UsageError
from rnnlab.suggestions import did_you_mean
from rnnlab.words import listed

CELLS = plugins.names(plugins.LAYERS, ("rnn", "lstm", "gru"))
ACTIVATIONS = ("tanh", "sigmoid", "relu", "identity")
RHOS = 11
MOST_RHOS = 100_000  # no sweep has more models
EXAMPLES = """\b
Examples:
  rnnlab sweep-rho 0.9 0.99 1.2
  rnnlab sweep-rho --from 0.5 --to 2.0 --num 31 --seeds 20
  rnnlab sweep-rho 0.9 1.1 --exact --length 200
  rnnlab sweep-rho 1.0 --cell lstm --seeds 20"""


def register(app: typer.Typer) -> None:
    """Add the command to the application."""
    # A negative number must reach the check of the rhos, which says what is wrong with it.
    settings = {"ignore_unknown_options": True}
    app.command("sweep-rho", cls=Command, epilog=EXAMPLES, context_settings=settings)(sweep_rho)


def sweep_rho(
    context: typer.Context,
    rhos: Annotated[
        list[str] | None, typer.Argument(metavar="RHO...", help="Scales of W_hh: N(0, 1/sqrt(h)) times RHO.")
    ] = None,
    config: Annotated[
        str | None, typer.Option("--config", metavar="CONFIG", help="A config in place of the bundled gradients.")
    ] = None,
    start: Annotated[float | None, typer.Option("--from", metavar="A", help="First RHO of a range.")] = None,
    stop: Annotated[float | None, typer.Option("--to", metavar="B", help="Last RHO of a range.")] = None,
    number: Annotated[
        int | None, typer.Option("--num", metavar="N", help="How many RHOs in the range; 11 if left out.")
    ] = None,
    cell: Annotated[
        str | None,
        typer.Option("--cell", metavar="CELL", help=f"{listed(CELLS, 'or')}.", autocompletion=lambda: CELLS),
    ] = None,
    activation: Annotated[
        str | None,
        typer.Option(
            "--activation", metavar="PHI", help=f"{listed(ACTIVATIONS, 'or')}.", autocompletion=lambda: ACTIVATIONS
        ),
    ] = None,
    exact: Annotated[bool, typer.Option("--exact", help="Make the spectral radius of each block exactly RHO.")] = False,
    length: Annotated[
        int | None, typer.Option("--length", metavar="T", help="Steps of a sequence, in place of the config's.")
    ] = None,
    seeds: Annotated[
        str | None, typer.Option("--seeds", metavar="N|LIST", help="Models per RHO; or their seeds: 3,7,11.")
    ] = None,
    overrides: Annotated[list[str] | None, SET] = None,
    name: Annotated[str | None, typer.Option("--name", metavar="NAME", help="Name of the run.")] = None,
    runs_dir: Annotated[Path, RUNS_TO] = Path("runs"),
    as_json: Annotated[
        bool, typer.Option("--json", help="Standard output is one JSON document: record and summary of the run.")
    ] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="Print one line, the run folder.")] = False,
) -> int:
    """Measure gradients through time at several scales RHO of the recurrent weights."""
    values = [_number(word, context) for word in rhos or ()] + _range(start, stop, number)
    _check_word("--cell", cell, CELLS)
    _check_word("--activation", activation, ACTIVATIONS)
    from rnnlab.api.sweeping import STARTER, check_rhos, sweep_rho

    check_rhos(values)  # before anything is read
    chosen = _load(STARTER if config is None else config, cell, activation, length, overrides or [], seeds, name)
    return carry_out(partial(sweep_rho, values, chosen, runs_dir, exact=exact), as_json=as_json, quiet=quiet)


def _number(word: str, context: typer.Context) -> float:
    try:
        number = float(word)
    except ValueError:
        number = math.nan
    if math.isfinite(number) and number >= 0:
        return number
    if word.startswith("-") and math.isnan(number):
        raise unknown_option(word, context, sys.argv[1:])
    apart = " ".join(part for part in word.split(",") if part)
    hint = f"separate RHOs by spaces: rnnlab sweep-rho {apart}" if "," in word else None
    if re.fullmatch(r"\d+,\d+", word):
        hint = f"{hint}; or is it the number {word.replace(',', '.')}?"
    raise UsageError(f"RHO must be a finite number of at least 0; got {word!r}.", hint=hint)


def _range(start: float | None, stop: float | None, number: int | None) -> list[float]:
    if start is None and stop is None and number is None:
        return []
    number = RHOS if number is None else number
    if start is None or stop is None:
        raise UsageError(
            "--from and --to must be given together, and with --num.", hint="Example: --from 0.5 --to 2.0 --num 31"
        )
    if not (math.isfinite(start) and math.isfinite(stop) and start < stop):
        raise UsageError(f"--from must be below --to, both finite; got {start:g} and {stop:g}.")
    if not 2 <= number <= MOST_RHOS:
        raise UsageError(f"--num must be a whole number from 2 to {MOST_RHOS:,}; got {number:,}.")
    # Rounded, so that 0.5 to 2.0 in steps of 0.05 are the numbers that a person would write.
    return [float(f"{start + (stop - start) * k / (number - 1):.12g}") for k in range(number)]


def _check_word(option: str, word: str | None, known: tuple[str, ...]) -> None:
    if word is not None and word not in known:
        raise UsageError(f"{option} must be {listed(known, 'or')}; got {word!r}{did_you_mean(word, known) or '.'}")


def _load(source: str | os.PathLike[str], cell, activation, length, overrides: list[str], seeds, name):
    own = {}
    if cell is not None:
        own[f"model.cell={cell}"] = f"--cell {cell}"
    if activation is not None:
        own[f"model.activation={activation}"] = f"--activation {activation}"
    elif cell is not None and not has_activations(cell):
        own["model.activation=tanh"] = f"--cell {cell}"
    if length is not None and source == "-":
        raise UsageError("--length needs a config in a file; got -.", hint="With standard input, --set data.chunk=T.")
    try:
        if length is not None:
            data = read_config(source, overrides=[*own, *overrides]).data
            if data.length_key is None:
                raise UsageError(
                    f"--length cannot be used with {data.task_name}: no key sets how long its sequences are."
                )
            own[f"data.{data.length_key}={length}"] = f"--length {length}"
        return read_config(source, overrides=[*own, *overrides], seeds=seeds, name=name)
    except ConfigError as error:
        raise ConfigError([_as_typed(problem, own) for problem in error.problems], hint=error.hint) from error


def _as_typed(problem: str, own: dict[str, str]) -> str:
    """A problem with the options that the user typed in place of the settings that they stand for."""
    for setting, option in own.items():
        problem = problem.replace(f"\n    with the argument:\n      | --set {setting}\n", f"\n      | {option}\n")
        problem = re.sub(rf"\n +\| (--set {re.escape(setting)}|{re.escape(option)})\n[^\n]*\^[^\n]*", "", problem)
        problem = problem.replace(f"--set {setting}: ", f"{option}: ")
    return problem
