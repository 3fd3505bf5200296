"""What a run needs that is no longer installed: packages that brought its layer or its task."""

from collections.abc import Sequence
from pathlib import Path

from rnnlab.config import registry
from rnnlab.errors import RunFolderError
from rnnlab.printable import shortened
from rnnlab.runs.record import load_record
from rnnlab.runs.schema import RunRecord


def missing_packages(record: RunRecord) -> str | None:
    """`rnnlab-leaky 0.1, which brings leaky`, by what run.json says of its plug-ins; None where all are here.

    A package that is here and cannot be loaded is not missing: the config's own error says what is wrong with it.
    """
    missing = [f"{_shown(origin)}, which brings {_shown(name)}" for name, origin in _missing(record)]
    return ", and ".join(missing) or None


def hint_for(config: Path, problems: Sequence[str]) -> str | None:
    """What to install where the problems of a config that a run keeps are layers or tasks that are gone."""
    try:
        record = load_record(config.parent)
    except RunFolderError:
        return None
    told = any(f'got "{name}"' in problem for name, _ in _missing(record) for problem in problems)
    return f"this run needs {missing_packages(record)}; install it" if told else None


def _missing(record: RunRecord) -> list[tuple[str, str]]:
    if not isinstance(record.plugins, dict):  # damaged
        return []
    found = (registry.layers(), registry.tasks())
    here = {name for one in found for name in (*one.entries, *one.broken)}
    return [(name, origin) for name, origin in record.plugins.items() if name not in here]


def _shown(text: object) -> str:
    return shortened(str(text), 100)
