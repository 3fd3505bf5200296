"""`data.kind: synthetic`: tasks made by a formula, one for each shape of input and output."""

from collections.abc import Iterator
from typing import Annotated, Any, ClassVar, Literal

from pydantic import PlainValidator, WithJsonSchema

from rnnlab.config.schema.section import Conflict, Number, Whole, is_whole, key, refuse
from rnnlab.config.schema.task import Targets, TaskSection

LENGTH = "a whole number of at least 2, or [shortest, longest]"


def _read_length(value: Any) -> int | tuple[int, int]:
    pair: Any = tuple(value) if isinstance(value, list | tuple) and len(value) == 2 else (value, value)
    if not all(is_whole(end) and end >= 2 for end in pair):
        raise refuse(LENGTH)
    if pair[0] > pair[1]:
        raise refuse("[shortest, longest] in this order")
    return pair if isinstance(value, list | tuple) else value


_WHOLE = {"type": "integer", "minimum": 2}
_PAIR = {"type": "array", "items": _WHOLE, "minItems": 2, "maxItems": 2}
# A pair lets the lengths vary within a batch.
Length = Annotated[int | tuple[int, int], PlainValidator(_read_length), WithJsonSchema({"anyOf": [_WHOLE, _PAIR]})]


SEQUENCES = "a whole number of at least 2, or endless"


def _read_sequences(value: Any) -> Any:
    if value != "endless" and not (is_whole(value) and value >= 2):
        raise refuse(SEQUENCES)
    return value


Sequences = Annotated[
    int | Literal["endless"],
    PlainValidator(_read_sequences),
    WithJsonSchema({"anyOf": [{"const": "endless"}, {"type": "integer", "minimum": 2}]}),
]


class SyntheticTask(TaskSection):
    """What all synthetic tasks have in common."""

    kind: Literal["synthetic"] = key("synthetic", "generated sequences of a synthetic task")
    sequences: Sequences = key(
        1000, "number of generated sequences; endless draws new ones for every update", unit="sequences", must=SEQUENCES
    )
    seed: Whole = key(0, "seed of the generated sequences; all models share it", ge=0)
    train_fraction: Number | None = key(
        None,
        "fraction of the sequences used for training",
        shown_default="0.8, unless sequences are endless",
        gt=0,
        lt=1,
    )
    held_out: Whole | None = key(
        None,
        "number of held-out sequences, with endless sequences",
        unit="sequences",
        shown_default="1000 with endless sequences, else set by train_fraction",
        ge=1,
    )

    @property
    def endless(self) -> bool:
        return self.sequences == "endless"

    def left_out(self) -> dict[str, Any]:
        if self.endless:
            return {"held_out": 1000} if self.held_out is None else {}
        return {"train_fraction": 0.8} if self.train_fraction is None else {}

    def conflicts(self) -> Iterator[Conflict]:
        if self.endless and self.train_fraction is not None:
            yield Conflict(
                ("data.train_fraction", "data.sequences"),
                "data.train_fraction cannot be used with data.sequences: endless; use data.held_out instead.",
            )
        if not self.endless and self.held_out is not None:
            yield Conflict(
                ("data.held_out", "data.sequences"),
                "data.held_out belongs to data.sequences: endless; use data.train_fraction instead.",
            )


class OrderTask(SyntheticTask):
    """Temporal order: which of four orders two marked symbols came in (many to one)."""

    readouts: ClassVar[tuple[str, ...]] = ("last",)
    targets: ClassVar[Targets] = "classes"

    task: Literal["order"] = key("order", "classify the temporal order of two symbols, 4 classes (many to one)")
    length: Length = key(50, "length of the sequences", unit="steps", must=LENGTH)


class AddingTask(SyntheticTask):
    """The adding problem: the sum of the two marked numbers of a sequence (many to one)."""

    readouts: ClassVar[tuple[str, ...]] = ("last",)

    task: Literal["adding"] = key("adding", "add the two marked numbers of a sequence (many to one)")
    length: Length = key(50, "length of the sequences", unit="steps", must=LENGTH)


class EchoTask(SyntheticTask):
    """Echo: say again what came `delay` steps before (many to many)."""

    readouts: ClassVar[tuple[str, ...]] = ("every",)
    targets: ClassVar[Targets] = "probabilities"

    task: Literal["echo"] = key("echo", "repeat the input after a delay (many to many)")
    length: Length = key(50, "length of the sequences", unit="steps", must=LENGTH)
    delay: Whole = key(3, "number of steps after which the output repeats the input", unit="steps", ge=0)

    def conflicts(self) -> Iterator[Conflict]:
        yield from super().conflicts()
        shortest = min(self.length) if isinstance(self.length, tuple) else self.length
        if self.delay >= shortest:
            yield Conflict(
                ("data.delay", "data.length"),
                f"data.delay must be below the shortest length ({shortest} steps); got {self.delay}.",
            )


class SineTask(SyntheticTask):
    """Sine: the first input is a frequency, the output the wave (one to many)."""

    readouts: ClassVar[tuple[str, ...]] = ("every",)

    task: Literal["sine"] = key(
        "sine", "generate a sine wave from its frequency, given at the first step (one to many)"
    )
    length: Whole = key(50, "length of the sequences", unit="steps", ge=2)


class LogisticMapTask(SyntheticTask):
    """The logistic map: x to 4 x (1 - x), a single step (one to one)."""

    readouts: ClassVar[tuple[str, ...]] = ("last",)
    targets: ClassVar[Targets] = "probabilities"
    length_key: ClassVar[None] = None
    fixed_length: ClassVar[int] = 1

    task: Literal["logistic_map"] = key("logistic_map", "map x to 4 x (1 - x) in a single step (one to one)")
