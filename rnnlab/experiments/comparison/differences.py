"""In which entries nested values differ: configs of runs, and their records."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from rnnlab.config.reader import read
from rnnlab.config.schema_index import in_flow
from rnnlab.config.sources import NoSourceError, open_source
from rnnlab.errors import RnnlabError
from rnnlab.experiments.trained import config_file


class Missing:
    """In place of a value that is not there, which is another thing than null."""

    def __repr__(self) -> str:
        return "–"


MISSING = Missing()


@dataclass(frozen=True)
class Difference:
    """An entry, and its value in each of the runs; `MISSING` where a run does not have it."""

    key: str
    values: tuple[object, ...]

    @property
    def is_choice(self) -> bool:
        """Whether two of the runs have it with different values.

        Else it is there for some only: it belongs to a kind of section, or came with a later version of rnnlab.
        """
        there = [value for value in self.values if value is not MISSING]
        return any(value != there[0] for value in there[1:])

    @property
    def shown(self) -> list[str]:
        """The values as a config writes them."""
        return [written(value) for value in self.values]

    def plain(self) -> dict[str, object]:
        """For JSON: by place of the run, without those that do not have it."""
        return {"key": self.key, "values": [None if value is MISSING else value for value in self.values]}


def written(value: object) -> str:
    """A value as a config writes it, or the sign of one that is not there."""
    return repr(value) if value is MISSING else in_flow(value)


def differences(values: Sequence[object], key: str = "") -> list[Difference]:
    """The entries that are not the same in all of the values, in the order of the first.

    Mappings are entered, and lists of mappings where they have one length; everything else is compared as a whole.
    """
    if all(isinstance(value, Mapping) for value in values):
        names = dict.fromkeys(name for value in values for name in value)  # type: ignore[attr-defined]
        parts = {name: [value.get(name, MISSING) for value in values] for name in names}  # type: ignore[attr-defined]
    elif _are_lists_of_mappings(values):
        parts = dict(enumerate(zip(*values, strict=True)))  # type: ignore[arg-type]
    else:
        return [] if all(value == values[0] for value in values) else [Difference(key, tuple(values))]
    return [found for name, part in parts.items() for found in differences(part, f"{key}.{name}" if key else str(name))]


def config_of(run: Path) -> dict[str, object] | None:
    """The values of a run's config.yaml; None where it cannot be read."""
    try:
        source, text = open_source(str(config_file(run)))
        tree = read(text, source).tree
    except (NoSourceError, RnnlabError):
        return None
    values = tree.plain() if tree is not None else None
    return values if isinstance(values, dict) else None


def _are_lists_of_mappings(values: Sequence[object]) -> bool:
    if not all(isinstance(value, list) and value for value in values):
        return False
    items = [item for value in values for item in value]  # type: ignore[attr-defined]
    return len({len(value) for value in values}) == 1 and all(isinstance(item, Mapping) for item in items)  # type: ignore[arg-type]
