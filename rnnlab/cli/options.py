"""Options that several commands have."""

from typing import Any

import typer

from rnnlab.files import user_path


def runs_dir(meaning: str) -> Any:
    """`--runs-dir DIR`, else `RNNLAB_RUNS`."""
    return typer.Option(
        "--runs-dir", parser=user_path, metavar="DIR", envvar="RNNLAB_RUNS", show_envvar=True, help=meaning
    )


RUNS_TO = runs_dir("Where run folders go.")
RUNS_FROM = runs_dir("Where run folders are.")
