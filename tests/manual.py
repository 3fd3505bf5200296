"""The manual: its documents, their blocks, and all that is generated from the code: `make manual` rewrites it."""

import re
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import typer

from rnnlab import plugins
from rnnlab.cli.app import HELP, app
from rnnlab.config import vocabulary
from rnnlab.config.reference import tables
from rnnlab.config.starters import SCHEMA, schema_file
from tests import equations

ROOT = Path(__file__).parents[1]
CHAPTERS = sorted((ROOT / "rnnlab" / "manual").glob("*.md"))
DOCUMENTS = [ROOT / "README.md", *CHAPTERS]
GENERATED = re.compile(r"(^<!-- generated: ([^\n]+) -->\n)(.*?)(^<!-- /generated -->$)", re.MULTILINE | re.DOTALL)
BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Block:
    """A fenced block of a document, in its language ("" for none), with the text of a `text` block that follows."""

    document: str
    language: str
    text: str
    output: str | None = None


def blocks(*languages: str) -> list[Block]:
    """Every block of all documents in these languages."""
    found = []
    for document in DOCUMENTS:
        text = document.read_text(encoding="utf-8")
        for block in BLOCK.finditer(text):
            following = re.match(r"\s*```text\n(.*?)^```$", text[block.end() :], re.MULTILINE | re.DOTALL)
            if block[1] in languages:
                found.append(Block(document.name, block[1], block[2], following[1] if following else None))
    return found


def fresh(text: str) -> str:
    """The text of a document with its generated parts made anew.

    Raises
    ------
    KeyError
        If nothing makes a part that the document has.
    """
    return GENERATED.sub(lambda part: f"{part[1]}\n{_make(part[2]).strip()}\n\n{part[4]}", text)


def _make(part: str) -> str:
    word, _, argument = part.partition(" ")
    return {"keys": lambda _: tables(), "options": options, "lines": equations.table}[word](argument)


def options(name: str) -> str:
    """Usage, arguments and options of a command in Markdown, in the words of its help."""
    group: Any = typer.main.get_command(app)
    command = group.commands[name]
    context = typer.Context(command, info_name=f"rnnlab {name}", help_option_names=sorted(HELP))
    rows = []
    for parameter in command.get_params(context):
        if parameter.param_type_name == "argument":
            rows.append((parameter.metavar, parameter.help or ""))
        else:
            rows.append(parameter.get_help_record(context))
    lines = [f"`{' '.join(context.command.get_usage(context).split()[1:])}`", "", "| option | meaning |", "|---|---|"]
    for term, meaning in rows:
        cells = (f"`{term}`", " ".join(meaning.split()))
        lines.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    return "\n".join(lines)


def generated() -> dict[Path, str]:
    """Every file that is generated, whole or in part, as it must be."""
    files = {document: fresh(document.read_text(encoding="utf-8")) for document in DOCUMENTS}
    return files | {vocabulary.FILE: vocabulary.file_text(), ROOT / "configs" / SCHEMA: schema_file().decode("ascii")}


def stale() -> dict[Path, str]:
    """Those of them that are not as they must be."""
    return {path: text for path, text in generated().items() if path.read_text(encoding="utf-8") != text}


def main() -> None:
    """Rewrite what is stale."""
    if has_plugins():
        sys.exit("error: an installed package adds layers or tasks, which the manual must not have; uninstall it.")
    for path, text in stale().items():
        path.write_text(text, encoding="utf-8")
        print(f"{path.relative_to(ROOT)}: rewritten")


def has_plugins() -> bool:
    """Whether a package is installed that brings a layer or a task."""
    return any(plugins.points(group) for group in (plugins.LAYERS, plugins.TASKS))


if __name__ == "__main__":
    main()
