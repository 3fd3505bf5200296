"""`data`: the training data, one kind of section per task."""

from functools import reduce
from operator import or_
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field

from rnnlab.config import registry
from rnnlab.config.schema.synthetic import SyntheticTask

_SECTIONS = [entry.schema for entry in registry.tasks().entries.values()]
_SYNTHETIC = [one for one in _SECTIONS if issubclass(one, SyntheticTask)]
_OTHERS = [one for one in _SECTIONS if one not in _SYNTHETIC]
if TYPE_CHECKING:
    Data = Any
else:  # the union of what is installed
    Synthetic = Annotated[reduce(or_, _SYNTHETIC), Field(discriminator="task")]
    Data = Annotated[reduce(or_, [*_OTHERS, Synthetic]), Field(discriminator="kind")]
