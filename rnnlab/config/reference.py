"""Every key of a config in Markdown tables, made from the schema."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache
from itertools import groupby

from pydantic import BaseModel
from pydantic_core import PydanticUndefined

from rnnlab.config import schema_index
from rnnlab.config.schema_index import DISCRIMINATORS, SchemaKey

# The parameters all start in one of the same ways: they share a table.
INIT = ("model", "init")
ANY_PARAMETER = "*"
Place = tuple[str, SchemaKey]  # a key with the kind of the section that has it, "" where there is no choice
Fact = tuple[str, tuple[str, ...]]  # what is so, and for which kinds


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
    found: dict[str, list[Place]] = {}
    for kind, entry in schema_index.every_key():
        found.setdefault(_name(entry), []).append((kind, entry))
    listed = [_key(name, places) for name, places in found.items()]
    sections = list(dict.fromkeys(_section(key) for key in listed))
    return sorted(listed, key=lambda key: sections.index(_section(key)))


def general(path: tuple[str, ...]) -> str:
    """The dotted name of a path, with `*` for the parameter where all have the key."""
    if path[:2] == INIT and len(path) > 3 and path[2] != "forget_bias":
        path = (*INIT, ANY_PARAMETER, *path[3:])
    return ".".join(path)


def _name(entry: SchemaKey) -> str:
    return general(entry.path)


def _section(key: Key) -> str:
    return key.name.rpartition(".")[0]


def _key(name: str, places: list[Place]) -> Key:
    first = places[0][1]
    last = name.rpartition(".")[2]
    if last in DISCRIMINATORS:
        words = [str(entry.field.default) for _, entry in places]
        meanings = (f"`{entry.field.default}`: {entry.field.description}" for _, entry in places)
        meaning = "; ".join(dict.fromkeys(meanings))
        default = implied_kind([entry for _, entry in places]) if last == "kind" else "required"
        return Key(name, (), f"one of {schema_index.listed(words)}", default, "", meaning)
    return Key(
        name,
        having(places),
        _by_kind(facts(places, must_of)),
        _by_kind(facts(places, default_of)),
        first.extra.get("unit", ""),
        _by_kind(facts(places, meaning_of)),
    )


def implied_kind(kinds: list[SchemaKey]) -> str:
    """What a section's kind is where the section is given without it."""
    sections = [schema_index.entry(entry.path[:-1], {}) for entry in kinds]
    implied = {section.implied_kind or "required" for section in sections if section}
    return implied.pop() if len(implied) == 1 else "kind of the parameter's default"


def having(places: list[Place]) -> tuple[str, ...]:
    """The kinds of its section that have a key; () where all have it."""
    kinds = tuple(dict.fromkeys(kind for kind, _ in places))
    everywhere = len(kinds) == len(_kinds_of()[places[0][1].path[:-1]]) or kinds == ("",)
    return () if everywhere else _gathered(kinds)


@cache
def _kinds_of() -> dict[tuple[str, ...], set[str]]:
    """The kinds of every section."""
    found: dict[tuple[str, ...], set[str]] = {}
    for kind, entry in schema_index.every_key():
        found.setdefault(entry.path[:-1], set()).add(kind)
    return found


def facts(places: list[Place], say: Callable[[SchemaKey], str]) -> tuple[Fact, ...]:
    """What is so of a key, each with the kinds for which it is; with () where it is the same for all."""
    kinds: dict[str, list[str]] = {}
    for kind, word in dict.fromkeys((kind, say(entry)) for kind, entry in places):
        kinds.setdefault(word, []).append(kind)
    if len(kinds) == 1:
        return ((next(iter(kinds)), ()),)
    return tuple((word, _gathered(of)) for word, of in kinds.items())


def _by_kind(words: tuple[Fact, ...]) -> str:
    """Say once what is the same for all kinds, and for each what is not."""
    return "; ".join(f"{word} ({', '.join(kinds)})" if kinds else word for word, kinds in words)


def _gathered(kinds: Iterable[str]) -> tuple[str, ...]:
    """Say `synthetic` where all of its tasks are meant."""
    tasks = _tasks()
    return tuple(dict.fromkeys("synthetic" if tasks <= set(kinds) and kind in tasks else kind for kind in kinds))


@cache
def _tasks() -> set[str]:
    """The tasks of kinds that have several."""
    return {kind[-1] for kind in schema_index.entries((), {})["data"].sections if len(kind) > 1}


def meaning_of(entry: SchemaKey) -> str:
    """What a key is for."""
    return entry.field.description or ""


def must_of(entry: SchemaKey) -> str:
    """What the value of a key must be."""
    if entry.sections and "must" not in entry.extra:
        if entry.has_kinds:
            return "a kind, or a mapping of a kind and its keys"
        return "a mapping, or null" if entry.field.default is None else "a mapping"
    return schema_index.requirement(entry)


def default_of(entry: SchemaKey) -> str:
    """What a key is where it is left out."""
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
