"""In which keys a config differs from the defaults."""

from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError
from pydantic_core import PydanticUndefined

from rnnlab.config import schema_index
from rnnlab.config.flat import Flat, flat
from rnnlab.config.schema.experiment import Config

APART = ("name", "seeds")  # every config has its own


def departures(values: Mapping[str, Any]) -> Flat:
    """The keys whose values are not the defaults, in the order of the config, but for its name and seeds.

    Parameters
    ----------
    values : mapping
        A complete config, as a run's config.yaml holds it.

    Returns
    -------
    dict of str to value
        By dotted key. A section stands with its kind where that is not the default one; defaults are those of the kinds
        that the config has. Where the defaults cannot be worked out, as without the package of a layer, every key that
        has a value.
    """
    given = flat(values)
    data, defaults = _defaults(values)
    found: Flat = {}
    for key, value in given.items():
        if key in APART or key.endswith(".kind") or value is None:
            continue
        if f"{key}.kind" in given or f"{key}.kind" in defaults:
            default = _kind(_entry(key, values))
        elif key in data and (entry := _entry(key, values)):
            default = entry.field.default
        else:
            default = defaults.get(key)
        if value != default:
            found[key] = value
    return found


def _defaults(values: Mapping[str, Any]) -> tuple[set[str], Flat]:
    """The keys of `data` that were given, and the config that they make with the defaults of everything else.

    Keys whose defaults depend on others are left out, where the data are whole without: a text is not.
    """
    data = values.get("data")
    entries = schema_index.entries(("data",), values)
    whole = dict(data) if isinstance(data, Mapping) else {}
    own = {key: one for key, one in whole.items() if key in entries and "shown_default" not in entries[key].extra}
    for given in (own, whole):
        try:
            config = Config.model_validate(_skeleton(values, ()) | {"data": given})
        except (ValidationError, TypeError, ValueError):
            continue
        return {f"data.{key}" for key in given}, flat(config.model_dump(mode="json"))
    return set(), {}


def _skeleton(values: Mapping[str, Any], path: tuple[str, ...]) -> dict[str, Any]:
    """A config of the same kinds, with nothing else but what has no default."""
    kept: dict[str, Any] = {}
    for key, entry in schema_index.entries(path, _whole(values, path)).items():
        value = values.get(key)
        if isinstance(value, Mapping):
            if inner := _skeleton(value, (*path, key)):
                kept[key] = inner
        elif value is not None and (key in schema_index.DISCRIMINATORS or entry.has_kinds or _is_required(entry)):
            kept[key] = value
    return kept


def _whole(values: Mapping[str, Any], path: tuple[str, ...]) -> Any:
    """The section at a path put back where it stands in a config."""
    whole: Any = dict(values)
    for part in reversed(path):
        whole = {part: whole}
    return whole


def _is_required(entry: schema_index.SchemaKey) -> bool:
    return entry.field.default is PydanticUndefined and entry.field.default_factory is None


def _entry(key: str, values: Mapping[str, Any]) -> schema_index.SchemaKey | None:
    return schema_index.entry(tuple(key.split(".")), values)


def _kind(entry: schema_index.SchemaKey | None) -> str | None:
    """The kind of a section that is left out."""
    if entry is None:
        return None
    default = entry.field.get_default(call_default_factory=True) if entry.field.default_factory else entry.field.default
    default = entry.short_form(default) if entry.short_form else default
    return default.get("kind") if isinstance(default, dict) else getattr(default, "kind", None)
