"""The pull-back of any upstream gradient, that of final states too: by complex step, and as an encoder is trained."""

import numpy as np
import pytest

from rnnlab.engine.architecture import Architecture
from rnnlab.engine.batch import Batch
from rnnlab.engine.losses import loss_function
from rnnlab.engine.network import Network
from tests.engine.samples import CELLS, SMOOTH_CELLS, sample

TINY = 1e-20


def upstream(drawn, seed=1):
    """A random gradient of outputs and final states."""
    rng = np.random.default_rng(seed)
    outputs, finals = drawn.network.outputs(drawn.theta, drawn.batch, states=drawn.states)
    return rng.standard_normal(outputs.shape), [[rng.standard_normal(s.shape) for s in layer] for layer in finals]


def value(drawn, d_outputs, d_finals, theta):
    """The inner product of outputs and final states with it, per model."""
    outputs, finals = drawn.network.outputs(theta, drawn.batch, states=drawn.states)
    every, batch = drawn.network.architecture.readout == "every", drawn.batch
    if every and batch.lengths is not None:
        there = np.arange(batch.steps)[:, None] < batch.lengths
        outputs = outputs * there.reshape(batch.steps, *(1,) * (theta.ndim - 1), -1, 1)
    over = tuple(axis for axis in range(outputs.ndim) if not (theta.ndim == 2 and axis == every))
    total = (outputs * d_outputs).sum(axis=over)
    for d_layer, layer in zip(d_finals, finals, strict=True):
        total = total + sum((d * s).sum(axis=(-2, -1)) for d, s in zip(d_layer, layer, strict=True))
    return total


@pytest.mark.parametrize("models", [None, 2])
@pytest.mark.parametrize("options", [{}, {"layers": 2, "bidirectional": True}, {"lengths": True}])
@pytest.mark.parametrize("readout", ["last", "every"])
@pytest.mark.parametrize(("cell", "activation"), SMOOTH_CELLS)
def test_it_is_the_complex_step_of_the_inner_product(cell, activation, readout, options, models):
    drawn = sample(cell, activation, readout=readout, models=models, initial_state="learned", **options)
    d_outputs, d_finals = upstream(drawn)
    found = drawn.network.pull_back(drawn.theta, drawn.batch, d_outputs, d_finals)
    np.testing.assert_allclose(found.loss, value(drawn, d_outputs, d_finals, drawn.theta), rtol=1e-12, atol=1e-12)
    rng = np.random.default_rng(2)
    for _ in range(3):
        d = rng.standard_normal(drawn.theta.shape)
        measured = value(drawn, d_outputs, d_finals, drawn.theta + 1j * TINY * d).imag / TINY
        np.testing.assert_allclose((found.parameters * d).sum(axis=-1), measured, rtol=1e-11, atol=1e-12)


@pytest.mark.parametrize(("cell", "activation"), CELLS)
def test_that_of_a_loss_is_its_gradient(cell, activation):
    drawn = sample(cell, activation, readout="every", loss="half_squared_error", lengths=True, initial_state="given")
    outputs, _ = drawn.network.outputs(drawn.theta, drawn.batch, states=drawn.states)
    d_outputs = (outputs - drawn.batch.targets) / drawn.batch.sequences
    d_outputs[np.arange(drawn.batch.steps)[:, None] >= drawn.batch.lengths] = np.nan  # not looked at
    options = {"states": drawn.states, "inputs": True, "initial": True}
    found = drawn.network.pull_back(drawn.theta, drawn.batch, d_outputs, **options)
    expected = drawn.gradients(inputs=True, initial=True)
    np.testing.assert_allclose(found.parameters, expected.parameters, rtol=1e-12, atol=1e-14)
    np.testing.assert_allclose(found.inputs, expected.inputs, rtol=1e-12, atol=1e-14)
    np.testing.assert_allclose(found.initial[0][0], expected.initial[0][0], rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("cell", ["rnn", "lstm", "gru"])
def test_an_encoder_is_trained_through_a_decoder(cell):
    """The decoder starts from the encoder's final states; the gradient by the encoder's parameters by complex step."""
    rng = np.random.default_rng(0)
    encoder = Network(Architecture(3, 4, 1, cell=cell))
    decoder = Network(Architecture(2, 4, 2, cell=cell, readout="every"))
    source = Batch(rng.standard_normal((6, 5, 3)))
    target = Batch(rng.standard_normal((4, 5, 2)), rng.standard_normal((4, 5, 2)))
    theta, phi = rng.standard_normal(encoder.layout.size), rng.standard_normal(decoder.layout.size)
    loss = loss_function("half_squared_error")

    def both(theta):
        _, finals = encoder.outputs(theta, source)
        return decoder.loss(phi.astype(theta.dtype), target, loss, states=finals)

    _, finals = encoder.outputs(theta, source)
    through = decoder.gradients(phi, target, loss, states=finals, initial=True).initial
    found = encoder.pull_back(theta, source, np.zeros((5, 1)), through).parameters
    d = rng.standard_normal(theta.shape)
    np.testing.assert_allclose(found @ d, np.imag(both(theta + 1j * TINY * d)) / TINY, rtol=1e-11)
    assert not encoder.layout.view(found, "readout.W_ho").any()


def test_a_large_batch_is_cut_and_joined(monkeypatch):
    drawn = sample("lstm", batch_size=40, models=2, readout="every", lengths=True)
    d_outputs, d_finals = upstream(drawn)
    whole = drawn.network.pull_back(drawn.theta, drawn.batch, d_outputs, d_finals)
    monkeypatch.setattr("rnnlab.engine.shards.SHARD_BYTES", 1000)
    monkeypatch.setattr("rnnlab.engine.shards.LEAST_SEQUENCES", 16)
    cut = drawn.network.pull_back(drawn.theta, drawn.batch, d_outputs, d_finals)
    assert len(drawn.network._shards(drawn.theta, drawn.batch)) > 1
    np.testing.assert_allclose(cut.parameters, whole.parameters, rtol=1e-10, atol=1e-12)
    np.testing.assert_allclose(cut.loss, whole.loss, rtol=1e-12)


def test_what_is_not_shaped_as_the_outputs_is_refused():
    drawn = sample("lstm", readout="every")
    d_outputs, d_finals = upstream(drawn)
    with pytest.raises(ValueError, match=r"'d_outputs' must have shape \(5, 3, 6\); got \(5, 3, 1\)"):
        drawn.network.pull_back(drawn.theta, drawn.batch, d_outputs[..., :1], d_finals)
    with pytest.raises(ValueError, match="'d_finals' must hold h, c of layer0; got 1 arrays"):
        drawn.network.pull_back(drawn.theta, drawn.batch, d_outputs, [d_finals[0][:1]])
