"""Paths as users write them, and as messages show them."""

import os
from pathlib import Path

from rnnlab.printable import shortened


def user_path(text: str | os.PathLike[str]) -> Path:
    """A path with ``~`` or ``~name`` at its start replaced by that home folder, as a shell does out of quotes."""
    return Path(os.path.expanduser(text))


def name_of(path: Path) -> str:
    """How messages name a path: on one line, cut short, control codes escaped."""
    return shortened(str(path), 200)
