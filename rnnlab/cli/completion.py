"""Completion: which word of a command line the cursor is at, and what may stand there."""

import re
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import typer

import rnnlab
from rnnlab.cli import shells
from rnnlab.display import console
from rnnlab.errors import RnnlabError
from rnnlab.printable import on_one_line

VARIABLE = "_RNNLAB_COMPLETE"
# What stands in the place of a parameter, by the name that help gives it; the package says what there is.
PLACES = {"RUN": "RUN", "RUN|FILE": "RUN", "CONFIG": "CONFIG", "FILE": "CONFIG", "KEY": "KEY", "KEY=VALUE": "KEY=VALUE",
          "SYMBOL": "SYMBOL", "DIR": "DIR"}  # fmt: skip
SHARED = ("debug", "no_color")  # options that may follow a command too

Candidates = list[tuple[str, str]]


def answer(command: Any, instruction: str, arguments: Sequence[str]) -> None:
    """Print a shell's script, or the candidates for the last of the arguments.

    Parameters
    ----------
    command : typer command
        `rnnlab` itself.
    instruction : str
        `source_SHELL` or `complete_SHELL`; anything else is answered by nothing.
    arguments : sequence of str
        The words after `rnnlab` up to the cursor.
    """
    verb, _, shell = instruction.partition("_")
    if shell not in shells.SCRIPTS:
        return
    if verb == "source":
        console.result(shells.SCRIPTS[shell].rstrip())
    elif verb == "complete":
        words = [_unquoted(word) for word in arguments] if shell == "bash" else arguments
        *before, current = words or [""]
        try:
            found = candidates(command, before, current)
        except RnnlabError:  # a runs folder that cannot be read: nothing to say while a person types
            found = []
        if shown := [_line(shell, *one) for one in found if on_one_line(one[0]) == one[0]]:  # a line per candidate
            console.result("\n".join(shown))


def candidates(command: Any, before: Sequence[str], current: str) -> Candidates:
    """List what may stand at the cursor, with what it means.

    Parameters
    ----------
    command : typer command
        `rnnlab` itself.
    before : sequence of str
        The words between `rnnlab` and the cursor.
    current : str
        The word at the cursor, up to it.
    """
    words = list(before)
    while words and words[0].startswith("-"):
        words.pop(0)
    if not words:
        return _options(command, [], current) if current.startswith("-") else _commands(command, current)
    chosen = command.get_command(None, words[0])
    return _of_command(command, chosen, words[1:], current) if chosen is not None else []


def _of_command(command: Any, chosen: Any, words: list[str], current: str) -> Candidates:
    """For the command `chosen`: the value of an option, an option, or the next argument."""
    options = {name: param for param in chosen.params for name in param.opts if name.startswith("-")}
    pending, given = None, 0
    is_open = True  # before a --
    for word in words:
        if pending is not None:
            pending = None
        elif is_open and word == "--":
            is_open = False
        elif is_open and word.startswith("-") and len(word) > 1:
            name, equals, _ = word.partition("=")
            takes_value = name in options and not options[name].is_flag
            pending = options[name] if takes_value and not equals else None
        else:
            given += 1
    if pending is not None:
        return _values(chosen, pending, words, current)
    name, equals, value = current.partition("=")
    if is_open and equals and name in options:
        return [(f"{name}={word}", meaning) for word, meaning in _values(chosen, options[name], words, value)]
    if is_open and current.startswith("-"):
        return _options(chosen, words, current, shared=command)
    arguments = [param for param in chosen.params if param.param_type_name == "argument"]
    expected = [param for param in arguments for _ in range(1000 if param.nargs == -1 else param.nargs)]
    return _values(chosen, expected[given], words, current) if given < len(expected) else []


def _commands(command: Any, current: str) -> Candidates:
    from rnnlab.cli.home import summary

    shown = {name: one for name, one in command.commands.items() if not one.hidden}
    return [(name, summary(one)) for name, one in shown.items() if name.startswith(current)]


def _options(chosen: Any, words: list[str], current: str, shared: Any = None) -> Candidates:
    """The options that begin so, but for those that are there already and are of use only once."""
    found: Candidates = []
    everywhere = [param for param in shared.params if param.name in SHARED] if shared else []
    for param in [*chosen.params, *everywhere]:
        used = any(name in words for name in param.opts) and not param.multiple
        if param.param_type_name == "option" and not param.hidden and not used:
            found += [(name, param.help or "") for name in param.opts if name.startswith(current)]
    return [*found, *([("--help", "Show the help and exit.")] if "--help".startswith(current) else [])]


def _values(chosen: Any, param: Any, words: list[str], current: str) -> Candidates:
    """What a parameter can be: what it lists itself, else what there is of its kind."""
    listed = param.shell_complete(typer.Context(chosen), current)
    if any(item.type == "plain" for item in listed):
        return [(item.value, item.help or "") for item in listed]
    place = PLACES.get((param.metavar or "").rstrip("."), "")
    return rnnlab.completions(place, current, _runs_dir(words))


def _runs_dir(words: list[str]) -> str | None:
    """What --runs-dir says."""
    for word, following in reversed(list(pairwise([*words, ""]))):
        if word == "--runs-dir" and following:
            return following
        if word.startswith("--runs-dir="):
            return word.partition("=")[2]
    return None


def _unquoted(word: str) -> str:
    """bash hands over the words as they are typed."""
    return re.sub(r"\\(.)", r"\1", word.lstrip("'\""))


def _line(shell: str, word: str, meaning: str) -> str:
    if shell == "bash":
        return re.sub(r"([^\w@%+=:,./^~-])", r"\\\1", word)
    word = re.sub(r"([^\w@%+=:,./^~-])", r"\\\1", word) if shell == "zsh" else word
    meaning = " ".join(meaning.split())
    return f"{word}\t{meaning}" if meaning else word
