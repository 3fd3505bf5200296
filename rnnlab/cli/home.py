"""The home screen: what `rnnlab` alone prints."""

import re
from typing import Any

from rnnlab import __version__
from rnnlab.cli.groups import grouped
from rnnlab.display import console

STARTER = "stock"  # the config that people start with
# What most people want first.
FIRST = (
    (f"rnnlab train {STARTER}", "train five networks on a share price"),
    ("rnnlab inspect latest", "see what the training did to gradients"),
    ("rnnlab sweep-rho 0.9 0.99 1.2", "watch gradients vanish and explode"),
)
GAP = 2
NARROWEST = 24  # columns of a description beside its name; else it stands below
NEXT = (
    ("rnnlab COMMAND --help", "options and examples of a command"),
    ("rnnlab --install-completion", "complete commands, runs and keys with TAB"),
)


def show(context: Any) -> None:
    """Print the first commands, every command under its group, and where to read on."""
    out, width = console.out, min(console.out.width or 80, console.WIDEST)
    console.result(out.fold(f"{out.style('rnnlab', 'bold')} {__version__}, a laboratory for recurrent networks"))
    _section("The first three commands", FIRST, width)
    found = {name: context.command.get_command(context, name) for name in context.command.list_commands(context)}
    shown = {name: summary(one) for name, one in found.items() if not one.hidden}
    first = max(map(len, shown))
    for title, names in grouped(shown).items():
        _section(title, [(name.ljust(first), shown[name]) for name in names], width)
    _section("Next", NEXT, width)


def summary(command: Any) -> str:
    """The first clause of a command's help."""
    return re.split(r"[,;:.](?:\s|$)", command.get_short_help_str(limit=160))[0]


def _section(title: str, rows: Any, width: int) -> None:
    out = console.out
    console.result()
    console.result(out.style(title, "bold"))
    first = max(len(name) for name, _ in rows) + GAP
    is_narrow = width - GAP - first < NARROWEST
    for name, meaning in rows:
        indent = " " * (2 * GAP if is_narrow else GAP + first)
        lines = _wrapped(meaning, width - len(indent))
        named = f"{' ' * GAP}{out.style(name.rstrip(), 'cyan')}"
        if is_narrow:
            console.result(named)
        else:
            console.result(f"{named}{' ' * (first - len(name.rstrip()))}{lines.pop(0)}")
        for line in lines:
            console.result(f"{indent}{line}")


def _wrapped(text: str, width: int) -> list[str]:
    import textwrap

    return textwrap.wrap(text, max(width, 20))
