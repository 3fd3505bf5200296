"""The recurrent layers. Each module is one: its equations, its forward step, its backward step, its Jacobian.

`layer` is what every one of them says of itself, `gated` the driver of those whose state feeds back through a matrix.
"""

from collections.abc import Callable

from rnnlab.engine.layers.gru import Gru
from rnnlab.engine.layers.layer import Layer
from rnnlab.engine.layers.lstm import Lstm
from rnnlab.engine.layers.rnn import Rnn

LAYERS: dict[str, Callable[..., Layer]] = {"rnn": Rnn, "lstm": Lstm, "gru": Gru}

__all__ = ["LAYERS", "Gru", "Layer", "Lstm", "Rnn"]
