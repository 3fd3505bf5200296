"""The config language: YAML in, a checked and complete `Config` out, and every problem shown at its location.

load        read a config, with overrides from the command line
dump        write a config as YAML that `load` reads back to an equal one
fingerprint the hash of what `dump` wrote
explain     what a key means, and where its value comes from
json_schema the JSON Schema of a config, for editors
Config      the config itself; see `rnnlab.config.schema`
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rnnlab.config.editor_schema import json_schema
    from rnnlab.config.explanation import explain
    from rnnlab.config.loading import load
    from rnnlab.config.schema.experiment import Config
    from rnnlab.config.writer import dump, fingerprint

__all__ = ["Config", "dump", "explain", "fingerprint", "json_schema", "load"]

_HOMES = {
    "Config": "schema.experiment",
    "dump": "writer",
    "explain": "explanation",
    "fingerprint": "writer",
    "json_schema": "editor_schema",
    "load": "loading",
}


def __getattr__(name: str) -> Any:
    """Import a name when it is first used: a command that reads no config need not wait for pydantic."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
