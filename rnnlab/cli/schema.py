"""`rnnlab schema`: the JSON Schema of a config, for editors."""

import typer

import rnnlab
from rnnlab.cli.help import Command
from rnnlab.display import console

EXAMPLES = """\b
Examples:
  rnnlab schema > rnnlab.schema.json

A config whose first line names that file is checked as it is typed,
in editors with a YAML language server:
  # yaml-language-server: $schema=rnnlab.schema.json"""


def register(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command("schema", cls=Command, epilog=EXAMPLES)(schema)


def schema() -> int:
    """Print the JSON Schema of a config, with the keys of installed packages, for editors."""
    console.document(rnnlab.schema(), versioned=False)
    console.next_step("rnnlab schema > rnnlab.schema.json", "keep it for your editor")
    return 0
