"""Keys that had another name before: the old word is read, the new one is written."""

from __future__ import annotations

from rnnlab.config.diagnostics import Diagnostic, Mark
from rnnlab.config.locations import Node, find

Path = tuple[str, ...]

# Where an old name stood -> where its value belongs, from the same section on.
NEW: dict[Path, Path] = {
    ("training", "carry_state"): ("stateful",),
    ("training", "truncate"): ("tbptt_steps",),
    ("training", "checkpoint_every"): ("checkpoint", "every"),
}


def renamed(path: Path) -> Path:
    """The path of a key by its name of today."""
    return (*path[:-1], *NEW[path]) if path in NEW else path


def rename(tree: Node, path: Path = ()) -> list[Diagnostic]:
    """Give the keys in a tree their names of today, and return which are there by both names.

    Parameters
    ----------
    tree : Node
        What was read, changed in place.
    path : tuple of str
        Where it stands in the config.
    """
    problems = []
    for old, new in NEW.items():
        section = find(tree, old[len(path) : -1]) if old[: len(path)] == path and len(path) < len(old) else None
        keys = section.mapping if section is not None else None
        if keys is None or old[-1] not in keys:
            continue
        if new[0] in keys:
            both = [keys[name].key_location or keys[name].location for name in (old[-1], new[0])]
            message = f"{'.'.join(old)} is the name that {'.'.join(new)} had before; drop one of the two."
            problems.append(Diagnostic(message, tuple(map(Mark, both))))
            del keys[old[-1]]
            continue
        items = [(new[0], _within(node, new[1:])) if key == old[-1] else (key, node) for key, node in keys.items()]
        keys.clear()
        keys.update(items)
    return problems


def _within(node: Node, path: Path) -> Node:
    """The value at `path` in a section of its own."""
    for name in reversed(path):
        node = Node(None, node.location, node.key_location, children={name: node})
    return node
