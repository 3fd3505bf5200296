"""The `rnnlab` command: global options, the commands of the other modules, one way out."""

import os
from collections.abc import Sequence
from typing import Annotated, Any

import typer

from rnnlab import __version__
from rnnlab.cli import completion, failures, home, interrupts, shells
from rnnlab.cli.help import Group, ParserError, usage_error
from rnnlab.display import console

HELP = {"--help", "-h"}
SHARED = ("--debug", "--no-color")

app = typer.Typer(
    name="rnnlab",
    cls=Group,
    rich_markup_mode=None,
    epilog="`rnnlab COMMAND --help` shows the options of a command, with examples.",
    invoke_without_command=True,
    add_completion=False,  # Typer's knows nothing of keys, and takes model.cell=lstm for three words in bash
    context_settings={"help_option_names": sorted(HELP)},
    pretty_exceptions_enable=False,
)


def _version(wanted: bool) -> None:
    if wanted:
        console.result(f"rnnlab {__version__}")
        raise typer.Exit


def _show_completion(wanted: bool) -> None:
    if wanted:
        console.result(shells.SCRIPTS[shells.shell_in_use()].rstrip())
        raise typer.Exit


def _install_completion(wanted: bool) -> None:
    if wanted:
        script, startup = shells.install(shells.shell_in_use())
        console.result(f"completion  {script}")
        if startup is not None:
            console.result(f"read by     {startup}")
        console.next_step("exec $SHELL", "then press TAB after rnnlab")
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
    install: Annotated[
        bool,
        typer.Option(
            "--install-completion",
            help="Set up TAB completion for the current shell, and exit.",
            callback=_install_completion,
            is_eager=True,
        ),
    ] = False,
    show: Annotated[
        bool,
        typer.Option(
            "--show-completion",
            help="Show the completion script, and exit.",
            callback=_show_completion,
            is_eager=True,
        ),
    ] = False,
) -> None:
    """A laboratory for recurrent networks: hand-derived gradients, honest forecasts, gradient dynamics."""
    if context.invoked_subcommand is None:
        home.show(context)


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
    if completion.VARIABLE in os.environ:
        completion.answer(typer.main.get_command(app), os.environ[completion.VARIABLE], arguments)
        return 0
    shared, own = _split(arguments)
    if "--no-color" in shared:
        os.environ["NO_COLOR"] = "1"
    try:
        return _invoke(list(own))  # the parser eats its list
    except typer.Exit as leave:
        return leave.exit_code
    except typer.Abort:
        return failures.INTERRUPTED
    except BrokenPipeError:
        return 0
    except (Exception, KeyboardInterrupt) as failure:
        known = interrupts.stopped() or failure
        if isinstance(failure, ParserError):
            known = usage_error(failure, own)
            known.__cause__ = failure
        return failures.report(known, arguments, as_json="--json" in own, debug="--debug" in shared)
    finally:
        console.out.settle()


def _invoke(arguments: list[str]) -> int:
    command: Any = typer.main.get_command(app)
    asked = _help_asked(command, arguments)
    if asked is not None:
        console.result(asked.get_help())
        return 0
    if not arguments:
        home.show(_context(command))
        return 0
    with command.make_context("rnnlab", arguments, color=console.out.has_color) as context:
        return command.invoke(context) or 0


def _help_asked(command: Any, arguments: Sequence[str]) -> typer.Context | None:
    """Whose help is asked for, if any: told before Typer reads the line, for which it needs pydantic."""
    words = arguments[: arguments.index("--")] if "--" in arguments else arguments
    if not HELP & set(words):
        return None
    context = _context(command)
    if words[0] in HELP:
        return context
    chosen = command.get_command(None, words[0])
    return None if chosen is None else _context(chosen, info_name=words[0], parent=context)


def _context(command: Any, **more: Any) -> typer.Context:
    settings = {"info_name": "rnnlab", "color": console.out.has_color, "help_option_names": sorted(HELP)}
    return typer.Context(command, **settings | more)


def _split(arguments: Sequence[str]) -> tuple[set[str], list[str]]:
    """The options that every command shares, which may stand anywhere before a `--`, and everything else."""
    end = arguments.index("--") if "--" in arguments else len(arguments)
    shared = {word for word in arguments[:end] if word in SHARED}
    return shared, [*(word for word in arguments[:end] if word not in SHARED), *arguments[end:]]
