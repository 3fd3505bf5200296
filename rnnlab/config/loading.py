"""From a path to a config: read the file and what it extends, put the command line on top, check it all."""

from __future__ import annotations

import os
import re
import unicodedata
from collections.abc import Iterator, Sequence
from pathlib import Path

from rnnlab.config.diagnostics import Diagnostic, Mark
from rnnlab.config.locations import Location, Node, Origin, SourceText, find
from rnnlab.config.merge import overlay
from rnnlab.config.messages import got
from rnnlab.config.old_names import rename
from rnnlab.config.overrides import apply_name, apply_seeds, apply_sets
from rnnlab.config.reader import read
from rnnlab.config.schema.experiment import LATEST, Config
from rnnlab.config.sources import STDIN, Name, NoSourceError, Written, locate, locate_extended, open_source, shown
from rnnlab.config.validation import keys_to_leave_out, validate
from rnnlab.errors import ConfigError
from rnnlab.files import PACKAGED

MOST_LAYERS = 20


def load(
    source: str | os.PathLike[str],
    *,
    overrides: Sequence[str] = (),
    seeds: str | int | None = None,
    name: str | None = None,
) -> Config:
    """Read a config, check it, and fill in what was left out.

    Parameters
    ----------
    source : str or path
        "-" for standard input, a YAML file, or the name of a bundled config such as "stock", in that order.
    overrides : sequence of str
        Each `KEY=VALUE`, the value read as YAML: `model.hidden_size=32`. Later ones win.
    seeds : str or int, optional
        `N` for the seeds 0 to N-1, or a list such as `1,2,5`.
    name : str, optional
        In place of the config's own name.

    Raises
    ------
    ConfigError
        With every problem there is, each at its location.
    """
    return load_with_origins(source, overrides=overrides, seeds=seeds, name=name)[0]


def load_with_origins(
    source: str | os.PathLike[str],
    *,
    overrides: Sequence[str] = (),
    seeds: str | int | None = None,
    name: str | None = None,
) -> tuple[Config, dict[str, Origin]]:
    """Read a config as `load` does, and tell where each value that was given comes from.

    Returns
    -------
    (config, origins)
        The origins by path: of every scalar, every list, and every section that is written out. What the config has
        besides is a default.
    """
    where = locate(source)
    tree, problems = _tree(where, overrides, seeds, name)
    config, hint = None, None
    if tree is not None:
        config, found = validate(tree)
        hint = None if problems else _hint(keys_to_leave_out(tree, found))
        problems += [problem for problem in found if not _told(problem, problems)]
    if config is None or tree is None or problems:
        raise _failure(problems, where, hint)
    return config, dict(_origins(tree, shown(where)))


def extended_by(source: str | os.PathLike[str]) -> Name | None:
    """The config that another one extends; None where it extends none, or cannot be read."""
    name = locate(source)
    try:
        where, text = open_source(name)
    except NoSourceError:
        return None
    tree = read(text, where).tree
    lower = (tree.mapping or {}).get("extends") if tree is not None else None
    return locate_extended(lower.value, name) if lower is not None and isinstance(lower.value, str) else None


def _origins(node: Node, first: str, path: tuple[str, ...] = ()) -> Iterator[tuple[str, Origin]]:
    if path and node.key_location is not None:  # else a name that was made from the file's
        source, line = node.key_location.source, node.key_location.line
        if not source.numbered:
            yield ".".join(path), Origin("argument", source.name)
        else:
            kind = "file" if source.name == first else "extended"
            yield ".".join(path), Origin(kind, f"{source.name}:{line + 1}")
    for key, child in (node.mapping or {}).items():
        yield from _origins(child, first, (*path, key))


def _tree(
    source: Name, overrides: Sequence[str], seeds: str | int | None, name: str | None
) -> tuple[Node | None, list[Diagnostic]]:
    """Read all layers into one tree; None where there is nothing to check."""
    problems: list[Diagnostic] = []
    tree = _read_layers(source, [], problems)
    if tree is None:
        # The file is out of reach, but what is wrong with the arguments can be said all the same.
        here = SourceText(shown(source), ("",), Path.cwd())
        scratch = Node(None, Location(here, 0, 0, 0), children={})
        return None, problems + apply_sets(scratch, overrides)
    assert tree.mapping is not None
    problems += apply_sets(tree, overrides)
    tree.mapping.setdefault("name", Node(default_name(source), tree.location))
    if seeds is not None:
        problems += apply_seeds(tree, str(seeds))
    if name is not None:
        problems += apply_name(tree, name)
    _settle_paths(tree)
    return tree, problems


def _read_layers(name: Name, above: list[tuple[Name, Node]], problems: list[Diagnostic]) -> Node | None:
    """Read a file, and the files that it extends beneath it."""
    try:
        source, text = open_source(name, asked_by=[file for file, _ in above])
    except NoSourceError as error:
        problems.append(_at_extends(error.problem, above))
        return None
    document = read(text, source)
    problems += document.problems
    tree = document.tree
    if tree is None:
        if not document.problems:
            problems.append(Diagnostic(_EMPTY, source=source))
        return None
    if tree.mapping is None:
        message = f"a config must be a mapping of keys to values, such as 'seeds: 5'; got {got(tree)}."
        problems.append(Diagnostic(message, (Mark(tree.location),)))
        return None
    problems += rename(tree)
    lower_name = tree.mapping.pop("extends", None)
    if lower_name is None:
        return tree
    lower = _read_extended(lower_name, [*above, (name, lower_name)], problems)
    return overlay(lower, tree) if lower is not None else None


_EMPTY = (
    "a config must say at least what to learn from, such as 'data: {kind: prices, symbol: AAPL}'; this file is empty."
)


def _read_extended(node: Node, above: list[tuple[Name, Node]], problems: list[Diagnostic]) -> Node | None:
    mark = (Mark(node.location),)
    if not isinstance(node.value, str) or not node.value:
        problems.append(Diagnostic(f"extends must be the path of another config; got {got(node)}.", mark))
        return None
    chain = [file for file, _ in above]
    name = locate_extended(node.value, chain[-1])
    if any(_same_file(name, file) for file in chain):
        message = f"extends must not lead back to where it began: {' -> '.join(map(shown, [*chain, name]))}."
        problems.append(Diagnostic(message, mark))
        return None
    if len(chain) >= MOST_LAYERS:
        problems.append(Diagnostic(f"extends must end after at most {MOST_LAYERS} files; this is one more.", mark))
        return None
    return _read_layers(name, above, problems)


def _same_file(one: Name, other: Name) -> bool:
    if isinstance(other, Written):  # no file at all
        return False
    try:
        return other != STDIN and os.path.realpath(one) == os.path.realpath(other)
    except (OSError, ValueError):  # no path at all: reading it says so
        return False


def _at_extends(problem: Diagnostic, above: list[tuple[Name, Node]]) -> Diagnostic:
    """Show a file that cannot be read at the line that asks for it."""
    if not above or problem.marks:
        return problem
    return Diagnostic(f"extends: {problem.message}", (Mark(above[-1][1].location),))


def default_name(source: Name) -> str:
    """Make a name from that of the file: `configs/my run.yaml` gives `my-run`."""
    stem = "" if source == STDIN else unicodedata.normalize("NFC", Path(source).stem)
    name = re.sub(r"[^\w.-]+", "-", stem).strip("-._")[:64].rstrip("-._")
    return name if name and name != LATEST else "run"


def _settle_paths(tree: Node) -> None:
    """Make `data.path` absolute: it starts at its file's folder, or in an argument at the current one.

    What names a file of an installed package stays as it is.
    """
    node, pin = find(tree, ("data", "path")), find(tree, ("data", "sha256"))
    if node is None or not isinstance(node.value, str) or node.value.startswith(PACKAGED):
        return
    if node.value and "\0" not in node.value:
        folder = node.location.source.folder
        path = os.path.abspath(folder / os.path.expanduser(node.value))
        is_pinned = pin is not None and isinstance(pin.value, str)
        node.value = _moved(path, folder) if is_pinned and os.path.isabs(node.value) else path


def _moved(path: str, folder: Path) -> str:
    """Where a file of a run is after its folders were moved together, on this machine or to another one.

    A run's config.yaml in `folder` names its data by their absolute path, so that it may be copied anywhere. Where
    nothing is left there, the file that has most of the end of that path is taken, in the folder of the config or in
    one of the two around it: the runs folder, and the one in which it lies. The hash says whether it is that file.
    """
    if os.path.exists(path):
        return path
    parts = Path(path).parts[1:]
    ends = (os.path.join(*parts[start:]) for start in range(len(parts)))
    around = [folder, *folder.parents[:2]]
    found = (str(place / end) for end in ends for place in around if os.path.isfile(place / end))
    return next(found, path)


def _told(problem: Diagnostic, others: list[Diagnostic]) -> bool:
    """Whether the same location has been complained about already: a scalar without a value, say."""
    return bool(problem.marks) and any(
        other.marks and other.marks[0].location == problem.marks[0].location for other in others
    )


def _failure(problems: list[Diagnostic], source: Name, hint: str | None = None) -> ConfigError:
    """Gather the problems from top to bottom: the config first, then what it extends, then the arguments."""
    named = shown(source)
    sources = list(dict.fromkeys(origin for problem in problems if (origin := problem.origin)))
    ranked = sorted(sources, key=lambda origin: (not origin.numbered, origin.name != named))

    def rank(problem: Diagnostic) -> tuple[int, tuple[int, int]]:
        return (ranked.index(problem.origin) if problem.origin else -1, problem.order())

    return ConfigError([problem.render() for problem in sorted(problems, key=rank)], hint=hint)


def _hint(keys: list[str]) -> str | None:
    """How to leave out what stands in the way of arguments, such as the defaults that a run's config.yaml holds."""
    them = "it" if len(keys) == 1 else "them"
    return f"{' '.join(f'--set {key}=null' for key in keys)} takes {them} out of the config" if keys else None
