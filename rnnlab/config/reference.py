"""Every key of a config in Markdown tables, made from the schema: `python -m rnnlab.config.reference`."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from pydantic import BaseModel
from pydantic_core import PydanticUndefined

from rnnlab.config import schema_index
from rnnlab.config.old_names import renamed
from rnnlab.config.schema.experiment import Config
from rnnlab.config.schema_index import DISCRIMINATORS, SchemaKey
from rnnlab.errors import UsageError
from rnnlab.suggestions import nearest

# The parameters all start in one of the same ways: they share a table.
INIT = ("model", "init")
ANY_PARAMETER = "*"


@dataclass(frozen=True)
class Key:
    """One key as the reference tells it.

    Attributes
    ----------
    name : str
        Dotted, as for `--set`; `*` stands for any parameter of `model.init`.
    kinds : tuple of str
        The kinds (or tasks) of its section that have this key; empty where all have it.
    must, default, unit, meaning : str
        What the value must be; what it is where left out ("required" if it cannot be); what it counts ("" for
        nothing); what it is for.
    """

    name: str
    kinds: tuple[str, ...]
    must: str
    default: str
    unit: str
    meaning: str


def keys() -> list[Key]:
    """List every key once, section by section, in the order of the schema."""
    found: dict[str, list[tuple[str, SchemaKey]]] = {}
    for kind, entry in schema_index.every_key():
        found.setdefault(_name(entry), []).append((kind, entry))
    listed = [_key(name, places) for name, places in found.items()]
    sections = list(dict.fromkeys(_section(key) for key in listed))
    return sorted(listed, key=lambda key: sections.index(_section(key)))


def describe(name: str) -> list[Key]:
    """Look up one key by its dotted name, or all keys of a section.

    Raises
    ------
    UsageError
        If there is no such key; the message names the nearest.
    """
    wanted = _general(renamed(tuple(name.split("."))))
    known = keys()
    found = [key for key in known if key.name == wanted] + [key for key in known if _section(key) == wanted]
    if found:
        return found
    same_end = [key.name for key in known if key.name.rsplit(".", 1)[-1] == name.rsplit(".", 1)[-1]]
    meant = next(iter([*same_end, *nearest(name, [key.name for key in known], cutoff=0.5)]), None)
    raise UsageError(f"{name}: no such key" + (f"; did you mean {meant}?" if meant else "."))


def _general(path: tuple[str, ...]) -> str:
    if path[:2] == INIT and len(path) > 3 and path[2] != "forget_bias":
        path = (*INIT, ANY_PARAMETER, *path[3:])
    return ".".join(path)


def _name(entry: SchemaKey) -> str:
    return _general(entry.path)


def _section(key: Key) -> str:
    return key.name.rpartition(".")[0]


def _key(name: str, places: list[tuple[str, SchemaKey]]) -> Key:
    kinds = tuple(dict.fromkeys(kind for kind, _ in places))
    first = places[0][1]
    last = name.rpartition(".")[2]
    if last in DISCRIMINATORS:
        words = [str(entry.field.default) for _, entry in places]
        meanings = (f"`{entry.field.default}`: {entry.field.description}" for _, entry in places)
        meaning = "; ".join(dict.fromkeys(meanings))
        default = _implied_kind([entry for _, entry in places]) if last == "kind" else "required"
        return Key(name, (), f"one of {schema_index.listed(words)}", default, "", meaning)
    everywhere = len(kinds) == len(_kinds_beside(first)) or kinds == ("",)
    return Key(
        name,
        () if everywhere else _gathered(kinds),
        _by_kind([(kind, _must(entry)) for kind, entry in places]),
        _by_kind([(kind, _default(entry)) for kind, entry in places]),
        first.extra.get("unit", ""),
        _by_kind([(kind, entry.field.description or "") for kind, entry in places]),
    )


def _implied_kind(kinds: list[SchemaKey]) -> str:
    """What a section's kind is where the section is given without it."""
    sections = [schema_index.entry(entry.path[:-1], {}) for entry in kinds]
    implied = {section.implied_kind or "required" for section in sections if section}
    return implied.pop() if len(implied) == 1 else "kind of the parameter's default"


def _kinds_beside(entry: SchemaKey) -> set[str]:
    """The kinds of the section that a key is in."""
    return {kind for kind, other in schema_index.every_key() if other.path[:-1] == entry.path[:-1]}


def _by_kind(words: list[tuple[str, str]]) -> str:
    """Say once what is the same for all kinds, and for each what is not."""
    kinds: dict[str, list[str]] = {}
    for kind, word in dict.fromkeys(words):
        kinds.setdefault(word, []).append(kind)
    if len(kinds) == 1:
        return next(iter(kinds))
    return "; ".join(f"{word} ({', '.join(_gathered(of))})" for word, of in kinds.items())


def _gathered(kinds: Iterable[str]) -> tuple[str, ...]:
    """Say `synthetic` where all of its tasks are meant."""
    tasks = {kind[-1] for kind in schema_index.entries((), {})["data"].sections if len(kind) > 1}
    gathered = dict.fromkeys("synthetic" if tasks <= set(kinds) and kind in tasks else kind for kind in kinds)
    return tuple(gathered)


def _must(entry: SchemaKey) -> str:
    if entry.sections and "must" not in entry.extra:
        if entry.has_kinds:
            return "a kind, or a mapping of a kind and its keys"
        return "a mapping, or null" if entry.field.default is None else "a mapping"
    return schema_index.requirement(entry)


def _default(entry: SchemaKey) -> str:
    if "shown_default" in entry.extra:
        return str(entry.extra["shown_default"])
    default = entry.field.default
    if default is PydanticUndefined:
        return "required" if entry.field.is_required() else "defaults of its keys"
    if isinstance(default, BaseModel):
        return str(getattr(default, "kind", ""))
    if default is None:
        return "null"
    return str(default).lower() if isinstance(default, bool) else str(default)


def tables() -> str:
    """Write all keys as Markdown tables, one for each section."""
    parts = []
    for section, group in groupby(keys(), key=_section):
        title = f"`{section}`" if section else "Top level"
        rows = ["| key | for | must be | default | unit | meaning |", "|---|---|---|---|---|---|"]
        if not section:
            rows.append(
                "| `extends` |  | the path of another config | null |  | base config, overridden by this file |"
            )
        rows += [_row(key) for key in group]
        parts.append("\n".join([f"### {title}", "", *rows]))
    return "\n\n".join(parts) + "\n"


def _row(key: Key) -> str:
    name = key.name.rpartition(".")[2]
    cells = (f"`{name}`", ", ".join(key.kinds), key.must, key.default, key.unit, key.meaning)
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def json_schema() -> dict[str, Any]:
    """Write the JSON Schema of a config, for editors that check YAML while it is typed."""
    schema = _for_editors(Config.model_json_schema())
    schema["properties"]["extends"] = {
        "type": "string",
        "description": "base config, overridden by this file; a relative path starts at the folder of this file",
    }
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}


def _for_editors(part: Any) -> Any:
    """Leave out what only this package understands, and let a bare kind stand for its section."""
    if isinstance(part, list):
        return [_for_editors(item) for item in part]
    if not isinstance(part, dict):
        return part
    cleaned = {word: _for_editors(value) for word, value in part.items() if word not in ("must", "shown_default")}
    if ("example" in cleaned and not isinstance(cleaned["example"], dict | list)) or "description" in cleaned:
        example = cleaned.pop("example", None)
        if example is not None:
            cleaned["examples"] = [example]
    kinds = cleaned.get("discriminator", {})
    if isinstance(kinds, dict) and kinds.get("propertyName") == "kind" and "prices" not in kinds.get("mapping", {}):
        union = {"oneOf": cleaned.pop("oneOf"), "discriminator": cleaned.pop("discriminator")}
        cleaned["anyOf"] = [{"enum": list(kinds["mapping"])}, union]
    return cleaned


if __name__ == "__main__":
    print(tables(), end="")
