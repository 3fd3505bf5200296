"""Small random networks and batches in which every size differs from every other, so that no mix-up of axes fits."""

from dataclasses import dataclass, replace

import numpy as np

from rnnlab.engine.architecture import Architecture
from rnnlab.engine.batch import Batch
from rnnlab.engine.losses import loss_function
from rnnlab.engine.network import Gradients, Loss, Network, States

CELLS = [
    ("rnn", "tanh"),
    ("rnn", "sigmoid"),
    ("rnn", "relu"),
    ("rnn", "identity"),
    ("lstm", "tanh"),
    ("gru", "tanh"),
]
SMOOTH_CELLS = [pair for pair in CELLS if pair[1] != "relu"]
CLASSES = ("cross_entropy",)


@dataclass(frozen=True)
class Sample:
    network: Network
    theta: np.ndarray
    batch: Batch
    loss: Loss
    states: States | None

    def gradients(self, **options) -> Gradients:
        return self.network.gradients(self.theta, self.batch, self.loss, states=self.states, **options)

    def but(self, **changes) -> "Sample":
        return replace(self, **changes)


def projection(o, y, counts, scale):
    """sum o y: the targets are the upstream gradient, as random as they are."""
    upstream = np.broadcast_to(y, o.shape).astype(o.dtype)
    if counts is not None:
        upstream = np.where(counts[..., None, :], upstream, 0)
    return (o * upstream).sum(axis=(0, -2, -1)) * scale, upstream * o.dtype.type(scale)


def sample(
    cell: str = "rnn",
    activation: str = "tanh",
    *,
    layers: int = 1,
    bidirectional: bool = False,
    initial_state: str = "zero",
    readout: str = "last",
    loss: str = "projection",
    tokens: bool = False,
    steps: int = 5,
    batch_size: int = 3,
    input_size: int = 7,
    hidden_size: int = 4,
    output_size: int = 6,
    models: int | None = None,
    per_model: bool = False,
    lengths: bool = False,
    dtype: str = "float64",
    spread: float = 0.5,
    threads: int = 1,
    seed: int = 0,
) -> Sample:
    """A random network with a random batch. `initial_state` may also be `given`: states that the caller hands over."""
    rng = np.random.default_rng(seed)
    given = initial_state == "given"
    architecture = Architecture(
        input_size,
        hidden_size,
        output_size,
        cell,
        activation,
        layers,
        bidirectional,
        "zero" if given else initial_state,
        readout,
    )
    network = Network(architecture, threads=threads)
    lead = () if models is None else (models,)
    theta = (spread * rng.standard_normal((*lead, network.layout.size))).astype(dtype)
    rows = (*(lead if per_model else ()), batch_size)
    inputs = (
        rng.integers(input_size, size=(steps, *rows))
        if tokens
        else rng.standard_normal((steps, *rows, input_size)).astype(dtype)
    )
    at = (steps, *rows) if readout == "every" else rows
    targets = (
        rng.integers(output_size, size=at)
        if loss in CLASSES
        else rng.integers(2, size=(*at, output_size)).astype(dtype)
        if loss == "binary_cross_entropy"
        else rng.standard_normal((*at, output_size)).astype(dtype)
    )
    ends = rng.permuted(np.broadcast_to(1 + np.arange(batch_size) % steps, rows), axis=-1) if lengths else None
    states = None
    if given:
        kinds = 2 if cell == "lstm" else 1
        states = [
            [rng.standard_normal((*lead, batch_size, hidden_size)).astype(dtype) for _ in range(kinds)]
            for _ in architecture.recurrences()
        ]
    function = projection if loss == "projection" else loss_function(loss)
    return Sample(network, theta, Batch(inputs, targets, ends, per_model), function, states)


def lone(many: Sample, model: int) -> Sample:
    """One model of an ensemble, by itself."""
    batch = many.batch
    if batch.per_model:
        last = many.network.architecture.readout == "last"
        assert batch.targets is not None
        batch = Batch(
            batch.inputs[:, model],
            batch.targets[model] if last else batch.targets[:, model],
            None if batch.lengths is None else batch.lengths[model],
        )
    states = None if many.states is None else [[state[model] for state in layer] for layer in many.states]
    return many.but(theta=many.theta[model], batch=batch, states=states)
