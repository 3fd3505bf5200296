"""Values from the command line: `--set KEY=VALUE`, `--seeds N|LIST`, `--name NAME`, put on top of a tree."""

from __future__ import annotations

from rnnlab.config.layers import expanded, set_at
from rnnlab.config.places import Node, Place, Source
from rnnlab.config.problems import Mark, Problem, quoted
from rnnlab.config.reader import dotted, read
from rnnlab.config.sentences import got
from rnnlab.config.sources import argument


def apply_set(tree: Node, assignment: str) -> list[Problem]:
    """Carry out one `KEY=VALUE` on the tree, and return what is wrong with it."""
    source = argument("--set", assignment)
    key, equals, value = assignment.partition("=")
    path = tuple(key.strip().split("."))
    start = len("--set ")
    if not equals or not all(path):
        place = Place(source, 0, start, start + max(len(key), 1))
        what = "must have the form KEY=VALUE, such as --set model.hidden_size=32"
        return [Problem(f"{what}; got {quoted(assignment)}.", (Mark(place),))]
    return _put(tree, path, value, source, Place(source, 0, start, start + len(key)), start + len(key) + 1)


def apply_seeds(tree: Node, seeds: str) -> list[Problem]:
    """Carry out `--seeds N` (N models) or `--seeds A,B,...` (these seeds)."""
    source = argument("--seeds", seeds)
    start = len("--seeds ")
    listed = "," in seeds and not seeds.lstrip().startswith("[")
    text, offset = (f"[{seeds}]", start - 1) if listed else (seeds, start)
    return _put(tree, ("seeds",), text, source, Place(source, 0, start, start + max(len(seeds), 1)), offset)


def apply_name(tree: Node, name: str) -> list[Problem]:
    """Carry out `--name NAME`; the name is a text, whatever it looks like."""
    source = argument("--name", name)
    place = Place(source, 0, len("--name "), len(source.lines[0]) if len(source.lines) == 1 else len("--name ") + 1)
    assert tree.mapping is not None
    tree.mapping["name"] = Node(name, place, place)
    return []


def _put(tree: Node, path: tuple[str, ...], text: str, source: Source, key: Place, offset: int) -> list[Problem]:
    document = read(text, source, offset=offset, path=path)
    if document.problems:
        return document.problems
    value = document.tree
    if value is None:
        value = Node(None, Place(source, 0, offset, offset + 1))
    value.key_place = key
    blocked = set_at(tree, path, value)
    if blocked is None:
        return []
    node = expanded(blocked[1], blocked[0])
    message = f"{dotted(path)}: {dotted(blocked[0])} is {got(node)}, in which there is no {path[len(blocked[0])]}."
    return [Problem(message, (Mark(key), Mark(node.key_place or node.place, "here")))]
