"""One config over another: what a file that `extends` another, or the command line, changes in a tree."""

from __future__ import annotations

from collections.abc import Iterable

from rnnlab.config import schema_index
from rnnlab.config.locations import Node
from rnnlab.config.schema.initial_weights import InitialWeights

Path = tuple[str, ...]

# Keys of which only one can be given: the upper layer's choice replaces the lower one's.
ALTERNATIVES = (
    (("training",), ("epochs", "updates")),
    (("data",), ("text", "path")),
    *((("model", "init", name), ("rho", "std")) for name in InitialWeights.model_fields),
)


def overlay(lower: Node, upper: Node, path: Path = ()) -> Node:
    """Put `upper` over `lower`: mappings are merged key by key, everything else is replaced.

    A mapping that names another `kind` than the one below, named or implied, replaces it whole: its keys mean something
    else.
    """
    lower, upper = expanded(lower, path), upper if upper.mapping is not None else expanded(upper, path)
    if lower.mapping is None or upper.mapping is None or _another_kind(lower, upper, path):
        return upper
    merged = Node(None, upper.location, upper.key_location or lower.key_location, children=dict(lower.mapping))
    assert merged.mapping is not None
    for key, child in upper.mapping.items():
        below = lower.mapping.get(key)
        _drop_alternatives(merged, path, key, child, keep=upper.mapping)
        merged.mapping[key] = child if below is None else overlay(below, child, (*path, key))
    return merged


def set_at(tree: Node, path: Path, value: Node) -> tuple[Path, Node] | None:
    """Set one value in the tree, making sections on the way; null takes a key out that is there.

    Returns
    -------
    (path, node) or None
        What stands in the way, where something does: a value that can have nothing in it.
    """
    node = tree
    for depth, part in enumerate(path[:-1]):
        here = path[: depth + 1]
        child = _child(node, part)
        if child is None and node.mapping is not None:
            child = Node(None, value.location, value.key_location, children={})
        if child is None:
            return path[:depth], node
        child = expanded(child, here)
        if is_null(child):
            child = Node(None, value.location, value.key_location, children={})
        _put_child(node, part, child)
        node = child
    if node.mapping is not None:
        if is_null(value) and node.mapping.pop(path[-1], None) is not None:
            return None
        _drop_alternatives(node, path[:-1], path[-1], value)
    elif _child(node, path[-1]) is None:
        return path[:-1], node
    _put_child(node, path[-1], value)
    return None


def expanded(node: Node, path: Path) -> Node:
    """Write `optimizer: adam` out as `optimizer: {kind: adam}`, where the schema reads it so."""
    known = schema_index.entry(path, {}) if node.children is None else None
    written = known.short_form(node.value) if known and known.short_form else None
    if not isinstance(written, dict):
        return node
    # Where a number stands for a kind with its value, the kind is written nowhere: it is shown at the number.
    children = {key: Node(value, node.location, node.key_location, raw=node.raw) for key, value in written.items()}
    return Node(None, node.location, node.key_location, children=children)


def is_null(node: Node) -> bool:
    """Whether a key was given nothing."""
    return node.children is None and node.value is None


def _another_kind(lower: Node, upper: Node, path: Path) -> bool:
    assert lower.mapping is not None
    assert upper.mapping is not None
    known = schema_index.entry(path, {})
    implied = known.implied_kind if known else None
    for word in schema_index.DISCRIMINATORS:
        below, above = lower.mapping.get(word), upper.mapping.get(word)
        if above is not None and above.value != (below.value if below else implied):
            return True
    return False


def rivals(path: Path) -> list[str]:
    """The keys of the same section that cannot stand beside this one."""
    here = [names for where, names in ALTERNATIVES if where == path[:-1] and path[-1] in names]
    return [name for names in here for name in names if name != path[-1]]


def _drop_alternatives(section: Node, path: Path, key: str, value: Node, keep: Iterable[str] = ()) -> None:
    """Take out of a section what cannot stand beside the value that is about to be put in."""
    assert section.mapping is not None
    if is_null(value):
        return
    for other in rivals((*path, key)):
        if other not in keep:
            section.mapping.pop(other, None)


def _child(node: Node, part: str) -> Node | None:
    if node.mapping is not None:
        return node.mapping.get(part)
    if isinstance(node.children, list) and part.isdecimal() and int(part) < len(node.children):
        return node.children[int(part)]
    return None


def _put_child(node: Node, part: str, child: Node) -> None:
    if isinstance(node.children, dict):
        node.children[part] = child
    elif isinstance(node.children, list):
        node.children[int(part)] = child
