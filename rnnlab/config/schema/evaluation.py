"""The `evaluation` section: how the test rows of a series are forecast, and which intervals are tested."""

from typing import Annotated, Any, Literal

from pydantic import PlainValidator, WithJsonSchema

from rnnlab.config.schema.section import Number, Section, Whole, is_number, key, kind_or_mapping, refuse

LEVELS = "a list of distinct levels in percent, above 1 and below 100, such as [80, 95]"


def _read_levels(value: Any) -> list[float]:
    if not isinstance(value, list | tuple) or not all(is_number(level) and 0 < level < 100 for level in value):
        raise refuse(LEVELS)
    small = [level for level in value if level <= 1]
    if small:
        raise refuse(f"{LEVELS} ({small[0]:g} may be meant as {100 * small[0]:g})")
    if len(set(value)) < len(value):
        raise refuse(f"{LEVELS} ({next(level for level in value if value.count(level) > 1):g} is there more than once)")
    return [float(level) for level in value]


_LEVEL = {"type": "number", "exclusiveMinimum": 1, "exclusiveMaximum": 100}
Levels = Annotated[
    list[float],
    PlainValidator(_read_levels),
    WithJsonSchema({"type": "array", "items": _LEVEL, "uniqueItems": True}),
]


class _Intervals(Section):
    """Intervals, whatever the way of testing."""

    levels: Levels = key(
        [],
        "levels of the intervals that are tested on the test rows; none without",
        unit="percent",
        must=LEVELS,
        shown_default="[]",
        example=[80, 95],
    )
    calibration: Number = key(
        0.2,
        "fraction of the training rows, the newest, that the intervals rest on where there are levels: neither trained "
        "on nor used for early stopping",
        gt=0,
        lt=1,
    )


class SplitEvaluation(_Intervals):
    """One training, one test."""

    kind: Literal["split"] = key("split", "one training, on the rows before the test rows")


class RollingEvaluation(_Intervals):
    """Rolling origin: the test rows in folds, each forecast by networks that were trained on what came before."""

    kind: Literal["rolling"] = key(
        "rolling", "rolling origin: the test rows in folds, and a training on the rows before each"
    )
    folds: Whole = key(10, "number of folds, of equally many test rows", ge=2, le=10_000)
    window: Literal["expanding", "sliding"] = key(
        "expanding",
        "rows that a fold is trained on: all before it, or as many as the first one, the newest",
    )
    retrain_every: Whole = key(
        1, "number of folds that one training serves; 1 trains for each fold", unit="folds", ge=1
    )
    retrain_epochs: Whole | None = key(
        None,
        "epochs of each training after the first, which then continues from the parameters of the one before; null "
        "trains each afresh, as long as the first",
        unit="epochs",
        must="a whole number of at least 1, or null",
        ge=1,
    )


Evaluation = Annotated[SplitEvaluation | RollingEvaluation, *kind_or_mapping("split")]
