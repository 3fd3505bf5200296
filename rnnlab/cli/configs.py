"""Configs that a command is given."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rnnlab.display import console
from rnnlab.errors import ConfigError
from rnnlab.printable import shortened

if TYPE_CHECKING:
    from rnnlab.config import Config

CONFIG = "A YAML file, the name of a bundled config (such as stock), or - for standard input."


def read_config(source: str | os.PathLike[str], **changes: Any) -> "Config":
    """Load a config as `rnnlab.config.load` does; where a run keeps it, errors name the packages that it needs."""
    from rnnlab.config import load

    warn_of_namesake(source)
    try:
        return load(source, **changes)
    except ConfigError as error:
        from rnnlab.experiments.needs import hint_for

        needed = hint_for(Path(source), error.problems)
        if needed is None:
            raise
        raise ConfigError(error.problems, hint=f"{needed}; or {error.hint}" if error.hint else needed) from error


def warn_of_namesake(source: str | os.PathLike[str]) -> None:
    """Say so where a bundled config is taken and a file of that name, but for its suffix, is here and differs."""
    from rnnlab.config import bundled
    from rnnlab.config.sources import locate

    found = locate(source)
    file = Path(f"{os.fspath(source)}{bundled.SUFFIX}")
    if isinstance(source, str) and isinstance(found, bundled.Bundled) and file.is_file():
        if file.read_bytes() == found.path.read_bytes():
            return
        name = shortened(str(file))
        console.warning(f"{source} is the bundled config; the file {name} differs and is not read: name it {name}.")
