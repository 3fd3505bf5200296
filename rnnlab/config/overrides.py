"""Values from the command line: `--set KEY=VALUE`, `--seeds N|LIST`, `--name NAME`, put on top of a tree."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rnnlab.config.diagnostics import Diagnostic, Mark, quoted
from rnnlab.config.locations import Location, Node, find
from rnnlab.config.merge import expanded, is_null, rivals, set_at
from rnnlab.config.messages import got
from rnnlab.config.old_names import rename, renamed
from rnnlab.config.reader import DEEPEST, dotted, read
from rnnlab.config.sources import argument

Path = tuple[str, ...]


@dataclass(frozen=True)
class Assignment:
    """One `KEY=VALUE` that could be read."""

    path: Path
    value: Node
    key: Location


def apply_sets(tree: Node, assignments: Sequence[str]) -> list[Diagnostic]:
    """Carry out every `KEY=VALUE` on the tree, and return what is wrong with them.

    Of two values for the same key the later one wins. A section that is set as a whole keeps what was set inside it
    before, unless it says otherwise: the order of `optimizer.learning_rate=0.1` and `optimizer=sgd` does not matter.
    `KEY=null` takes a key out that the config has, as if it had never been written.
    """
    problems: list[Diagnostic] = []
    done: list[Assignment] = []
    for text in assignments:
        read_one = _read(text)
        if isinstance(read_one, list):
            problems += read_one
            continue
        inside = [earlier for earlier in done if _keeps(read_one, earlier)]
        if inside and is_null(read_one.value):
            problems += [_dropped(read_one, earlier) for earlier in inside]
            inside = []
        for assignment in [read_one, *inside]:
            problems += _put(tree, assignment)
        done.append(read_one)
    return problems


def _read(assignment: str) -> Assignment | list[Diagnostic]:
    source = argument("--set", assignment)
    key, equals, value = assignment.partition("=")
    path = tuple(key.strip().split("."))
    start = len("--set ")
    if not equals or not all(path):
        location = Location(source, 0, start, start + max(len(key), 1))
        what = "must have the form KEY=VALUE, such as --set model.hidden_size=32"
        return [Diagnostic(f"{what}; got {quoted(assignment)}.", (Mark(location),))]
    location, offset = Location(source, 0, start, start + len(key)), start + len(key) + 1
    if len(path) > DEEPEST:
        return [Diagnostic(f"nested more than {DEEPEST} levels deep.", (Mark(location),))]
    document = read(value, source, offset=offset, path=path)
    if document.problems:
        return document.problems
    node = document.tree or Node(None, Location(source, 0, offset, offset + 1))
    node.key_location = location
    return rename(node, path) or Assignment(renamed(path), node, location)


def _keeps(later: Assignment, earlier: Assignment) -> bool:
    """Whether a value set earlier lies inside a section that is set later and says nothing about it."""
    depth = len(later.path)
    if len(earlier.path) <= depth or earlier.path[:depth] != later.path:
        return False
    section = expanded(later.value, later.path)
    around, key = earlier.path[depth:-1], earlier.path[-1]
    return not any(find(section, (*around, name)) for name in (key, *rivals(earlier.path)))


def _dropped(later: Assignment, earlier: Assignment) -> Diagnostic:
    message = f"{dotted(earlier.path)} cannot be set where {dotted(later.path)} is set to nothing; drop one of the two."
    return Diagnostic(message, (Mark(earlier.key), Mark(later.key)))


def _put(tree: Node, assignment: Assignment) -> list[Diagnostic]:
    path, key = assignment.path, assignment.key
    blocked = set_at(tree, path, assignment.value)
    if blocked is None:
        return []
    where, node = blocked
    message = f"{dotted(path)}: {dotted(where)} is {got(node)}, in which there is no {path[len(where)]}."
    return [Diagnostic(message, (Mark(key), Mark(node.key_location or node.location, "here")))]


def apply_seeds(tree: Node, seeds: str) -> list[Diagnostic]:
    """Carry out `--seeds N` (N models) or `--seeds A,B,...` (these seeds)."""
    source, start = argument("--seeds", seeds), len("--seeds ")
    whole = Location(source, 0, start, start + max(len(seeds), 1))
    bare_list = "," in seeds and not seeds.lstrip().startswith("[")
    document = read(f"[{seeds}]" if bare_list else seeds, source, offset=start - bare_list, path=("seeds",))
    value = document.tree or Node(None, whole)
    value.location = value.key_location = whole
    assert tree.mapping is not None
    tree.mapping["seeds"] = value
    return document.problems


def apply_name(tree: Node, name: str) -> list[Diagnostic]:
    """Carry out `--name NAME`; the name is a text, whatever it looks like."""
    source, start = argument("--name", name), len("--name ")
    location = Location(source, 0, start, max(len(source.lines[0]), start + 1))
    assert tree.mapping is not None
    tree.mapping["name"] = Node(name, location, location)
    return []
