"""`rnnlab train`: a config in, a run folder out; of several configs one after the other."""

import re
import shlex
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

import rnnlab
from rnnlab.api.facts import configs_meant
from rnnlab.cli.configs import CONFIG, read_config
from rnnlab.cli.help import Command
from rnnlab.cli.options import QUIET, RECORD_JSON, RUNS_TO, SEEDS, SET
from rnnlab.cli.outcome import carry_out
from rnnlab.display import console
from rnnlab.errors import RnnlabError, UsageError
from rnnlab.words import count

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from rnnlab import Config

EXAMPLES = """\b
Examples:
  rnnlab train stock
  rnnlab train stock --seeds 10 --name ten
  rnnlab train my.yaml --set model.cell=lstm
  rnnlab train runs/RUN/config.yaml
  rnnlab train stock 'stock/*'"""


SETTING = re.compile(r"[a-z][\w.]*=\S*")  # that lacks its --set


def register(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command("train", cls=Command, epilog=EXAMPLES)(train)


def train(
    configs: Annotated[
        list[str], typer.Argument(metavar="CONFIG...", help=f"{CONFIG} A pattern ('stock/*') means several of those.")
    ],
    overrides: Annotated[list[str] | None, SET] = None,
    seeds: Annotated[str | None, SEEDS] = None,
    name: Annotated[str | None, typer.Option("--name", metavar="NAME", help="Name of the run.")] = None,
    runs_dir: Annotated[Path, RUNS_TO] = Path("runs"),
    as_json: Annotated[bool, RECORD_JSON] = False,
    quiet: Annotated[bool, QUIET] = False,
) -> int:
    """Train the networks of a config, one per seed, and measure them on held-out data."""
    for word in configs:
        if SETTING.fullmatch(word) and not Path(word).exists():
            raise UsageError(f"unexpected argument: {word}", hint=f"`--set {word}` sets a key of the config")
    sources = list(dict.fromkeys(meant for word in configs for meant in configs_meant(word)))
    if len(sources) > 1 and (name is not None or as_json):
        option = "--name" if name is not None else "--json"
        raise UsageError(f"{option} is for one config; got {count(len(sources), 'config')}.")
    chosen = {one: read_config(one, overrides=overrides or (), seeds=seeds, name=name) for one in sources}
    train_networks = rnnlab.train  # loaded while a signal still ends the process at once
    if len(chosen) == 1:
        (config,) = chosen.values()
        return carry_out(partial(train_networks, config, runs_dir), as_json=as_json, quiet=quiet)
    return _train_all(chosen, lambda config: carry_out(partial(train_networks, config, runs_dir), as_json=False,
                                                       quiet=quiet), quiet=quiet)  # fmt: skip


def _train_all(chosen: "dict[str, Config]", work: "Callable[[Config], int]", *, quiet: bool) -> int:
    """One after the other; where one of them does not end, the rest is named and left."""
    left = list(chosen)
    for source, config in chosen.items():
        left.remove(source)
        if not quiet:
            console.note(f"{source}: {len(chosen) - len(left)} of {len(chosen)}")
        try:
            code = work(config)
        except RnnlabError:
            _name_left(left)
            raise
        if code:
            _name_left(left)
            return code
        if left and not quiet:
            console.result()
    return 0


def _name_left(left: "Sequence[str]") -> None:
    if left:
        console.warning(f"not trained: `rnnlab train {shlex.join(left)}` trains {'it' if len(left) == 1 else 'them'}.")
