"""Options that several commands have."""

from typing import Any

import typer

from rnnlab.errors import UsageError
from rnnlab.files import user_path
from rnnlab.printable import shortened


def runs_dir(meaning: str) -> Any:
    """`--runs-dir DIR`, else `RNNLAB_RUNS`."""
    return typer.Option(
        "--runs-dir", parser=user_path, metavar="DIR", envvar="RNNLAB_RUNS", show_envvar=True, help=meaning
    )


RUNS_TO = runs_dir("Where run folders go.")
RUNS_FROM = runs_dir("Where run folders are.")
SET = typer.Option("--set", metavar="KEY=VALUE", help="Set a key of the config; repeatable.")
SEEDS = typer.Option("--seeds", metavar="N|LIST", help="How many models to train; or their seeds: 3,7,11.")
YES = typer.Option("--yes", help="Do not ask.")
JSON = typer.Option("--json", help="Standard output is one JSON document.")
RECORD_JSON = typer.Option("--json", help="Standard output is one JSON document: the record of the run.")
QUIET = typer.Option("--quiet", help="Print one line, the run folder.")
DATE_FORMAT = typer.Option(
    "--date-format", metavar="FORMAT", help="Dates of the file: DD/MM/YYYY, MM/DD/YYYY, %d.%m.%y."
)
DECIMAL = typer.Option(
    "--decimal",
    metavar="MARK",
    autocompletion=lambda: ("point", "comma"),
    help="Decimal mark of the file: point or comma.",
)
RUN = typer.Argument(metavar="RUN", help="A path, an id, the beginning of one, a name, or latest.")


def whole(text: str) -> int:
    """A whole number of at least 1, read without pydantic."""
    if not text.isdecimal() or int(text) < 1:
        raise UsageError(f"a whole number of at least 1 is needed; got {shortened(text)!r}.")
    return int(text)
