"""Help and usage errors in rnnlab's own form.

Plain text instead of Typer's boxes: importing what draws them takes longer than all else that `--help` does.
"""

import re
from collections.abc import Sequence
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup

from rnnlab.api.facts import key_meant
from rnnlab.cli import commands, meant
from rnnlab.cli.groups import grouped
from rnnlab.cli.light import Light
from rnnlab.display import console
from rnnlab.errors import UsageError
from rnnlab.suggestions import did_you_mean

# Typer publishes its parser's exceptions only through this child of theirs.
(ParserError,) = typer.BadParameter.__bases__


class Command(Light, TyperCommand):
    """One command: usage, what it does, arguments and options."""

    def collect_usage_pieces(self, ctx: Any) -> list[str]:
        """`[OPTIONS]` and the arguments, those that may be left out in brackets."""
        arguments = _parameters(self, ctx, "argument")
        return [
            "[OPTIONS]",
            *(_name(param) if param.required else f"[{_name(param)}]" for param in arguments),
        ]

    def format_options(self, ctx: Any, formatter: Any) -> None:
        """Write the arguments and the options, each under a heading."""
        arguments = _parameters(self, ctx, "argument")
        rows = [(_name(param), param.help or "") for param in arguments]
        _section(formatter, "Arguments", rows)
        _section(formatter, "Options", _options(self, ctx))


class Group(Light, TyperGroup):
    """`rnnlab` itself: the commands under their groups, then the options."""

    @property
    def commands(self) -> dict[str, Any]:  # type: ignore[override]
        """Every command, by name."""
        return {name: commands.load(name) for name in commands.NAMES}

    @commands.setter
    def commands(self, _registered: Any) -> None:
        """Nothing: the commands are in modules of their own."""

    def list_commands(self, _ctx: Any) -> list[str]:
        """The names of the commands."""
        return list(commands.NAMES)

    def get_command(self, _ctx: Any, name: str) -> Any:
        """The command of this name, loaded now; None where there is none."""
        return commands.load(name) if name in commands.NAMES else None

    def format_options(self, ctx: Any, formatter: Any) -> None:
        """Write the commands under their groups, then the options."""
        for title, names in grouped(self.list_commands(ctx)).items():
            found = [(name, self.get_command(ctx, name)) for name in names]
            rows = [(name, one.get_short_help_str(limit=160)) for name, one in found if not one.hidden]
            _section(formatter, title, rows)
        _section(formatter, "Options", _options(self, ctx))

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """The command of the first word; an unknown word is an error that names what was meant."""
        if args and not args[0].startswith("-") and self.get_command(ctx, args[0]) is None:
            known = self.list_commands(ctx)
            message = f"no such command: {args[0]}{did_you_mean(args[0], known)}"
            raise UsageError(
                message, hint=meant.command(args[0], "".join(args[1:2]), known) or "`rnnlab --help` lists the commands"
            )
        return super().resolve_command(ctx, args)


def usage_error(failure: Any, arguments: Sequence[str]) -> UsageError:
    """What Typer's parser has against the command line, in the form of every other error."""
    context = getattr(failure, "ctx", None)
    path = context.command_path if context is not None else " ".join(["rnnlab", *arguments[:1]])
    hint = f"`{path} --help` shows how it is used"
    option = getattr(failure, "option_name", None)
    if option is not None and hasattr(failure, "possibilities"):
        return unknown_option(option, context, arguments) if context else UsageError(f"no such option: {option}")
    words = getattr(failure, "message", "")
    if words.startswith("Got unexpected extra argument"):
        extra = words.partition(" (")[2].rpartition(")")[0]
        if re.fullmatch(r"[a-z][\w.]*=\S*", extra):
            hint = f"`--set {extra}` sets a key of the config"
        apart = zip(arguments, arguments[1:], arguments[2:], strict=False)  # `--set KEY VALUE`
        bare = next((key for option, key, value in apart if option == "--set" and value == extra), "=")
        if "=" not in bare:
            hint = f"`--set {bare}={extra}` sets a key of the config"
        return UsageError(f"unexpected argument: {extra}", hint=hint)
    number = re.search(r"valid (integer|int|number|float)", words)
    param = getattr(failure, "param", None)
    if number and param is not None:
        name, wanted = param.opts[0], "a whole number" if number[1].startswith("int") else "a number"
        return UsageError(f"{name} must be {wanted}; got {_value_of(name, arguments)!r}.", hint=hint)
    message = failure.format_message().rstrip(".")
    return UsageError(message[:1].lower() + message[1:], hint=hint)


def unknown_option(option: str, context: Any, arguments: Sequence[str]) -> UsageError:
    """An option that a command does not have: the nearest one, or the key of the config that it may mean."""
    known = [name for param in _parameters(context.command, context, "option") for name in param.opts]
    name, _, value = option.partition("=")
    message = f"no such option: {name}"
    if name in known:
        return UsageError(f"{name} must come before --; what follows -- is not an option.")
    value = value or _value_of(name, arguments)
    names = context.parent.command.list_commands(context) if context.parent else ()
    takes = [_name(param).rstrip(".") for param in _parameters(context.command, context, "argument")]
    hint = meant.option(name, value, context.info_name, {*known, *takes, *names})
    if hint is not None:
        return UsageError(message, hint=hint)
    near = did_you_mean(name, known)
    if not near and "--set" in known and name.startswith("--"):
        key = key_meant(name.removeprefix("--").replace("-", "_"))
        if key is not None:
            return UsageError(
                f"{message}; {key} is a key of the config.",
                hint=f"--set {key}={value or 'VALUE'} sets it",
            )
    return UsageError(f"{message}{near}", hint=f"`{context.command_path} --help` shows how it is used")


def _value_of(name: str, arguments: Sequence[str]) -> str:
    """What stands behind an option on the command line."""
    for word, following in zip(arguments, [*arguments[1:], ""], strict=False):
        if word == name:
            return "" if following.startswith("--") else following
        if word.startswith(f"{name}="):
            return word.partition("=")[2]
    return ""


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
