"""The `rnnlab` command: global options, the commands of the other modules, one way out."""

import os
from collections.abc import Sequence
from typing import Annotated, Any

import typer

from rnnlab import __version__
from rnnlab.cli import compare, failures, fetch, gradcheck, inspect, interrupts, sweep_rho, train, unroll
from rnnlab.cli.help import Group, ParserError, usage_error
from rnnlab.display import console

SHARED = ("--debug", "--no-color")

app = typer.Typer(
    name="rnnlab",
    cls=Group,
    rich_markup_mode=None,
    invoke_without_command=True,
    pretty_exceptions_enable=False,
)


def _version(wanted: bool) -> None:
    if wanted:
        console.result(f"rnnlab {__version__}")
        raise typer.Exit


@app.callback()
def _rnnlab(
    context: typer.Context,
    version: Annotated[
        bool, typer.Option("--version", help="Show the version and exit.", callback=_version, is_eager=True)
    ] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of any failure.")] = False,
    no_color: Annotated[
        bool, typer.Option("--no-color", help="No colour; NO_COLOR in the environment does the same.")
    ] = False,
) -> None:
    """A laboratory for recurrent networks: hand-derived gradients, honest forecasts, gradient dynamics."""
    if context.invoked_subcommand is None:
        console.note(context.get_help())
        raise typer.Exit(failures.USAGE)


train.register(app)
gradcheck.register(app)
unroll.register(app)
sweep_rho.register(app)
inspect.register(app)
compare.register(app)
fetch.register(app)


def run(arguments: Sequence[str]) -> int:
    """Carry out one command line.

    Parameters
    ----------
    arguments : sequence of str
        The words after `rnnlab`.

    Returns
    -------
    int
        The exit code: 0 done, 1 a bug, 2 usage or config, 3 diverged, 4 data or network, 5 part of a sweep
        failed, 6 the run folder or standard output cannot be written, 7 a wrong gradient, 129, 130 and 143 hung up,
        interrupted and terminated.
    """
    shared, own = _split(arguments)
    if "--no-color" in shared:
        os.environ["NO_COLOR"] = "1"
    try:
        return _invoke(own)
    except typer.Exit as leave:
        return leave.exit_code
    except typer.Abort:
        return failures.INTERRUPTED
    except BrokenPipeError:
        return 0
    except (Exception, KeyboardInterrupt) as failure:
        known = usage_error(failure, own) if isinstance(failure, ParserError) else interrupts.stopped() or failure
        return failures.report(known, arguments, as_json="--json" in own, debug="--debug" in shared)
    finally:
        console.out.settle()


def _invoke(arguments: list[str]) -> int:
    command: Any = typer.main.get_command(app)
    if "_RNNLAB_COMPLETE" in os.environ:
        command.main(arguments, prog_name="rnnlab")
    with command.make_context("rnnlab", arguments, color=console.out.has_color) as context:
        return command.invoke(context) or 0


def _split(arguments: Sequence[str]) -> tuple[set[str], list[str]]:
    """The options that every command shares, which may stand anywhere before a `--`, and everything else."""
    end = arguments.index("--") if "--" in arguments else len(arguments)
    shared = {word for word in arguments[:end] if word in SHARED}
    return shared, [*(word for word in arguments[:end] if word not in SHARED), *arguments[end:]]
