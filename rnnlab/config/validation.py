"""A tree of values to a `Config`, or every problem of it: pydantic finds them, this module says them."""

from __future__ import annotations

import copy
from dataclasses import dataclass, replace
from functools import reduce
from operator import getitem
from typing import Any

from pydantic import BaseModel, ValidationError

from rnnlab.config import schema_index
from rnnlab.config.diagnostics import Diagnostic, Mark
from rnnlab.config.locations import Location, Node, find
from rnnlab.config.messages import nearest_key, say_kind, say_missing, say_unknown, say_value
from rnnlab.config.schema.experiment import Config

Path = tuple[str, ...]


@dataclass
class Finding:
    """A problem of one key: where it is, and whether its key may be dropped to look at the rest."""

    path: Path
    problem: Diagnostic
    missing: bool = False
    meant: Path | None = None


def validate(tree: Node) -> tuple[Config | None, list[Diagnostic]]:
    """Check the whole tree.

    Where single keys are wrong, they are set aside and the rest is checked for contradictions too, so that
    the user sees all problems at once.

    Returns
    -------
    (config, problems)
        The config where there are no problems, else None.
    """
    values = tree.plain()
    try:
        return Config.model_validate(values), []
    except ValidationError as error:
        findings = _findings(error, tree, values)
    meant = {finding.meant for finding in findings if finding.meant}
    # A key that is missing because it is misspelt is one problem, not two.
    problems = [finding.problem for finding in findings if not (finding.missing and finding.path in meant)]
    set_aside = [finding.path for finding in findings if finding.path]
    if set_aside:
        problems += _contradictions_beside(set_aside, tree, values)
    return None, problems


def keys_to_leave_out(tree: Node, problems: list[Diagnostic]) -> list[str]:
    """The keys in the way of arguments, where nothing is wrong any more once they are taken out; else none.

    Parameters
    ----------
    tree : Node
    problems : list of Diagnostic
        All that is wrong with it.
    """
    values, keys = tree.plain(), list(dict.fromkeys(key for problem in problems for key in problem.in_the_way))
    for key in keys:
        *section, last = key.split(".")
        reduce(getitem, section, values).pop(last, None)
    try:
        Config.model_validate(values)
    except ValidationError:
        return []
    return keys


def _findings(error: ValidationError, tree: Node, values: Any) -> list[Finding]:
    found: list[Finding] = []
    for item in error.errors(include_url=False):
        if item["type"] == "conflicts":
            conflicts = item.get("ctx", {})["conflicts"]
            found += [Finding((), _conflict(conflict, tree, values)) for conflict in conflicts]
        else:
            found.append(_finding(item, tree, values))
    return found


def _conflict(conflict: Any, tree: Node, values: Any) -> Diagnostic:
    found = {name: find(tree, tuple(name.split("."))) for name in conflict.keys}
    nodes = {name: node for name, node in found.items() if node is not None}
    locations = dict.fromkeys(node.key_location or node.location for node in nodes.values())
    return Diagnostic(conflict.message, tuple(map(Mark, locations)), in_the_way=_in_the_way(nodes, values))


def _in_the_way(nodes: dict[str, Node], values: Any) -> tuple[str, ...]:
    """Which of contradicting keys come from a file and can be left out, where another comes from an argument."""
    files = [name for name, node in nodes.items() if node.location.source.numbered]
    return tuple(name for name in files if _optional(name, values)) if len(files) < len(nodes) else ()


def _optional(name: str, values: Any) -> bool:
    *section, last = name.split(".")
    known = schema_index.entry((*section, last), values)
    return known is not None and last not in schema_index.DISCRIMINATORS and not known.field.is_required()


def _finding(item: Any, tree: Node, values: Any) -> Finding:
    """Say one of pydantic's findings in our words."""
    kind, path = item["type"], _path_of(item["loc"])
    if kind == "extra_forbidden":
        node = find(tree, path)
        location = (node.key_location or node.location) if node else None
        near = nearest_key(path[-1], list(schema_index.entries(path[:-1], values)))
        meant = (*path[:-1], near) if near else None
        problem = _problem(say_unknown(path, values, node), location, tree)
        named = _kind_argument(path, location, tree)
        left_out = (".".join(path),) if named and location and location.source.numbered else ()
        problem = replace(problem, marks=(*problem.marks, *named), in_the_way=left_out)
        return Finding(path, problem, meant=meant)
    if kind == "missing":
        return Finding(path, _problem(say_missing(path, values), _nearest(tree, path[:-1]), tree), missing=True)
    if kind in ("union_tag_invalid", "union_tag_not_found"):
        word = item["ctx"]["discriminator"].strip("'")
        node = find(tree, (*path, word))
        if kind == "union_tag_not_found" and node is None and _is_mapping(tree, path):
            return Finding(path, _problem(say_kind(path, word, None, values), _nearest(tree, path), tree))
        named = node or find(tree, path)
        return Finding(path, _problem(say_kind(path, word, named, values), named.location if named else None, tree))
    node = find(tree, path)
    must = item.get("ctx", {}).get("must") if kind == "must_be" else None
    said = say_value(path, node, values, must=must)
    return Finding(path, _problem(said, node.location if node else None, tree))


def _kind_argument(path: Path, location: Location | None, tree: Node) -> list[Mark]:
    """The argument that named the kind of the section, where the key that it does not have comes from elsewhere."""
    for word in schema_index.DISCRIMINATORS:
        kind = find(tree, (*path[:-1], word))
        named = (kind.key_location or kind.location) if kind else None
        if location and named and not named.source.numbered and named.source is not location.source:
            return [Mark(named, f"the {word}")]
    return []


def _is_mapping(tree: Node, path: Path) -> bool:
    node = find(tree, path)
    return node is not None and node.mapping is not None


def _problem(message: str, location: Location | None, tree: Node) -> Diagnostic:
    return Diagnostic(message, (Mark(location),)) if location else Diagnostic(message, source=tree.location.source)


def _nearest(tree: Node, path: Path) -> Location | None:
    """The key of the section in which something is missing; None for the whole config."""
    while path:
        node = find(tree, path)
        if node is not None:
            return node.key_location or node.location
        path = path[:-1]
    return None


def _path_of(location: tuple[int | str, ...]) -> Path:
    """Turn pydantic's location into a path of keys: it puts the kinds that it chose between the keys."""
    path: list[str] = []
    section: type[BaseModel] | None = Config
    sections: dict[Path, type[BaseModel]] = {}
    chosen: Path = ()
    for part in location:
        narrowed = {kind: model for kind, model in sections.items() if kind[: len(chosen) + 1] == (*chosen, part)}
        if section is None and narrowed:
            chosen = (*chosen, str(part))
            section = narrowed.get(chosen)
            continue
        path.append(str(part))
        field = section.model_fields.get(str(part)) if section is not None else None
        sections = schema_index.sections_of(field) if field else {}
        section, chosen = sections.get(()), ()
    return tuple(path)


def _contradictions_beside(set_aside: list[Path], tree: Node, values: Any) -> list[Diagnostic]:
    """Check what is left when the keys at fault are left out, for contradictions between the others."""
    rest = copy.deepcopy(values)
    for path in set_aside:
        _leave_out(rest, path)
    return [_conflict(found, tree, rest) for found in _conflicts(rest) if not _touches(found.keys, set_aside)]


def _conflicts(values: Any) -> list[Any]:
    """The contradictions between keys that are all right by themselves."""
    try:
        Config.model_validate(values)
    except ValidationError as error:
        items = [item for item in error.errors(include_url=False) if item["type"] == "conflicts"]
        return [conflict for item in items for conflict in item.get("ctx", {})["conflicts"]]
    return []


def _leave_out(values: Any, path: Path) -> None:
    """Drop a key, or put its example in its place where there must be one."""
    known = schema_index.entry(path, values)
    for part in path[:-1]:
        values = values.get(part) if isinstance(values, dict) else None
    if not isinstance(values, dict):
        return
    values.pop(path[-1], None)
    if known is not None and "example" in known.extra:
        values[path[-1]] = known.extra["example"]


def _touches(keys: tuple[str, ...], set_aside: list[Path]) -> bool:
    paths = [tuple(key.split(".")) for key in keys]
    return any(path[: len(bad)] == bad or bad[: len(path)] == path for path in paths for bad in set_aside)
