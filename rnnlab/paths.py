"""Paths as users write them."""

import os
from pathlib import Path


def user_path(text: str | os.PathLike[str]) -> Path:
    """Make a path of what a user wrote: `~` is their home folder, also where no shell has put it in."""
    return Path(os.path.expanduser(text))
