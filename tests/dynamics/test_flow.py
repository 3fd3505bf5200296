"""Gradients by lag: BPTT against explicit Jacobians, and the lag decomposition against the gradient itself."""

import numpy as np
import pytest

from rnnlab.dynamics import flow
from rnnlab.engine.architecture import Architecture
from rnnlab.engine.batch import Batch
from rnnlab.engine.losses import loss_function
from rnnlab.engine.network import Network
from rnnlab.engine.trajectory import follow
from tests.dynamics.networks import CELLS, CROSS_ENTROPY, network_of, random_case, step_jacobians


@pytest.mark.parametrize("models", [None, 2])
@pytest.mark.parametrize(("cell", "activation"), CELLS)
def test_transport_by_bptt_is_the_product_of_explicit_jacobians(cell, activation, models):
    network, theta, batch = random_case(cell, activation, models=models)
    trajectory = follow(network, theta, batch)
    J, H = step_jacobians(trajectory), trajectory.hidden_size
    adjoint = np.zeros((*J.shape[1:3], 1, trajectory.state_size))
    adjoint[:, :, 0, :H] = flow.loss_adjoints(network, theta, batch, CROSS_ENTROPY)[-1]
    expected = []
    for t in range(trajectory.steps - 1, -1, -1):
        expected.append(np.sqrt(np.square(adjoint[..., :H]).sum(axis=(1, 2, 3))))
        adjoint = adjoint @ J[t]
    measured = flow.transport(network, theta, batch, CROSS_ENTROPY)
    np.testing.assert_allclose(np.atleast_2d(measured), np.transpose(expected), rtol=1e-12)


@pytest.mark.parametrize("readout", ["every", "last"])
@pytest.mark.parametrize("recurrence", [0, 1])
@pytest.mark.parametrize("cell", ["rnn", "lstm", "gru"])
def test_transport_of_each_direction_starts_from_the_state_of_its_own_last_step(cell, recurrence, readout):
    network = Network(Architecture(5, 6, 5, cell=cell, bidirectional=True, readout=readout))
    rng = np.random.default_rng(2)
    theta = rng.normal(0, 0.5, (2, network.layout.size))
    tokens = rng.integers(0, 5, (2, 9, 3))
    batch = Batch(tokens[0], tokens[1] if readout == "every" else tokens[1, -1])
    trajectory = follow(network, theta, batch, layer=recurrence)
    J, H = step_jacobians(trajectory), trajectory.hidden_size
    outputs = network.outputs(theta, batch)[0]
    step = -1 if recurrence == 0 else 0
    o, y = (outputs[step], tokens[1, step]) if readout == "every" else (outputs, tokens[1, -1])
    p = np.exp(o) / np.exp(o).sum(axis=-1, keepdims=True)
    W_ho = network.layout.view(theta, "readout.W_ho")[:, recurrence * H : (recurrence + 1) * H]
    adjoint = np.zeros((2, 3, 1, trajectory.state_size))
    adjoint[:, :, 0, :H] = (p - np.eye(5)[y]) @ np.swapaxes(W_ho, -1, -2) / 3
    expected = []
    for t in range(trajectory.steps - 1, -1, -1):
        expected.append(np.sqrt(np.square(adjoint[..., :H]).sum(axis=(1, 2, 3))))
        adjoint = adjoint @ J[t]
    measured = flow.transport(network, theta, batch, CROSS_ENTROPY, layer=recurrence)
    np.testing.assert_allclose(measured, np.transpose(expected), rtol=1e-12)
    if readout == "every" and recurrence == 0:
        total = flow.total(network, theta, batch, CROSS_ENTROPY, layer=recurrence)
        np.testing.assert_allclose(measured[:, 0], total[:, 0], rtol=1e-12)


@pytest.mark.parametrize("size", [1e-170, 1e-200])
def test_a_transport_whose_squares_underflow_is_not_zero(size):
    network, theta = network_of("rnn", "identity", 1, W_hh=1.0, W_xh=1.0)
    network.layout.view(theta, "readout.W_ho")[...] = size
    batch = Batch(np.ones((4, 1, 1)), np.full((4, 1, 1), -1.0))
    norms = flow.transport(network, theta, batch, loss_function("half_squared_error"))
    np.testing.assert_allclose(norms, size, rtol=1e-12)


def test_transport_of_a_scalar_linear_recurrence_is_a_power_of_its_weight():
    network, theta = network_of("rnn", "identity", 1, W_hh=0.7, W_xh=1.0)
    network.layout.view(theta, "readout.W_ho")[...] = 1
    batch = Batch(np.ones((30, 1, 1)), np.zeros((30, 1, 1)))
    norms = flow.transport(network, theta, batch, loss_function("half_squared_error"))
    np.testing.assert_allclose(norms / norms[0], 0.7 ** np.arange(30), rtol=1e-12)


def test_the_total_hides_what_the_transport_shows():
    """With a loss at every step the gradient is refilled: it keeps its size while the transport decays."""
    network, theta = network_of("rnn", "identity", 1, W_hh=0.5, W_xh=1.0)
    network.layout.view(theta, "readout.W_ho")[...] = 1
    batch, loss = Batch(np.ones((30, 1, 1)), np.zeros((30, 1, 1))), loss_function("half_squared_error")
    assert flow.total(network, theta, batch, loss)[20] > 1
    assert flow.transport(network, theta, batch, loss)[20] < 1e-5


@pytest.mark.parametrize(("cell", "activation"), CELLS)
def test_lag_gradients_add_up_to_the_gradient(cell, activation):
    network, theta, batch = random_case(cell, activation, models=2)
    adjoints = flow.loss_adjoints(network, theta, batch, CROSS_ENTROPY)
    by_lag = list(flow.lag_gradients(follow(network, theta, batch), adjoints))
    gradient = network.gradients(theta, batch, CROSS_ENTROPY).parameters
    np.testing.assert_allclose(sum(by_lag), network.layout.view(gradient, "layer0.W_hh"), atol=1e-13)


def test_lag_gradients_of_a_loss_at_the_last_step_add_up_too():
    network, theta, batch = random_case("rnn", "tanh")
    network, theta = network_of("rnn", "tanh", 6, inputs=5, readout="last"), theta
    network = network[0]
    batch = Batch(batch.inputs, batch.targets[-1])
    adjoints = flow.loss_adjoints(network, theta, batch, CROSS_ENTROPY)
    by_lag = list(flow.lag_gradients(follow(network, theta, batch), adjoints))
    gradient = network.gradients(theta, batch, CROSS_ENTROPY).parameters
    np.testing.assert_allclose(sum(by_lag)[0], network.layout.view(gradient, "layer0.W_hh"), atol=1e-13)


def test_lag_norms_are_those_of_the_lag_gradients():
    network, theta, batch = random_case("lstm", "tanh", models=2)
    trajectory, adjoints = follow(network, theta, batch), flow.loss_adjoints(network, theta, batch, CROSS_ENTROPY)
    matrices = np.stack(list(flow.lag_gradients(trajectory, adjoints, lags=4)))
    np.testing.assert_allclose(
        flow.lag_norms(trajectory, adjoints, lags=4), np.linalg.norm(matrices, axis=(-2, -1)).T, rtol=1e-14
    )


def test_the_share_of_late_lags():
    assert flow.lag_share(np.array([[1.0, 1, 1, 1, 1, 3, 2]]))[0] == 0.5
    assert np.isnan(flow.lag_share(np.zeros((1, 7)))[0])
