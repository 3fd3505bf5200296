"""What backpropagation keeps, and what it does with gradients that have vanished."""

import gc
import tracemalloc

import numpy as np
import pytest

from rnnlab.engine.layers.gated import GatedRecurrence
from rnnlab.engine.network import Network
from tests.engine.samples import Sample, sample


def recurrences(network: Network):
    return [recurrence for stacks in network._idle.values() for stack in stacks for recurrence in stack.recurrences]


def denormal_share(a: np.ndarray) -> float:
    size = np.abs(a)
    return float(((size > 0) & (size < np.finfo(a.dtype).tiny)).mean())


def long(cell: str, dtype: str, *, steps: int = 1200, **options) -> Sample:
    """Many steps of a network that forgets: its gates are half closed from the start."""
    drawn = sample(cell, steps=steps, hidden_size=20, dtype=dtype, spread=0.1, loss="half_squared_error", **options)
    for name, view in drawn.network.layout.views(drawn.theta).items():
        if name.endswith("b_h"):
            view -= 1
    return drawn


@pytest.mark.parametrize("layers", [1, 2])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("cell", ["rnn", "lstm", "gru"])
def test_vanished_gradients_do_not_turn_denormal(cell, dtype, layers):
    drawn = long(cell, dtype, layers=layers)
    result = drawn.gradients(flow=True)
    assert not result.flow[0][0].any()  # vanished long before the first step
    assert result.flow[0][-1].all()
    for recurrence in recurrences(drawn.network):
        assert isinstance(recurrence, GatedRecurrence)
        kept = [recurrence.da, *recurrence.states[1:]]
        for a in kept:
            assert denormal_share(a) * len(a) < 5  # steps of 1200


@pytest.mark.parametrize("cell", ["rnn", "lstm", "gru"])
def test_the_cut_takes_nothing_that_counts(cell):
    """Each step's gradient in float32 is that of float64, or zero below 1e-29."""
    single, double = (long(cell, dtype, steps=200).gradients(flow=True) for dtype in ("float32", "float64"))
    coarse, fine = single.flow[0].astype(float), double.flow[0]
    assert (coarse == 0).any()
    assert (np.abs(fine[coarse == 0]) < 1e-29).all()
    norms = [np.linalg.norm(flow, axis=(1, 2)) for flow in (coarse, fine)]
    seen = norms[1] > 1e-25
    assert seen.sum() > 20
    np.testing.assert_allclose(norms[0][seen], norms[1][seen], rtol=1e-4)
    error = np.linalg.norm(single.parameters - double.parameters)
    assert error < 1e-5 * np.linalg.norm(double.parameters)


@pytest.mark.parametrize("cell", ["rnn", "lstm", "gru"])
def test_nothing_is_cut_where_every_step_adds_to_the_gradient(cell):
    """Tiny losses are not vanished ones: with an output at every step, scaling the targets scales the gradient."""
    drawn = sample(cell, steps=100, readout="every")
    tiny = 2.0**-1000  # products with it are exact, and lie below what counts as vanished
    faint = drawn.but(loss=lambda o, y, counts, scale: drawn.loss(o, y, counts, scale * tiny)).gradients()
    np.testing.assert_allclose(faint.parameters / tiny, drawn.gradients().parameters, rtol=1e-10)


# Rows per step and sequence that backpropagation cannot do without: x, 1 and h; and for each cell a slope (rnn),
# four gates, c and tanh c (lstm), two gates, the candidate and its recurrent half (gru).
KEPT = {"rnn": 1, "lstm": 6, "gru": 4}


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("cell", ["rnn", "lstm", "gru"])
def test_memory_is_at_most_half_more_than_what_must_be_kept(cell, dtype):
    drawn = sample(cell, steps=300, batch_size=16, hidden_size=96, spread=0.05, dtype=dtype)
    assert len(drawn.network._shards(drawn.theta, drawn.batch)) == 1
    fresh = drawn.but(network=Network(drawn.network.architecture))
    drawn.gradients()  # what Python and NumPy allocate once
    tracemalloc.start()
    try:
        fresh.gradients()
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    must = 301 * 16 * (96 + 7 + 1 + KEPT[cell] * 96) * np.dtype(dtype).itemsize
    assert 0.9 * must < peak
    assert peak < 1.5 * must


@pytest.mark.parametrize("cell", ["rnn", "lstm", "gru"])
def test_memory_does_not_grow_with_the_stream(cell):
    drawn = sample(cell, steps=50, readout="every")
    states = None

    def feed(chunks):
        nonlocal states
        for _ in range(chunks):
            states = drawn.but(states=states).gradients().states

    feed(3)
    tracemalloc.start()
    try:
        feed(3)
        few, _ = tracemalloc.get_traced_memory()
        feed(60)
        gc.collect()
        many, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert many < few + 50 * 3 * (4 + 7 + 1) * 8  # the smallest buffer of one chunk; sixty have gone by
