"""How a run begins: with an id that no other run has."""

import os
import re
import unicodedata
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from rnnlab.errors import RunWriteError
from rnnlab.files import make_folders, name_of
from rnnlab.runs.files import reason

ELSEWHERE = "Choose another runs folder, for example with the variable RNNLAB_RUNS."
_TRIES = 1000


def make_folder(runs_dir: Path, name: str, now: datetime, digits: Callable[[], str]) -> Path:
    """Claim an id: the mkdir that succeeds owns it, however many processes try in the same second."""
    if now.tzinfo is None:
        raise ValueError(f"The 'now' must have a time zone; got {now!r}.")
    label = label_of(name)
    second = now.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")
    try:
        make_folders(runs_dir)
        for _ in range(_TRIES):
            path = runs_dir / f"{second}-{label}-{digits()}"
            with suppress(FileExistsError):
                path.mkdir()
                return path
    except (OSError, ValueError) as error:
        why = reason(error) if isinstance(error, OSError) else "its name holds a null byte"
        raise RunWriteError(f"The runs folder '{name_of(runs_dir)}' cannot be used: {why}.", hint=ELSEWHERE) from error
    raise RunWriteError(f"The runs folder '{name_of(runs_dir)}' has no free id left for '{second}-{label}'.")


def label_of(name: str) -> str:
    """As much of a name as a folder may carry: its letters of any script, at most 60 and 180 bytes of them."""
    label = re.sub(r"[^\w.-]+", "-", unicodedata.normalize("NFC", name))
    try:
        os.fsencode(label)
    except UnicodeEncodeError:  # a file system of ASCII
        label = re.sub(r"[^A-Za-z0-9._-]+", "-", label)
    while len(os.fsencode(label := label.strip("-.")[:60])) > 180:
        label = label[:-1]
    return label or "run"
