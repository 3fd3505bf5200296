"""The `data` section of a task: its keys, and what the rest of a config must know before the code is loaded.

A task's section derives from `TaskSection`; what it does not say stands here.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar, Literal

from rnnlab.config.schema.section import Conflict, Section, Text, key

Targets = Literal["values", "probabilities", "classes"]

# The losses that each kind of target allows, the one that is taken where none is named first.
LOSSES: dict[Targets, tuple[str, ...]] = {
    "values": ("half_squared_error", "huber"),
    "probabilities": ("half_squared_error", "huber", "binary_cross_entropy"),
    "classes": ("cross_entropy",),
}


class TaskSection(Section):
    """What all tasks say of themselves.

    Attributes
    ----------
    readouts : tuple of str
        After which steps there may be an output, `last` or `every`; the first where the config names none.
    targets : str
        What is to be predicted: `values`, `probabilities` (values from 0 to 1) or `classes`.
    batch_size : int or "full"
        Sequences in an update where the config does not say.
    length_key : str or None
        The key of this section that sets how many steps a sequence has, in a whole number or (shortest, longest); None
        where nothing does.
    fixed_length : int or None
        Steps of a sequence where nothing sets them and all have the same; None where the data decide.
    continues : bool
        Whether the sequences continue each other, so that a state may be carried from one to the next.
    foretells : bool
        Whether a target is an input of a later step, which no network may read beforehand.
    forecasts : bool
        Whether the rows of a series are forecast, which `evaluation` is about.
    metric_names : dict of str to str
        How metrics and baselines are written in tables, where their key does not say it.
    """

    readouts: ClassVar[tuple[str, ...]] = ("last", "every")
    targets: ClassVar[Targets] = "values"
    batch_size: ClassVar[int | Literal["full"]] = 32
    length_key: ClassVar[str | None] = "length"
    fixed_length: ClassVar[int | None] = None
    continues: ClassVar[bool] = False
    foretells: ClassVar[bool] = False
    forecasts: ClassVar[bool] = False
    metric_names: ClassVar[dict[str, str]] = {"rmse": "RMSE", "mae": "MAE"}

    @property
    def task_name(self) -> str:
        """The task in a sentence: its name among those of its kind, or the kind."""
        return getattr(self, "task", None) or self.kind  # type: ignore[attr-defined]

    @property
    def name_key(self) -> str:
        """The key that names the task."""
        return "data.task" if hasattr(self, "task") else "data.kind"

    @property
    def ends(self) -> tuple[int, int] | None:
        """Steps of the shortest sequence and of the longest; None where only the data know."""
        length = getattr(self, self.length_key) if self.length_key else self.fixed_length
        return length if isinstance(length, tuple) or length is None else (length, length)

    @property
    def endless(self) -> bool:
        """Whether fresh sequences are drawn for every update (`Task.draw`), from the key `seed` where there is one."""
        return False

    def left_out(self) -> dict[str, Any]:
        """Values of keys that were left out and depend on others of the section."""
        return {}

    def conflicts(self) -> Iterator[Conflict]:
        """Keys of the section that contradict each other; named in full, such as `data.length`."""
        yield from ()


class StoredTask(TaskSection):
    """What tasks have in common whose data are stored somewhere, and may change there."""

    sha256: Text | None = key(
        None,
        "sha256 of the data, written into the config.yaml of a run; training on other data gives a warning",
        must="64 hexadecimal digits, or null",
        pattern=r"\A[0-9a-f]{64}\z",
    )
