"""What the schema knows about every key, looked up by path: sections, kinds, and what a value must be."""

import inspect
import types
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from annotated_types import Ge, Gt, Le, Lt
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from rnnlab.config.schema.experiment import Config
from rnnlab.config.schema.section import ShortForm

DISCRIMINATORS = ("kind", "task")


@dataclass(frozen=True)
class SchemaKey:
    """A key as the schema declares it, and the kinds of section that it may hold."""

    path: tuple[str, ...]
    field: FieldInfo

    @property
    def sections(self) -> dict[tuple[str, ...], type[BaseModel]]:
        """The sections that the key may hold, by kind (and task); by () where there is no choice."""
        return sections_of(self.field)

    @property
    def extra(self) -> dict[str, Any]:
        """What the schema says beyond pydantic: unit, must, shown_default, example."""
        extra = self.field.json_schema_extra
        return dict(extra) if isinstance(extra, dict) else {}

    @property
    def short_form(self) -> ShortForm | None:
        """What may stand for the section, where its kind may be written alone or left out."""
        metadata = [*self.field.metadata, *_metadata(self.field.annotation)]
        return next((one.func for one in metadata if isinstance(getattr(one, "func", None), ShortForm)), None)

    @property
    def implied_kind(self) -> str | None:
        """The kind of a mapping that names none."""
        return self.short_form.implied if self.short_form else None

    @property
    def has_kinds(self) -> bool:
        """Whether the key holds one of several kinds of section."""
        return () not in self.sections and bool(self.sections)


def sections_of(field: FieldInfo) -> dict[tuple[str, ...], type[BaseModel]]:
    """Collect the sections in the annotation of a field by kind."""
    models = [
        part for part in annotation_parts(field.annotation) if isinstance(part, type) and issubclass(part, BaseModel)
    ]
    kinds = {_kind_of(model): model for model in models}
    return kinds if len(models) > 1 or () in kinds else dict.fromkeys([()], models[0]) if models else {}


def annotation_parts(annotation: Any) -> Iterator[Any]:
    """Take unions and annotations apart."""
    if get_origin(annotation) is Annotated:
        yield from annotation_parts(get_args(annotation)[0])
    elif get_origin(annotation) in (Union, types.UnionType):
        for part in get_args(annotation):
            yield from annotation_parts(part)
    else:
        yield annotation


def parts_of(field: FieldInfo) -> list[Any]:
    """What a field may hold: the parts of its union, or its one type."""
    return list(annotation_parts(field.annotation))


def _metadata(annotation: Any) -> Iterator[Any]:
    """What stands beside the parts of an annotation."""
    if get_origin(annotation) is Annotated:
        yield from annotation.__metadata__
    for part in get_args(annotation):
        yield from _metadata(part)


def _kind_of(model: type[BaseModel]) -> tuple[str, ...]:
    fields = model.model_fields
    return tuple(get_args(fields[name].annotation)[0] for name in DISCRIMINATORS if name in fields)


def entries(path: tuple[str, ...], values: Any) -> dict[str, SchemaKey]:
    """List the keys that the section at `path` may have, judging by the kinds that `values` name so far.

    Empty where `path` is no section, or where its kind is not known.
    """
    section: type[BaseModel] = Config
    for depth, part in enumerate(path):
        field = section.model_fields.get(part)
        if field is None:
            return {}
        values = values.get(part) if isinstance(values, dict) else None
        chosen = _chosen(SchemaKey(path[: depth + 1], field), values)
        if chosen is None:
            return {}
        section = chosen
    return {k: SchemaKey((*path, k), f) for k, f in ordered_fields(section).items()}


def ordered_fields(section: type[BaseModel]) -> dict[str, FieldInfo]:
    """Order the keys of a section for people: its kind, what is its own, what it shares with other kinds."""
    fields, own = section.model_fields, inspect.get_annotations(section)
    named = [name for name in DISCRIMINATORS if name in fields]
    names = dict.fromkeys([*named, *(name for name in fields if name in own), *fields])
    return {name: fields[name] for name in names}


def _chosen(entry: SchemaKey, values: Any) -> type[BaseModel] | None:
    sections, form = entry.sections, entry.short_form
    if () in sections:
        return sections[()]
    values = form(values) if form else values
    given = values if isinstance(values, dict) else {}
    wanted = tuple(str(given[name]) for name in DISCRIMINATORS if name in given)
    return next((section for kind, section in sections.items() if kind == wanted[: len(kind)]), None)


def entry(path: tuple[str, ...], values: Any) -> SchemaKey | None:
    """Look up one key."""
    return entries(path[:-1], values).get(path[-1]) if path else None


@cache
def every_key() -> tuple[tuple[str, SchemaKey], ...]:
    """List all keys of all kinds, in the order of the schema, each with its section's kind (or "")."""
    return tuple(_walk(Config, (), ""))


def _walk(section: type[BaseModel], path: tuple[str, ...], kind: str) -> Iterator[tuple[str, SchemaKey]]:
    for name, field in ordered_fields(section).items():
        found = SchemaKey((*path, name), field)
        yield kind, found
        for inner_kind, inner in found.sections.items():
            yield from _walk(inner, found.path, inner_kind[-1] if inner_kind else kind)


def requirement(entry: SchemaKey) -> str:
    """Complete the sentence "KEY must be ..."."""
    if "must" in entry.extra:
        return str(entry.extra["must"])
    parts = list(annotation_parts(entry.field.annotation))
    phrase = _requirement_of(entry, [part for part in parts if part is not type(None)])
    return f"{phrase}, or null" if type(None) in parts else phrase


def _requirement_of(entry: SchemaKey, parts: list[Any]) -> str:
    example = entry.extra.get("example")
    if entry.has_kinds:
        kinds = listed(kind[0] for kind in entry.sections)
        mapping = f"a mapping such as {in_flow(example)}" if example else "a mapping with one of them as its kind"
        if all(len(model.model_fields) == len(kind) for kind, model in entry.sections.items()):
            return f"one of {kinds}"
        # Data have no kind that could do without keys.
        alone = entry.path != ("data",)
        return f"one of {kinds}, or {mapping}" if alone else f"{mapping} (kinds: {kinds})"
    if entry.sections:
        return f"a mapping such as {in_flow(example)}" if example else "a mapping of keys to values"
    part = parts[0]
    if get_origin(part) is Literal:
        words = [str(word) for word in get_args(part)]
        return words[0] if len(words) == 1 else f"one of {listed(words)}"
    names = {bool: "true or false", str: "a text", date: "a day written as YYYY-MM-DD"}
    if part in names:
        return names[part]
    return ("a whole number" if part is int else "a number") + _bounds(entry.field)


def _bounds(field: FieldInfo) -> str:
    words: list[str] = []
    for bound in field.metadata:
        if isinstance(bound, Lt) and bound.lt == 2**63:
            continue  # goes without saying, until a number is that large
        if isinstance(bound, Gt):
            words.append("above 0" if bound.gt == 0 else f"above {bound.gt}")
        elif isinstance(bound, Ge):
            words.append(f"of at least {bound.ge}")
        elif isinstance(bound, Lt):
            words.append(f"below {bound.lt}")
        elif isinstance(bound, Le):
            words.append(f"at most {bound.le}" if words else f"of at most {bound.le}")
    return " " + " and ".join(words) if words else ""


def in_flow(value: Any) -> str:
    """Write a value on one line, as it may stand in a config."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {in_flow(inner)}" for key, inner in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(in_flow, value)) + "]"
    return "null" if value is None else str(value).lower() if isinstance(value, bool) else str(value)


def listed(words: Any) -> str:
    """Join words for a sentence, each once."""
    return ", ".join(dict.fromkeys(words))
