"""What a network looks like: sizes, cell, layers, and the names and shapes of its parameters."""

from dataclasses import dataclass

from rnnlab.engine.cells import CELLS
from rnnlab.engine.parameters import Layout


@dataclass(frozen=True)
class Architecture:
    """A stack of recurrent layers with a linear readout.

    Attributes
    ----------
    input_size, hidden_size, output_size : int
        I, H and O. For token inputs I is the size of the vocabulary.
    cell : str
        rnn, lstm or gru.
    activation : str
        tanh, sigmoid, relu or identity: the vanilla cell's.
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
    cell: str = "rnn"
    activation: str = "tanh"
    layers: int = 1
    bidirectional: bool = False
    initial_state: str = "zero"
    readout: str = "last"

    @property
    def directions(self) -> int:
        return 2 if self.bidirectional else 1

    def recurrences(self) -> list[tuple[str, int, bool]]:
        """(name, input size, runs backwards) of every recurrence, bottom layer first, forward direction first."""
        below = self.hidden_size * self.directions
        return [
            (f"layer{k}" + (".reverse" if reverse else ""), below if k else self.input_size, reverse)
            for k in range(self.layers)
            for reverse in (False, True)[: self.directions]
        ]

    def shapes(self) -> dict[str, tuple[int, ...]]:
        """Shape of every parameter by name, in the order of the flat vector."""
        cell, H, O = CELLS[self.cell], self.hidden_size, self.output_size  # noqa: E741
        shapes: dict[str, tuple[int, ...]] = {}
        for name, input_size, _ in self.recurrences():
            shapes |= {f"{name}.{key}": shape for key, shape in cell.shapes(input_size, H).items()}
            if self.initial_state == "learned":
                shapes |= {f"{name}.{key}": (H,) for key in cell.STATES}
        shapes |= {"readout.W_ho": (H * self.directions, O), "readout.b_o": (O,)}
        return shapes

    def layout(self) -> Layout:
        """Where every parameter lies in the flat vector."""
        return Layout(self.shapes())
