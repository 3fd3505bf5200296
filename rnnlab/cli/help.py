"""Help and usage errors in rnnlab's own form.

Plain text instead of Typer's boxes: importing what draws them takes longer than all else that `--help` does.
"""

from collections.abc import Iterable
from difflib import get_close_matches
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup

from rnnlab.cli import console
from rnnlab.errors import UsageError

# Typer publishes its parser's exceptions only through this child of theirs.
(ParserError,) = typer.BadParameter.__bases__
OTHER = "Commands"


class Command(TyperCommand):
    """One command: usage, what it does, arguments and options."""

    def collect_usage_pieces(self, ctx: Any) -> list[str]:
        arguments = _parameters(self, ctx, "argument")
        return [
            "[OPTIONS]",
            *(_name(param) if param.required else f"[{_name(param)}]" for param in arguments),
        ]

    def format_options(self, ctx: Any, formatter: Any) -> None:
        arguments = _parameters(self, ctx, "argument")
        rows = [(_name(param), param.help or "") for param in arguments]
        _section(formatter, "Arguments", rows)
        _section(formatter, "Options", _options(self, ctx))


class Group(TyperGroup):
    """`rnnlab` itself: the commands under the headings they were registered with, then the options."""

    def format_options(self, ctx: Any, formatter: Any) -> None:
        panels: dict[str, list[tuple[str, str]]] = {}
        for name in self.list_commands(ctx):
            command = self.get_command(ctx, name)
            if command is not None and not command.hidden:
                panel = getattr(command, "rich_help_panel", None)
                rows = panels.setdefault(panel if isinstance(panel, str) else OTHER, [])
                rows.append((name, command.get_short_help_str(limit=160)))
        for panel, rows in panels.items():
            _section(formatter, panel, rows)
        _section(formatter, "Options", _options(self, ctx))

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        if args and not args[0].startswith("-") and self.get_command(ctx, args[0]) is None:
            known = self.list_commands(ctx)
            message = f"no such command: {args[0]}{did_you_mean(args[0], known)}"
            raise UsageError(message, hint="`rnnlab --help` lists the commands")
        return super().resolve_command(ctx, args)


def usage_error(failure: Any) -> UsageError:
    """What Typer's parser has against the command line, in the form of every other error."""
    context = getattr(failure, "ctx", None)
    path = context.command_path if context is not None else "rnnlab"
    option = getattr(failure, "option_name", None)
    if option is not None and hasattr(failure, "possibilities"):
        options = _parameters(context.command, context, "option") if context else []
        known = [name for param in options for name in param.opts]
        message = f"no such option: {option}{did_you_mean(option, known)}"
    else:
        message = failure.format_message().rstrip(".")
        message = message[:1].lower() + message[1:]
    return UsageError(message, hint=f"`{path} --help` shows how it is used")


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """`; did you mean train?` for a near name, else nothing."""
    near = get_close_matches(word, list(known), n=1, cutoff=0.6)
    return f"; did you mean {near[0]}?" if near else ""


def _name(argument: Any) -> str:
    return argument.metavar or argument.name.upper()


def _parameters(command: Any, ctx: Any, kind: str) -> list[Any]:
    """The command's parameters that are an `argument` or an `option`."""
    return [param for param in command.get_params(ctx) if param.param_type_name == kind]


def _options(command: Any, ctx: Any) -> list[tuple[str, str]]:
    records = [param.get_help_record(ctx) for param in _parameters(command, ctx, "option")]
    return [record for record in records if record is not None]


def _section(formatter: Any, title: str, rows: list[tuple[str, str]]) -> None:
    if rows:
        with formatter.section(console.out.style(title, "bold")):
            formatter.write_dl(rows)
