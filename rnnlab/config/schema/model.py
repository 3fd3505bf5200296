"""`model`: the network."""

from functools import reduce
from operator import or_
from typing import TYPE_CHECKING, Annotated, Any, Literal

from rnnlab.config import registry
from rnnlab.config.schema.initial_weights import InitialWeights
from rnnlab.config.schema.section import Flag, Section, Whole, key, kind_or_mapping, section

CELLS = tuple(entry.schema for entry in registry.layers().entries.values())
if TYPE_CHECKING:
    Cell = Any
else:  # the union of what is installed
    Cell = Annotated[reduce(or_, CELLS), *kind_or_mapping()]


class Model(Section):
    """A stack of recurrent layers and a readout."""

    cell: Cell = key("rnn", "kind of recurrent layer", validate_default=True)
    hidden_size: Whole = key(32, "hidden units per layer and direction", unit="units", ge=1)
    layers: Whole = key(1, "number of stacked recurrent layers", unit="layers", ge=1)
    bidirectional: Flag = key(False, "also process each sequence in reverse; the readout receives both states")
    initial_state: Literal["zero", "learned"] = key("zero", "state before the first step: zero, or a trained parameter")
    activation: Literal["tanh", "sigmoid", "relu", "identity"] = key(
        "tanh", "activation function phi of the vanilla cell"
    )
    readout: Literal["last", "every"] | None = key(
        None, "output after the last step only, or after every step", shown_default="set by the data"
    )
    dtype: Literal["float64", "float32"] = key("float64", "floating-point type of all network arrays")
    init: InitialWeights = section(InitialWeights, "initial value of each parameter")
