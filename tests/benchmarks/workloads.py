"""What is timed: one training step (forward, backward, clip, update) of each of these networks."""

from dataclasses import dataclass

import numpy as np

from rnnlab.engine.architecture import Architecture

# Too small to move a weight far: after a thousand timed steps all sides still work on the verified numbers.
LEARNING_RATE = 1e-6
CLIP_NORM = 5.0


@dataclass(frozen=True)
class Workload:
    """A network, a batch, a loss.

    Attributes
    ----------
    name : str
    cell, activation : str
    T, B, I, H, O : int
        Steps, sequences, input size (vocabulary size for tokens), hidden size, output size.
    readout : str
        last or every.
    inputs : str
        numbers or tokens.
    models : int or None
        Models of an ensemble, trained on the same batch; None for a lone model.
    """

    name: str
    cell: str
    activation: str
    T: int
    B: int
    I: int  # noqa: E741
    H: int
    O: int  # noqa: E741
    readout: str
    inputs: str
    models: int | None = None

    @property
    def sizes(self) -> str:
        ensemble = f" x{self.models}" if self.models else ""
        return f"{self.T},{self.B},{self.I},{self.H},{self.O}{ensemble}"

    @property
    def loss(self) -> str:
        return "half_squared_error" if self.O == 1 else "cross_entropy"

    @property
    def architecture(self) -> Architecture:
        return Architecture(self.I, self.H, self.O, self.cell, self.activation, readout=self.readout)

    def goals(self, dtype: str) -> dict[str, float]:
        """Least acceptable ratio peer / rnnlab for `torch` and `jax`; largest acceptable rnnlab / floor for `floor`."""
        torch = 1.0
        if self.cell == "rnn" and self.H <= 50:
            torch = 3.0
        elif self.cell != "rnn" and dtype == "float64":
            torch = 1.5
        goals = {"torch": torch}
        if self.B > 1 or self.models:  # a lone model of batch one is bound by call overhead: its ensemble counts
            goals["jax"] = 1.0
        if self.H >= 50:
            goals["floor"] = 2.5
        return goals


@dataclass(frozen=True)
class Problem:
    """A workload with its numbers drawn.

    Attributes
    ----------
    theta : (P,) or (R, P)
        Parameters in the engine's layout.
    inputs : (T, B, I) numbers or (T, B) int
    targets : (B, 1) numbers or int classes, (B,) or (T, B)
    """

    workload: Workload
    theta: np.ndarray
    inputs: np.ndarray
    targets: np.ndarray

    @property
    def dtype(self) -> np.dtype:
        return self.theta.dtype

    def dense_inputs(self) -> np.ndarray:
        """Inputs as numbers: tokens as one-hot rows."""
        if self.workload.inputs == "numbers":
            return self.inputs
        return np.eye(self.workload.I, dtype=self.dtype)[self.inputs]

    def parameters(self, model: int = 0) -> dict[str, np.ndarray]:
        """The parameters of one model by name."""
        layout = self.workload.architecture.layout()
        return layout.views(self.theta[model] if self.workload.models else self.theta)


def draw(workload: Workload, dtype: str) -> Problem:
    """Parameters uniform within +-1/sqrt(H), inputs and targets at random: the same on every side."""
    w, rng = workload, np.random.default_rng(20040819)
    size = w.architecture.layout().size
    theta = rng.uniform(-1, 1, (w.models, size) if w.models else size) / np.sqrt(w.H)
    if w.inputs == "tokens":
        inputs = rng.integers(0, w.I, (w.T, w.B))
    else:
        inputs = rng.normal(size=(w.T, w.B, w.I)).astype(dtype)
    if w.O == 1:
        targets = rng.normal(size=(w.B, 1)).astype(dtype)
    else:
        targets = rng.integers(0, w.O, (w.T, w.B) if w.readout == "every" else w.B)
    return Problem(w, theta.astype(dtype), inputs, targets)


def _gated(cell: str) -> list[Workload]:
    return [
        Workload(f"{cell}-order", cell, "tanh", 50, 20, 6, 50, 4, "last", "tokens"),
        Workload(f"{cell}-64", cell, "tanh", 50, 64, 4, 64, 4, "last", "numbers"),
        Workload(f"{cell}-char", cell, "tanh", 100, 32, 65, 128, 65, "every", "tokens"),
        Workload(f"{cell}-stock", cell, "tanh", 20, 817, 1, 16, 1, "last", "numbers"),
        Workload(f"{cell}-text", cell, "tanh", 200, 1, 28, 64, 28, "every", "tokens"),
    ]


ALL = [
    Workload("stock", "rnn", "tanh", 20, 817, 1, 16, 1, "last", "numbers"),
    Workload("stock10", "rnn", "tanh", 20, 8170, 1, 16, 1, "last", "numbers"),
    Workload("text", "rnn", "relu", 50, 1, 28, 50, 28, "every", "tokens"),
    Workload("order", "rnn", "tanh", 50, 20, 6, 50, 4, "last", "tokens"),
    Workload("order200", "rnn", "tanh", 200, 20, 6, 50, 4, "last", "tokens"),
    Workload("char", "rnn", "tanh", 100, 32, 65, 128, 65, "every", "tokens"),
    Workload("char256", "rnn", "tanh", 100, 64, 65, 256, 65, "every", "tokens"),
    *_gated("lstm"),
    *_gated("gru"),
    Workload("text", "rnn", "relu", 50, 1, 28, 50, 28, "every", "tokens", models=30),
    Workload("text", "rnn", "relu", 50, 1, 28, 50, 28, "every", "tokens", models=300),
    Workload("lstm-text", "lstm", "tanh", 200, 1, 28, 64, 28, "every", "tokens", models=30),
    Workload("gru-text", "gru", "tanh", 200, 1, 28, 64, 28, "every", "tokens", models=30),
]
WORKLOADS = {f"{w.name}x{w.models}" if w.models else w.name: w for w in ALL}
