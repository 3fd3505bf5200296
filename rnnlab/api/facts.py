"""What screens need to know of configs, tasks, layers and installed packages."""

import os
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from rnnlab.errors import PluginError
from rnnlab.printable import shortened


def metric_names(tasks: Iterable[str]) -> dict[str, str]:
    """How the metrics and baselines of these tasks are written, where their key does not say it."""
    from rnnlab.config import registry

    return {key: name for task in tasks for key, name in registry.section_of(task).metric_names.items()}


def has_activations(cell: str) -> bool:
    """Whether a layer leaves the choice of its activation to the config; True for one that does not exist."""
    from rnnlab.config import registry

    entry = registry.layers().entries.get(cell)
    return entry is None or entry.activations


def key_meant(word: str) -> str | None:
    """The key of a config that a word means, whole or by its last part, in our words or another tool's."""
    from rnnlab.config import schema_index
    from rnnlab.config.synonyms import SYNONYMS

    wanted = {word, SYNONYMS.get(word, word)}
    paths = dict.fromkeys(entry.path for _, entry in schema_index.every_key())
    found = [path for path in paths if path[-1] in wanted or ".".join(path) == word]
    # `kind` and `value` are everywhere: to point at one of them would be a guess.
    return ".".join(min(found, key=len)) if found and found[0][-1] not in ("kind", "value") else None


def in_flow(value: Any) -> str:
    """Write a value on one line, as it may stand in a config."""
    from rnnlab.config import schema_index

    return schema_index.in_flow(value)


def configs_meant(word: str) -> list[str]:
    """The names of the bundled configs that a pattern means; the word itself where it is none, or a file."""
    from rnnlab.config import bundled

    found = [] if os.path.exists(word) else [one.name for one in bundled.matching(word)]
    return found or [word]


def namesake(source: str | os.PathLike[str]) -> str | None:
    """A sentence where a bundled config is taken, and a file of that name but for its suffix is here and differs."""
    from rnnlab.config import bundled
    from rnnlab.config.sources import locate

    file = Path(f"{os.fspath(source)}{bundled.SUFFIX}")
    found = locate(source) if isinstance(source, str) and os.path.isfile(file) else None
    if not isinstance(found, bundled.Bundled) or _same_content(file, found.path):
        return None
    name = shortened(str(file))
    return f"{source} is the bundled config; the file {name} differs and is not read: write {name} to read it."


def _same_content(one: Path, other: Path) -> bool:
    """Whether two files hold the same; of one that cannot be read, no."""
    try:
        return os.path.getsize(one) == os.path.getsize(other) and one.read_bytes() == other.read_bytes()
    except OSError:
        return False


def fault(failure: BaseException) -> PluginError | None:
    """The failure as that of an installed package which brings a layer or a task, if it is one."""
    if "rnnlab.config.registry" not in sys.modules:  # no installed package is in use
        return None
    from rnnlab.config import registry

    return registry.fault(failure)
