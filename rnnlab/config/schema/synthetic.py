"""`data.kind: synthetic`: tasks made by a formula, one for each shape of input and output."""

from typing import Annotated, Any, Literal

from pydantic import Field, PlainValidator, WithJsonSchema

from rnnlab.config.schema.section import Number, Section, Whole, is_whole, key, refuse

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


class SyntheticTask(Section):
    """What all synthetic tasks have in common."""

    kind: Literal["synthetic"] = key("synthetic", "sequences made by a formula")
    sequences: Whole = key(1000, "how many sequences are made", unit="sequences", ge=2)
    seed: Whole = key(0, "seed of the sequences, the same for every model", ge=0)
    train_fraction: Number = key(0.8, "share of the sequences that is trained on", gt=0, lt=1)


class OrderTask(SyntheticTask):
    """Temporal order: which of four orders two marked symbols came in (many to one)."""

    task: Literal["order"] = key("order", "temporal order of two symbols, 4 classes (many to one)")
    length: Length = key(50, "steps of a sequence", unit="steps", must=LENGTH)


class AddingTask(SyntheticTask):
    """The adding problem: the sum of the two marked numbers of a sequence (many to one)."""

    task: Literal["adding"] = key("adding", "sum of two marked numbers (many to one)")
    length: Length = key(50, "steps of a sequence", unit="steps", must=LENGTH)


class EchoTask(SyntheticTask):
    """Echo: say again what came `delay` steps before (many to many)."""

    task: Literal["echo"] = key("echo", "repeat the input some steps later (many to many)")
    length: Length = key(50, "steps of a sequence", unit="steps", must=LENGTH)
    delay: Whole = key(3, "how much later the output repeats the input", unit="steps", ge=0)


class SineTask(SyntheticTask):
    """Sine: the first input is a frequency, the output the wave (one to many)."""

    task: Literal["sine"] = key("sine", "a wave from its frequency, given once (one to many)")
    length: Whole = key(50, "steps of a sequence", unit="steps", ge=2)


class LogisticMapTask(SyntheticTask):
    """The logistic map: x to 4 x (1 - x), a single step (one to one)."""

    task: Literal["logistic_map"] = key("logistic_map", "x to 4 x (1 - x), a single step (one to one)")


Synthetic = Annotated[OrderTask | AddingTask | EchoTask | SineTask | LogisticMapTask, Field(discriminator="task")]
