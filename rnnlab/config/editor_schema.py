"""The JSON Schema of a config, for editors that check YAML while it is typed.

It accepts what `load` accepts, short forms included, and refuses what is wrong with a config's shape: unknown keys,
values of another type or out of range, kinds without the keys that they need. What contradicts other keys or the data
only `load` can say; and 16.0 is a whole number to JSON Schema.
"""

from __future__ import annotations

import re
from functools import reduce
from typing import Any

from pydantic import BaseModel

from rnnlab.config import schema_index
from rnnlab.config.old_names import NEW
from rnnlab.config.schema.experiment import Config
from rnnlab.config.schema_index import DISCRIMINATORS, SchemaKey

DIALECT = "https://json-schema.org/draft/2020-12/schema"
EXTENDS = {
    "type": "string",
    "minLength": 1,
    "description": "another config, whose values come first: a path relative to this file's folder, or the name of a "
    "bundled config",
}
OURS = ("must", "shown_default", "example", "title")  # what only this package understands
Schema = dict[str, Any]


def json_schema() -> Schema:
    """Write the JSON Schema (2020-12) of a config, with the sections of installed packages.

    A config that extends another may leave out what that one says, so there are two schemas in one.
    """
    whole, part = _Writer(partial=False), _Writer(partial=True)
    complete, extending = whole.config(), part.config()
    return {
        "$schema": DIALECT,
        "title": "rnnlab config",
        "type": "object",
        "if": {"required": ["extends"]},
        "then": extending,
        "else": complete,
        "$defs": whole.defs | part.defs,
    }


class _Writer:
    """Writes sections as definitions, each once.

    Parameters
    ----------
    partial : bool
        Whether keys that must be there may be in a config that is extended.
    """

    def __init__(self, *, partial: bool) -> None:
        self.partial = partial
        self.defs: dict[str, Schema] = {}
        self._names: dict[type[BaseModel], str] = {}

    def config(self) -> Schema:
        """The whole config."""
        content = self._section(Config, ())
        content["properties"]["extends"] = EXTENDS
        return content if self.partial else content | {"required": ["data"]}

    def _section(self, section: type[BaseModel], path: tuple[str, ...]) -> Schema:
        leaves = section.model_json_schema()["properties"]
        fields = schema_index.ordered_fields(section)
        properties = {name: self._key(SchemaKey((*path, name), field), leaves[name]) for name, field in fields.items()}
        content: Schema = {"type": "object", "additionalProperties": False, "properties": properties}
        if section.__doc__:
            content["description"] = section.__doc__.partition("\n")[0]
        for old, new in NEW.items():
            if old[:-1] == path and new[0] in properties:
                today = reduce(self._inside, new[1:], properties[new[0]])
                properties[old[-1]] = today | {"deprecated": True, "description": f"now {'.'.join(new)}"}
                content.setdefault("allOf", []).append({"not": {"required": [old[-1], new[0]]}})
        return content

    def _inside(self, section: Schema, name: str) -> Schema:
        """A key of a section that is defined by a reference."""
        return self.defs[section["$ref"].rpartition("/")[2]]["properties"][name]

    def _key(self, key: SchemaKey, leaf: Schema) -> Schema:
        """One key: a value as pydantic describes it, or one of the sections that it may hold."""
        about = {word: leaf[word] for word in ("description", "unit") if word in leaf}
        if "default" in leaf and "shown_default" not in leaf:
            about["default"] = leaf["default"]
        if "example" in leaf:
            about["examples"] = [leaf["example"]]
        if not key.sections:
            return _cleaned(leaf) | about
        nullable = [{"type": "null"}] if type(None) in schema_index.parts_of(key.field) else []
        branches = [*self._short_forms(key), *(self._branch(key, kind) for kind in key.sections), *nullable]
        return (branches[0] if len(branches) == 1 else {"anyOf": branches}) | about

    def _short_forms(self, key: SchemaKey) -> list[Schema]:
        """A kind by its name alone, where it needs no keys; a number where it stands for a kind."""
        form = key.short_form
        if form is None:
            return []
        alone = [
            {"const": kind[-1], "description": section.model_fields["kind"].description}
            for kind, section in key.sections.items()
            if self.partial or not _needed(section)
        ]
        return [*alone, *([{"type": "number"}] if form.number else [])]

    def _branch(self, key: SchemaKey, kind: tuple[str, ...]) -> Schema:
        """A mapping of one kind."""
        section = key.sections[kind]
        branch = {"$ref": f"#/$defs/{self._name(section, key.path)}"}
        named = [] if key.implied_kind in kind else list(DISCRIMINATORS[: len(kind)])
        required = [] if self.partial else [*named, *_needed(section)]
        return branch | ({"required": required} if required else {})

    def _name(self, section: type[BaseModel], path: tuple[str, ...]) -> str:
        """The name of a section's definition, which is written when it is first asked for."""
        if section not in self._names:
            name = section.__name__ + ("Part" if self.partial else "")
            while name in self.defs:  # of two packages
                name += "_"
            self._names[section] = name
            self.defs[name] = {}
            self.defs[name] = self._section(section, path)
        return self._names[section]


def _needed(section: type[BaseModel]) -> list[str]:
    return [name for name, field in section.model_fields.items() if field.is_required()]


def _cleaned(part: Any) -> Any:
    """What pydantic says, without what only this package understands, in words that every validator has."""
    if isinstance(part, list):
        return [_cleaned(item) for item in part]
    if not isinstance(part, dict):
        return part
    cleaned = {word: _cleaned(value) for word, value in part.items() if word not in (*OURS, "default")}
    if "pattern" in cleaned:
        cleaned["pattern"] = re.sub(r"^\\A", "^", re.sub(r"\\z$", "$", cleaned["pattern"]))
    if cleaned.get("format") == "date":
        cleaned["pattern"] = "^[0-9]{4}-[0-9]{2}-[0-9]{2}$"
    return cleaned
