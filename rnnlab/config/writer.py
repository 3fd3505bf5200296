"""A config to YAML: every key in the order of the schema, numbers to the last bit; and the hash of that text."""

import hashlib
from datetime import date
from io import StringIO
from typing import Any

from pydantic import BaseModel
from yaml.emitter import Emitter
from yaml.representer import SafeRepresenter
from yaml.serializer import Serializer

from rnnlab.config.scalars import TAG, CoreResolver
from rnnlab.config.schema.experiment import Config
from rnnlab.config.schema_index import ordered_fields

HEADER = "# A complete config, defaults included: `rnnlab train` on this file repeats the run.\n"
# Keys that change no number of the results: data are known by their own hash.
BOOKKEEPING = {"": ("name",), "data": ("path", "sha256"), "training": ("checkpoint",)}


class _Flow(dict):
    """A mapping to be written on one line."""


class _Dumper(Emitter, Serializer, SafeRepresenter, CoreResolver):
    """PyYAML's writer, which quotes what YAML 1.2 would take for something other than a text."""

    def __init__(self, stream: Any) -> None:
        Emitter.__init__(self, stream, width=2**20, allow_unicode=True)
        Serializer.__init__(self)
        SafeRepresenter.__init__(self, default_flow_style=False, sort_keys=False)
        CoreResolver.__init__(self)

    def ignore_aliases(self, _data: Any) -> bool:
        """Write values out wherever they stand, never as an alias."""
        return True


def _flow_mapping(dumper: Any, data: Any) -> Any:
    return dumper.represent_mapping(TAG + "map", data.items(), flow_style=True)


def _flow_list(dumper: Any, data: Any) -> Any:
    return dumper.represent_sequence(TAG + "seq", data, flow_style=True)


def _number(dumper: Any, data: float) -> Any:
    return dumper.represent_scalar(TAG + "float", repr(data))


def _text(dumper: Any, data: str) -> Any:
    # Only within double quotes does YAML keep every line break as it is.
    return dumper.represent_scalar(TAG + "str", data, style=None if data.isprintable() else '"')


_Dumper.add_representer(str, _text)
_Dumper.add_representer(_Flow, _flow_mapping)
_Dumper.add_representer(list, _flow_list)
_Dumper.add_representer(float, _number)


def dump(config: Config) -> str:
    """Write a config as YAML with every key, such that `load` gives an equal config.

    Paths are absolute, as `load` leaves them, so that the file may lie anywhere.
    """
    values = _section(config)
    if config.seeds == list(range(len(config.seeds))):
        values["seeds"] = len(config.seeds)
    stream = StringIO()
    dumper = _Dumper(stream)
    dumper.open()
    dumper.represent(values)
    dumper.close()
    return HEADER + stream.getvalue()


def fingerprint(text: str) -> str:
    """The sha256 of what `dump` wrote, without comments and the keys of `BOOKKEEPING`.

    It is taken of the text as it is, so that a later version, whose configs have further keys, finds the same.
    """
    section, kept = "", []
    for line in text.split("\n"):
        key = line.partition(":")[0]
        if not line.startswith(" "):
            section = key
        is_top = key in BOOKKEEPING[""]
        is_inner = line.startswith("  ") and key[2:] in BOOKKEEPING.get(section, ())
        if not (is_top or is_inner or line.startswith("#")):
            kept.append(line)
    return hashlib.sha256("\n".join(kept).encode("utf-8", "surrogatepass")).hexdigest()


def _section(section: BaseModel) -> dict[str, Any]:
    return {name: _value(getattr(section, name), name) for name in ordered_fields(type(section))}


def _value(value: Any, name: str) -> Any:
    if isinstance(value, BaseModel):
        inner = _section(value)
        if name == "cell" and len(inner) == 1:
            return inner["kind"]
        flat = name not in ("data", "model", "training", "init")
        return _Flow(inner) if flat else inner
    if isinstance(value, date):
        return value.isoformat()
    return list(value) if isinstance(value, tuple) else value
