"""`model`: the network."""

from typing import Literal

from rnnlab.config.schema.initial_weights import InitialWeights
from rnnlab.config.schema.section import Flag, Section, Whole, key, section


class Model(Section):
    """A stack of recurrent layers and a readout."""

    cell: Literal["rnn", "lstm", "gru"] = key("rnn", "kind of recurrence: vanilla, LSTM or GRU")
    hidden_size: Whole = key(32, "units in each layer and direction", unit="units", ge=1)
    layers: Whole = key(1, "layers on top of each other", unit="layers", ge=1)
    bidirectional: Flag = key(False, "also read each sequence from its end")
    initial_state: Literal["zero", "learned"] = key("zero", "the state before the first step")
    activation: Literal["tanh", "sigmoid", "relu", "identity"] = key("tanh", "phi of the vanilla cell")
    readout: Literal["last", "every"] | None = key(
        None, "output after the last step, or after every step", shown_default="as the data need it"
    )
    dtype: Literal["float64", "float32"] = key("float64", "precision of all numbers in the network")
    init: InitialWeights = section(InitialWeights, "how each parameter starts")
