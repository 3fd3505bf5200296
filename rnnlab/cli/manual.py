"""`rnnlab manual`: the chapters of the manual, on the terminal."""

import re
from typing import Annotated, Any

import typer

from rnnlab.cli.help import Command
from rnnlab.cli.options import JSON
from rnnlab.display import console
from rnnlab.errors import UsageError
from rnnlab.suggestions import did_you_mean

# The order in which the chapters are listed; others follow by name.
ORDER = (
    "configs", "commands", "runs", "equations", "dynamics", "forecasting", "benchmarks", "python", "speed",
    "contributing",
)  # fmt: skip
EXAMPLES = """\b
Examples:
  rnnlab manual
  rnnlab manual configs
  rnnlab manual dyn"""


def chapters() -> list[str]:
    """The names of the chapters, in the order of the list."""
    found = {file.name.removesuffix(".md") for file in _folder().iterdir() if file.name.endswith(".md")}
    return sorted(found, key=lambda name: (ORDER.index(name) if name in ORDER else len(ORDER), name))


def read(chapter: str) -> str:
    """The Markdown source of a chapter."""
    return (_folder() / f"{chapter}.md").read_text(encoding="utf-8")


def register(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command("manual", cls=Command, epilog=EXAMPLES)(manual)


def _complete(beginning: str) -> list[str]:
    return [name for name in chapters() if name.startswith(beginning)]


def manual(
    chapter: Annotated[
        str | None,
        typer.Argument(
            metavar="CHAPTER",
            help="A chapter, or the beginning of its name; lists the chapters if left out.",
            autocompletion=_complete,
        ),
    ] = None,
    as_json: Annotated[bool, JSON] = False,
) -> None:
    """Show a chapter of the manual, or list the chapters."""
    if chapter is None:
        _list(as_json)
        return
    name = _find(chapter)
    text = read(name)
    if as_json:
        console.document({"chapter": name, "text": text})
    elif console.out.width is None:
        console.result(text.rstrip("\n"))
    else:
        _show(name, text, console.out.width)


def _show(name: str, text: str, width: int) -> None:
    from rnnlab.display import markdown

    console.result(markdown.render(text, width, console.out.style))
    linked = dict.fromkeys(target.partition("#")[0].removesuffix(".md") for target in markdown.links(text))
    others = [one for one in chapters() if one in linked and one != name]
    words = f"another chapter: {', '.join(others)}" if others else "the other chapters"
    console.next_step(f"rnnlab manual {others[0]}" if others else "rnnlab manual", words)


def _list(as_json: bool) -> None:
    summaries = {name: _title_and_summary(read(name)) for name in chapters()}
    if as_json:
        listed: list[dict[str, Any]] = [
            {"chapter": name, "title": title, "summary": summary} for name, (title, summary) in summaries.items()
        ]
        console.document({"chapters": listed})
        return
    from rnnlab.display.markdown import folded

    longest = max(map(len, summaries))
    for name, (_, summary) in summaries.items():
        start = f"  {name:<{longest}}  "
        lines = [start + summary] if console.out.width is None else folded(summary.split(), console.out.width, start)
        console.result("\n".join(lines))
    console.next_step("rnnlab manual configs", "read a chapter")


def _title_and_summary(text: str) -> tuple[str, str]:
    """The heading of a chapter, and its first paragraph in one line."""
    title, summary = re.match(r"# (.+)\n\n((?:.+\n)+)", text).groups()  # type: ignore[union-attr]
    return title, " ".join(summary.split())


def _find(wanted: str) -> str:
    """The chapter of this name, or the one whose name begins so."""
    known = chapters()
    word = wanted.casefold().removesuffix(".md")
    if word in known:
        return word
    begin = [name for name in known if word and name.startswith(word)]
    if len(begin) > 1:
        raise UsageError(f"{wanted} begins several chapters: {', '.join(begin)}.")
    if begin:
        return begin[0]
    raise UsageError(f"no such chapter: {wanted}{did_you_mean(word, known)}", hint="`rnnlab manual` lists the chapters")


def _folder() -> Any:
    from importlib import resources

    return resources.files("rnnlab") / "manual"
