"""The config language: YAML in, a checked and complete `Config` out, and every problem shown at its location.

load        read a config, with overrides from the command line
dump        write a config as YAML that `load` reads back to an equal one
origins     where each value that was given comes from
describe    what a key means
json_schema the JSON Schema of a config, for editors
Config      the config itself; see `rnnlab.config.schema`
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rnnlab.config.loading import load, origins
    from rnnlab.config.reference import describe, json_schema
    from rnnlab.config.schema.experiment import Config
    from rnnlab.config.writer import dump

__all__ = ["Config", "describe", "dump", "json_schema", "load", "origins"]

_HOMES = {
    "Config": "schema.experiment",
    "describe": "reference",
    "dump": "writer",
    "json_schema": "reference",
    "load": "loading",
    "origins": "loading",
}


def __getattr__(name: str) -> Any:
    """Import a name when it is first used: a command that reads no config need not wait for pydantic."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
