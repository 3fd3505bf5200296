"""Networks small or plain enough that the answer is known without computing it step by step."""

import numpy as np
import pytest

from rnnlab.engine.architecture import Architecture
from rnnlab.engine.batch import Batch
from rnnlab.engine.losses import loss_function
from rnnlab.engine.network import Network
from tests.engine.samples import projection, sample

T = 40


def sigmoid(a):
    return 1 / (1 + np.exp(-a))


def network(cell="rnn", *, hidden_size, input_size=1, output_size=1, **options):
    made = Network(Architecture(input_size, hidden_size, output_size, cell, **options))
    return made, np.zeros(made.layout.size)


@pytest.mark.parametrize("w", [0.3, 0.9, -0.95, 1.0, 1.1, -1.5])
def test_transport_of_the_scalar_linear_recurrence_is_a_power(w):
    """h_t = w h_{t-1} + x_t, L = h_T: dL/dh_{T-k} = w^k, and dL/dw = sum_k w^k h_{T-k-1}."""
    made, theta = network(hidden_size=1, activation="identity")
    views = made.layout.views(theta)
    views["layer0.W_hh"][...], views["layer0.W_xh"][...], views["readout.W_ho"][...] = w, 1, 1
    x = np.random.default_rng(0).standard_normal((T, 1, 1))
    result = made.gradients(theta, Batch(x, np.ones((1, 1))), projection, flow=True)
    powers = w ** np.arange(T)
    np.testing.assert_allclose(result.flow[0][::-1, 0, 0], powers, rtol=1e-13)
    h = [sum(w**k * x[t - k, 0, 0] for k in range(t + 1)) for t in range(-1, T)]
    gradient = made.layout.view(result.parameters, "layer0.W_hh").item()
    np.testing.assert_allclose(gradient, powers @ h[T - 1 :: -1][:T], rtol=1e-12)
    np.testing.assert_allclose(result.loss, h[T], rtol=1e-13)


def test_a_stable_matrix_may_carry_gradients_up_before_it_carries_them_down():
    """[[.9, 10], [0, .9]] has spectral radius .9, yet ||W^k|| peaks near 38.7 and falls below 1 at k = 63."""
    made, theta = network(hidden_size=2, activation="identity", output_size=2)
    views = made.layout.views(theta)
    views["layer0.W_hh"][...] = [[0.9, 10], [0, 0.9]]
    views["readout.W_ho"][...] = np.eye(2)
    flows = [
        made.gradients(theta, Batch(np.zeros((80, 1, 1)), np.eye(2)[[k]]), projection, flow=True).flow[0][::-1, 0]
        for k in (0, 1)
    ]
    norms = np.linalg.norm(np.stack(flows, axis=-1), ord=2, axis=(1, 2))
    assert 38.6 < norms.max() < 38.8
    assert np.flatnonzero(norms > 1)[-1] == 62


@pytest.mark.parametrize("b_f", [0.0, 1.0, 2.0, 3.0])
def test_the_memory_of_an_lstm_without_weights_fades_by_its_forget_gate_alone(b_f):
    """dc_T/dc_{-1} = sigmoid(b_f)^T where neither state nor input moves a gate."""
    made, theta = network("lstm", hidden_size=3)
    views = made.layout.views(theta)
    views["layer0.b_h"][3:6] = b_f
    views["readout.W_ho"][...] = 1
    c = np.array([[0.1, -0.2, 0.3]])
    batch = Batch(np.zeros((50, 1, 1)), np.ones((1, 1)))
    result = made.gradients(theta, batch, projection, states=[[np.zeros((1, 3)), c]], initial=True)
    c_last = result.states[0][1]
    fading = sigmoid(b_f) ** 50
    np.testing.assert_allclose(c_last, c * fading, rtol=1e-12)
    expected = 0.5 * (1 - np.tanh(c_last) ** 2) * fading  # o = sigmoid(0)
    np.testing.assert_allclose(result.initial[0][1], expected, rtol=1e-12)
    assert fading == pytest.approx({0: 8.9e-16, 1: 1.6e-7, 2: 1.7e-3, 3: 8.8e-2}[b_f], rel=0.05)


def test_the_gru_at_its_zero_fixed_point():
    """J = I / 2 + W_hn / 4 for row vectors, h_t = h_{t-1} J near 0, where the gates see nothing."""
    H = 4
    made, theta = network("gru", hidden_size=H, output_size=H)
    views = made.layout.views(theta)
    W_hn = np.random.default_rng(1).standard_normal((H, H))
    views["layer0.W_hh"][:, 2 * H :] = W_hn
    views["readout.W_ho"][...] = np.eye(H)
    batch = Batch(np.zeros((6, H, 1)), np.eye(H))  # row b: dL/dh_T = e_b
    result = made.gradients(theta, batch, projection, states=[[np.zeros((H, H))]], initial=True)
    J = np.eye(H) / 2 + W_hn / 4
    np.testing.assert_allclose(H * result.initial[0][0], np.linalg.matrix_power(J, 6).T, rtol=1e-12)


@pytest.mark.parametrize("activation", ["tanh", "sigmoid", "identity", "relu"])
def test_gradients_by_lag_add_up_to_the_whole(activation):
    """G_k = sum_t h_{t-k-1}^T (D_{t-k} * dl_t/dh_{t-k}); sum_k G_k = dW_hh, with each l_t taken alone."""
    steps = 6
    drawn = sample("rnn", activation, readout="every", steps=steps, initial_state="given")
    made, batch = drawn.network, drawn.batch
    h = made.activations(drawn.theta, batch, states=drawn.states)[0]["h"]
    slope = {
        "tanh": lambda s: 1 - s**2,
        "sigmoid": lambda s: s * (1 - s),
        "identity": np.ones_like,
        "relu": lambda s: (s > 0).astype(float),
    }[activation](h[1:])
    by_lag = np.zeros((steps, 4, 4))
    for t in range(steps):
        targets = np.zeros_like(batch.targets)
        targets[t] = batch.targets[t]
        flow = drawn.but(batch=Batch(batch.inputs, targets)).gradients(flow=True).flow[0]
        for k in range(t + 1):
            by_lag[k] += h[t - k].T @ (slope[t - k] * flow[t - k])
    whole = made.layout.view(drawn.gradients().parameters, "layer0.W_hh")
    np.testing.assert_allclose(by_lag.sum(axis=0), whole, rtol=1e-11, atol=1e-13)


@pytest.mark.parametrize("bidirectional", [False, True])
def test_flow_is_the_gradient_of_every_state(bidirectional):
    """dL/dh_0 of the flow, taken one step further back by the last product, is the gradient of the initial state."""
    drawn = sample("rnn", "tanh", initial_state="given", bidirectional=bidirectional, layers=2)
    result = drawn.gradients(initial=True, flow=True)
    activations = drawn.network.activations(drawn.theta, drawn.batch, states=drawn.states)
    for index, (name, *_) in enumerate(drawn.network.architecture.recurrences()):
        W_hh = drawn.network.layout.view(drawn.theta, f"{name}.W_hh")
        first = result.flow[index][0] * (1 - activations[index]["h"][1] ** 2)
        np.testing.assert_allclose(result.initial[index][0], first @ W_hh.T, rtol=1e-11, atol=1e-15)


@pytest.mark.parametrize("cell", ["rnn", "lstm", "gru"])
def test_without_weights_a_network_says_its_bias(cell):
    made, theta = network(cell, hidden_size=3, output_size=2)
    made.layout.view(theta, "readout.b_o")[...] = [0.25, -4]
    outputs, _ = made.outputs(theta, Batch(np.ones((5, 2, 1))))
    np.testing.assert_array_equal(outputs, [[0.25, -4]] * 2)


def test_losses_are_sums_over_steps_and_means_over_sequences():
    """b_o alone speaks: o = b_o, so the loss of T steps and B equal sequences is T times that of one step."""
    made, theta = network(hidden_size=2, output_size=2, readout="every")
    made.layout.view(theta, "readout.b_o")[...] = [1, 3]
    for steps, sequences in ((1, 1), (7, 1), (1, 9), (7, 9)):
        batch = Batch(np.zeros((steps, sequences, 1)), np.zeros((steps, sequences, 2)))
        result = made.gradients(theta, batch, loss_function("half_squared_error"))
        assert result.loss == pytest.approx(steps * 5, rel=1e-14)
        b_o = made.layout.view(result.parameters, "readout.b_o")
        np.testing.assert_allclose(b_o, [steps * 1, steps * 3], rtol=1e-14)
