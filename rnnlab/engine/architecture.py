"""What a network looks like: sizes, cell, layers, and the names and shapes of its parameters."""

from dataclasses import dataclass
from functools import cached_property

from rnnlab.engine.layers import LAYERS
from rnnlab.engine.layers.layer import Layer, Parameter, State
from rnnlab.engine.parameters import Layout


@dataclass(frozen=True)
class Architecture:
    """A stack of recurrent layers with a linear readout.

    Attributes
    ----------
    input_size, hidden_size, output_size : int
        I, H and O. For token inputs I is the size of the vocabulary.
    cell : str or Layer
        rnn, lstm or gru; or a layer itself.
    activation : str
        tanh, sigmoid, relu or identity: the vanilla layer's.
    layers : int
        Layers, each reading the states of the one below.
    bidirectional : bool
        A second recurrence per layer runs from the last step to the first; both states are handed on.
    initial_state : str
        zero or learned.
    readout : str
        last: one output a sequence, from the state after its last step; every: an output at every step.
    """

    input_size: int
    hidden_size: int
    output_size: int
    cell: str | Layer = "rnn"
    activation: str = "tanh"
    layers: int = 1
    bidirectional: bool = False
    initial_state: str = "zero"
    readout: str = "last"

    @cached_property
    def layer(self) -> Layer:
        """The kind of recurrent layer."""
        if isinstance(self.cell, Layer):
            return self.cell
        return LAYERS[self.cell](self.activation) if self.cell == "rnn" else LAYERS[self.cell]()

    @property
    def states(self) -> tuple[State, ...]:
        """What every recurrence hands from step to step."""
        return self.layer.states(self.hidden_size)

    @property
    def directions(self) -> int:
        """Recurrences per layer: 2 where each sequence is read from its end too."""
        return 2 if self.bidirectional else 1

    def recurrences(self) -> list[tuple[str, int, bool]]:
        """(name, input size, runs backwards) of every recurrence, bottom layer first, forward direction first."""
        below = self.hidden_size * self.directions
        return [
            (f"layer{k}" + (".reverse" if reverse else ""), below if k else self.input_size, reverse)
            for k in range(self.layers)
            for reverse in (False, True)[: self.directions]
        ]

    def parameters(self) -> dict[str, Parameter]:
        """Every parameter by name, in the order of the flat vector."""
        H, O = self.hidden_size, self.output_size  # noqa: E741
        found: dict[str, Parameter] = {}
        for name, input_size, _ in self.recurrences():
            found |= {f"{name}.{key}": one for key, one in self.layer.parameters(input_size, H).items()}
            if self.initial_state == "learned":
                found |= {f"{name}.{state.initial}": Parameter((state.size,), "zeros") for state in self.states}
        return found | {
            "readout.W_ho": Parameter((H * self.directions, O)),
            "readout.b_o": Parameter((O,), "zeros"),
        }

    def layout(self) -> Layout:
        """Where every parameter lies in the flat vector."""
        found = self.parameters()
        frozen = [name for name, one in found.items() if not one.trained]
        return Layout({name: one.shape for name, one in found.items()}, frozen)
