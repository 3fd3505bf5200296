"""Configs that a command is given."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from rnnlab.errors import ConfigError

if TYPE_CHECKING:
    from rnnlab.config import Config


def read_config(source: str, **changes: Any) -> "Config":
    """Load a config as `rnnlab.config.load` does; where a run keeps it, errors name the packages that it needs."""
    from rnnlab.config import load

    try:
        return load(source, **changes)
    except ConfigError as error:
        from rnnlab.experiments.needs import hint_for

        needed = hint_for(Path(source), error.problems)
        if needed is None:
            raise
        raise ConfigError(error.problems, hint=f"{needed}; or {error.hint}" if error.hint else needed) from error
