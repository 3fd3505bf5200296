"""Gradients of networks whose gates are shut or open and whose units saturate, against mpmath, in relative terms.

A check against differences or a complex step compares with the largest entry and cannot see these.
"""

import mpmath
import numpy as np
import pytest

from rnnlab.engine.architecture import Architecture
from rnnlab.engine.batch import Batch
from rnnlab.engine.losses import loss_function
from rnnlab.engine.network import Network
from rnnlab.engine.trajectory import follow
from tests.dynamics.networks import step_jacobians

STEPS = 3
BIASES = [-40, -20, -16, -12, -9, -4, 4, 9, 12, 16, 20, 40]
DPS = 80


def sigmoid(a):
    return 1 / (1 + mpmath.exp(-a))


def rnn(phi):
    def step(p, x, state):
        (h,) = state
        return (phi(h * p["W_hh"][0] + x * p["W_xh"][0] + p["b_h"][0]),)

    return step


def lstm(p, x, state):
    h, c = state
    i, f, g, o = (h * p["W_hh"][k] + x * p["W_xh"][k] + p["b_h"][k] for k in range(4))
    c = sigmoid(f) * c + sigmoid(i) * mpmath.tanh(g)
    return sigmoid(o) * mpmath.tanh(c), c


def gru(p, x, state):
    (h,) = state
    r, z = (sigmoid(h * p["W_hh"][k] + x * p["W_xh"][k] + p["b_h"][k]) for k in range(2))
    n = mpmath.tanh(x * p["W_xh"][2] + p["b_h"][2] + r * (h * p["W_hh"][2] + p["b_hn"][0]))
    return ((1 - z) * n + z * h,)


CELLS = {
    ("rnn", "tanh"): (rnn(mpmath.tanh), 1),
    ("rnn", "sigmoid"): (rnn(sigmoid), 1),
    ("lstm", "tanh"): (lstm, 2),
    ("gru", "tanh"): (gru, 1),
}
GATES = [(*cell, gate) for cell, gates in zip(CELLS, (1, 1, 4, 3), strict=True) for gate in range(gates)]


def lone_unit(cell, activation, gate, bias, dtype):
    """A network of one unit whose gate (or unit) has this bias; everything else is ordinary."""
    network = Network(Architecture(1, 1, 1, cell, activation))
    rng = np.random.default_rng(7)
    theta = rng.uniform(0.2, 0.9, network.layout.size)
    network.layout.view(theta, "layer0.b_h")[gate] = bias
    inputs, targets = rng.uniform(0.2, 0.9, (STEPS, 1, 1)), np.full((1, 1), 5.0)
    states = [[np.array([[0.3 + 0.2 * k]]) for k in range(CELLS[cell, activation][1])]]
    batch = Batch(inputs.astype(dtype), targets.astype(dtype))
    return network, theta.astype(dtype), batch, [[state.astype(dtype) for state in states[0]]]


def named(network, theta):
    return {name.rpartition(".")[2]: list(view.ravel()) for name, view in network.layout.views(theta).items()}


def exact_gradient(network, theta, batch, states, step):
    """dL/dtheta by differences of 1e-30 with 80 digits."""

    def loss(values):
        p = named(network, values)
        state = tuple(mpmath.mpf(float(s.item())) for s in states[0])
        for x in batch.inputs[:, 0, 0]:
            state = step(p, mpmath.mpf(float(x)), state)
        o = state[0] * p["W_ho"][0] + p["b_o"][0]
        return (o - mpmath.mpf(float(batch.targets[0, 0]))) ** 2 / 2

    with mpmath.workdps(DPS):
        point = np.array([mpmath.mpf(float(value)) for value in theta], object)
        nudge, gradient = mpmath.mpf(10) ** -30, []
        for k in range(len(point)):
            there, here = point.copy(), point.copy()
            there[k] += nudge
            here[k] -= nudge
            gradient.append(float((loss(there) - loss(here)) / (2 * nudge)))
    return np.array(gradient)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("bias", BIASES)
@pytest.mark.parametrize(("cell", "activation", "gate"), GATES)
def test_every_entry_of_the_gradient(cell, activation, gate, bias, dtype):
    network, theta, batch, states = lone_unit(cell, activation, gate, bias, dtype)
    expected = exact_gradient(network, theta, batch, states, CELLS[cell, activation][0])
    result = network.gradients(theta, batch, loss_function("half_squared_error"), states=states)
    eps = np.finfo(dtype).eps
    seen = np.abs(expected) > np.finfo(dtype).tiny * 1e9  # what lies below is cut off on purpose
    assert seen.any()
    # A pre-activation near the bias carries a rounding error of |bias| eps; a sum over steps may lose a digit.
    np.testing.assert_allclose(result.parameters[seen], expected[seen], rtol=(64 + 32 * abs(bias)) * eps, atol=0)


@pytest.mark.parametrize("bias", BIASES)
@pytest.mark.parametrize(("cell", "activation", "gate"), GATES)
def test_every_jacobian_of_the_dynamics(cell, activation, gate, bias):
    """The derivation in rows against the engine's BPTT: the gradient of the initial state, to the last digits."""
    network, theta, batch, states = lone_unit(cell, activation, gate, bias, np.float64)
    result = network.gradients(theta, batch, loss_function("half_squared_error"), states=states, initial=True)
    trajectory = follow(network, theta, batch, states=states)
    J = step_jacobians(trajectory)[:, 0, 0]
    o = network.outputs(theta, batch, states=states)[0]
    upstream = np.zeros(trajectory.state_size)
    upstream[0] = ((o - batch.targets) * network.layout.view(theta, "readout.W_ho")).item()
    for t in range(STEPS - 1, -1, -1):
        upstream = upstream @ J[t]
    initial = np.concatenate([state[0] for state in result.initial[0]])
    np.testing.assert_allclose(initial, upstream, rtol=1e-12, atol=0)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("margin", [0.0, 3.0, 9.0, 16.0, 30.0, 80.0])
@pytest.mark.parametrize("likelier", [True, False])
def test_losses_of_what_is_all_but_certain(likelier, margin, dtype):
    """The loss and its gradient by class, of two logits and of one."""
    eps = np.finfo(dtype).eps
    o = np.array([margin, 0.0], dtype).reshape(1, 2, 1)
    right = 0 if likelier else 1
    with mpmath.workdps(60):
        away = mpmath.mpf(margin if likelier else -margin)
        loss, rest = float(mpmath.log1p(mpmath.exp(-away))), float(1 / (1 + mpmath.exp(away)))
    value, gradient = loss_function("cross_entropy")(o, np.array([[right]]), None, 1.0)
    np.testing.assert_allclose(value, loss, rtol=4 * eps, atol=0)
    expected = rest * np.array([-1, 1] if right == 0 else [1, -1])
    np.testing.assert_allclose(gradient.ravel(), expected, rtol=4 * eps, atol=0)
    y = np.ones((1, 1, 1), dtype)
    value, gradient = loss_function("binary_cross_entropy")(o[:, :1] if likelier else -o[:, :1], y, None, 1.0)
    np.testing.assert_allclose(value, loss, rtol=4 * eps, atol=0)
    np.testing.assert_allclose(gradient.ravel(), [-rest], rtol=4 * eps, atol=0)
