"""Values from the command line: `--set KEY=VALUE`, `--seeds N|LIST`, `--name NAME`, put on top of a tree."""

from __future__ import annotations

from rnnlab.config.layers import set_at
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
    source, start = argument("--seeds", seeds), len("--seeds ")
    whole = Place(source, 0, start, start + max(len(seeds), 1))
    bare_list = "," in seeds and not seeds.lstrip().startswith("[")
    document = read(f"[{seeds}]" if bare_list else seeds, source, offset=start - bare_list, path=("seeds",))
    value = document.tree or Node(None, whole)
    value.place = value.key_place = whole
    assert tree.mapping is not None
    tree.mapping["seeds"] = value
    return document.problems


def apply_name(tree: Node, name: str) -> list[Problem]:
    """Carry out `--name NAME`; the name is a text, whatever it looks like."""
    source, start = argument("--name", name), len("--name ")
    place = Place(source, 0, start, max(len(source.lines[0]), start + 1))
    assert tree.mapping is not None
    tree.mapping["name"] = Node(name, place, place)
    return []


def _put(tree: Node, path: tuple[str, ...], text: str, source: Source, key: Place, offset: int) -> list[Problem]:
    document = read(text, source, offset=offset, path=path)
    if document.problems:
        return document.problems
    value = document.tree or Node(None, Place(source, 0, offset, offset + 1))
    value.key_place = key
    blocked = set_at(tree, path, value)
    if blocked is None:
        return []
    where, node = blocked
    message = f"{dotted(path)}: {dotted(where)} is {got(node)}, in which there is no {path[len(where)]}."
    return [Problem(message, (Mark(key), Mark(node.key_place or node.place, "here")))]
