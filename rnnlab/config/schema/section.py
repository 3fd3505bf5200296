"""The words in which the schema is written: a section of keys, a key, a choice of kinds.

Numbers are strict: true is not 1, 16.0 is not a whole number, "16" is not a number, and NaN and infinity are
nothing at all. Every key carries its meaning and unit, from which the key reference and the error messages
are made.
"""

import math
from dataclasses import dataclass
from typing import Annotated, Any

from annotated_types import Lt
from pydantic import AllowInfNan, BaseModel, BeforeValidator, ConfigDict, Field, Strict
from pydantic_core import PydanticCustomError

# Below 2^63, so that every whole number fits an array.
Whole = Annotated[int, Strict(), Lt(2**63)]
Number = Annotated[float, Strict(), AllowInfNan(False)]
Flag = Annotated[bool, Strict()]
Text = Annotated[str, Strict()]


class Section(BaseModel):
    """A mapping of known keys, immutable once read."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)


def key(
    default: Any,
    meaning: str,
    *,
    unit: str | None = None,
    must: str | None = None,
    shown_default: str | None = None,
    example: Any = None,
    **constraints: Any,
) -> Any:
    """Declare a key of a section.

    Parameters
    ----------
    default : object
        The value where the key is left out; `...` where it must be given.
    meaning : str
        One phrase for the key reference.
    unit : str, optional
        What the number counts or measures.
    must : str, optional
        Completes "KEY must be ..."; needed only where types and bounds do not say it by themselves.
    shown_default : str, optional
        How the default reads in the key reference, where it depends on other keys.
    example : object, optional
        A value that works; needed where the default is `...`.
    constraints
        Bounds and further arguments of `pydantic.Field`.
    """
    extra = {"unit": unit, "must": must, "shown_default": shown_default, "example": example}
    return Field(
        default,
        description=meaning,
        json_schema_extra={word: value for word, value in extra.items() if value is not None},
        **constraints,
    )


def section(model: type[Section], meaning: str) -> Any:
    """Declare a key that holds a section whose keys all have defaults."""
    return Field(default_factory=model, description=meaning)


@dataclass(frozen=True)
class Conflict:
    """Keys that cannot stand together, the one to blame first, and a sentence that says why."""

    keys: tuple[str, ...]
    message: str


def refuse(reason: str) -> PydanticCustomError:
    """Build the error for a value that is wrong for a `reason`: a phrase that completes "KEY must be ..."."""
    return PydanticCustomError("must_be", "{must}", {"must": reason})


def is_whole(value: object) -> bool:
    """Tell whether `value` is an integer that fits an array; a bool is none."""
    return isinstance(value, int) and not isinstance(value, bool) and abs(value) < 2**63


def is_number(value: object) -> bool:
    """Tell whether `value` is a finite number, which a bool is not."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    try:
        return math.isfinite(value)
    except OverflowError:
        return False


@dataclass(frozen=True)
class ShortForm:
    """Writes out what may stand for a section: `adam` for `{kind: adam}`, and a mapping without its kind.

    Attributes
    ----------
    implied : str or None
        The kind of a mapping that names none.
    number : str or None
        The kind, with its key `value`, that a bare number stands for.
    """

    implied: str | None = None
    number: str | None = None

    def __call__(self, value: Any) -> Any:
        if isinstance(value, str):
            return {"kind": value}
        if self.number is not None and is_number(value):
            return {"kind": self.number, "value": value}
        if self.implied is not None and isinstance(value, dict) and "kind" not in value:
            return {"kind": self.implied, **value}
        return value


def kind_or_mapping(implied: str | None = None, *, number: str | None = None) -> tuple[Any, ...]:
    """Put beside a union of sections that differ in `kind`: `adam` is read as `{kind: adam}`.

    Where a kind is `implied`, a mapping may leave it out: `{learning_rate: 0.1}`.
    """
    return Field(discriminator="kind"), BeforeValidator(ShortForm(implied, number))
