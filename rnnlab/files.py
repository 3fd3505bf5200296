"""Paths as users write them, and as messages show them."""

import os
from pathlib import Path

from rnnlab.printable import on_one_line


def user_path(text: str | os.PathLike[str]) -> Path:
    """A path with ``~`` or ``~name`` at its start replaced by that home folder, as a shell does out of quotes."""
    return Path(os.path.expanduser(text))


def name_of(path: Path) -> str:
    """How messages name a path: on one line, cut short, control codes escaped."""
    text = on_one_line(str(path))
    return text if len(text) <= 200 else text[:199] + "…"
