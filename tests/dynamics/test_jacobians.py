"""Products of Jacobians against closed forms: scalars, gates, non-normal and orthogonal matrices."""

import numpy as np
import pytest

from rnnlab.dynamics import spectra
from rnnlab.dynamics.jacobians import condition_number, log_norm_bound, suffix_products
from rnnlab.engine.batch import Batch
from rnnlab.engine.trajectory import follow
from tests.dynamics.networks import CELLS, long_product, network_of, random_case, step_jacobians, undriven


def product_norms(trajectory):
    return np.exp(suffix_products(trajectory)[0])


def norm_bound(trajectory):
    return np.exp(log_norm_bound(trajectory, spectra.sigma_max(trajectory.weights["W_hh"])))


@pytest.mark.parametrize("w", [0.5, -0.9, 1.1])
def test_a_scalar_linear_recurrence_transports_by_powers_of_its_weight(w):
    trajectory = undriven(*network_of("rnn", "identity", 1, W_hh=w), steps=40)
    np.testing.assert_allclose(product_norms(trajectory)[:, 0, 0], abs(w) ** np.arange(41), rtol=1e-13)


def test_a_product_too_small_for_a_number_still_has_its_logarithm():
    trajectory = undriven(*network_of("rnn", "identity", 2, W_hh=np.diag([0.1, 0.1])), steps=2000)
    log_norms, product = suffix_products(trajectory)
    np.testing.assert_allclose(log_norms[:, 0, 0], np.log(0.1) * np.arange(2001), rtol=1e-12)
    np.testing.assert_allclose(product[0, 0], np.eye(2) / np.sqrt(2), rtol=1e-12)


def test_a_product_too_large_for_a_number_still_has_its_logarithm():
    trajectory = undriven(*network_of("rnn", "identity", 2, W_hh=np.diag([0.0, 10.0])), steps=500)
    expected = np.log(10) * np.arange(501) - np.log(2) / 2
    expected[0] = 0
    np.testing.assert_allclose(suffix_products(trajectory)[0][:, 0, 0], expected, rtol=1e-12)


@pytest.mark.parametrize(("cell", "activation"), CELLS)
def test_suffix_products_are_the_last_step_jacobians_multiplied(cell, activation):
    trajectory = follow(*random_case(cell, activation, models=2))
    J, H = step_jacobians(trajectory), trajectory.hidden_size
    product = np.eye(trajectory.state_size)[:H]
    for k in range(trajectory.steps + 1):
        expected = np.linalg.norm(product[..., :H], axis=(-2, -1)) / np.sqrt(H)
        np.testing.assert_allclose(product_norms(trajectory)[k], np.broadcast_to(expected, (2, 3)), rtol=1e-12)
        if k < trajectory.steps:
            product = product @ J[trajectory.steps - 1 - k]
    size = np.linalg.norm(product, axis=(-2, -1), keepdims=True)
    np.testing.assert_allclose(suffix_products(trajectory)[1], product / size, atol=1e-14)


def test_a_dead_network_transports_nothing():
    network, theta = network_of("rnn", "relu", 3, W_hh=np.eye(3), b_h=-1.0)
    log_norms, _ = suffix_products(undriven(network, theta, steps=5))
    assert (log_norms[1:, 0, 0] == -np.inf).all()


@pytest.mark.parametrize(("b_f", "expected"), [(0, 8.9e-16), (1, 1.6e-7), (2, 1.7e-3), (3, 8.8e-2)])
def test_the_cell_path_of_an_lstm_shrinks_by_its_forget_gate(b_f, expected):
    H = 2
    network, theta = network_of("lstm", "tanh", H, b_h=np.repeat([0.0, b_f, 0.0, 0.0], H))
    product = long_product(undriven(network, theta, steps=50))[0, 0]
    np.testing.assert_allclose(product[H:, H:], np.eye(H) / (1 + np.exp(-b_f)) ** 50, rtol=1e-12, atol=1e-30)
    assert product[H, H] == pytest.approx(expected, rel=0.04)


def test_a_gru_at_its_zero_fixed_point_keeps_half_the_state():
    H, rng = 4, np.random.default_rng(0)
    W_hn = rng.normal(size=(H, H))
    W_hh = np.concatenate([rng.normal(size=(H, 2 * H)), W_hn], axis=1)
    (J,) = step_jacobians(undriven(*network_of("gru", "tanh", H, W_hh=W_hh), steps=1))[:, 0, 0]
    np.testing.assert_allclose(J.T, np.eye(H) / 2 + W_hn / 4, atol=1e-15)


def test_a_non_normal_matrix_amplifies_before_it_decays():
    W = np.array([[0.9, 10.0], [0.0, 0.9]])
    trajectory = undriven(*network_of("rnn", "identity", 2, W_hh=W), steps=80)
    norms = [
        np.linalg.norm(long_product(undriven(*network_of("rnn", "identity", 2, W_hh=W), steps=k))[0, 0], 2)
        for k in range(1, 81)
    ]
    assert float(f"{max(norms):.1f}") == 38.7
    assert norms[61] > 1 > norms[62]  # above 1 until k = 63
    assert product_norms(trajectory).max() > 20


def test_orthogonal_weights_keep_directions_alike_where_gaussian_ones_do_not():
    rng, H = np.random.default_rng(0), 100
    orthogonal = np.linalg.qr(rng.normal(size=(H, H)))[0]
    gaussian = rng.normal(0, 1 / np.sqrt(H), (H, H))
    spread = []
    for W in (orthogonal, gaussian):
        network, theta = network_of("rnn", "tanh", H, W_hh=W)
        trajectory = undriven(network, theta, 50, h_0=rng.normal(0, 0.5, H))
        spread.append(np.log10(condition_number(suffix_products(trajectory)[1]))[0, 0])
    assert 0.1 < spread[0] < 1.0  # the reference names 0.5
    assert 6.5 < spread[1] < 9.5  # and 7.8


def test_the_condition_number_of_nothing_is_not_a_number():
    assert np.isnan(condition_number(np.zeros((3, 3))))
    assert np.isnan(condition_number(np.full((3, 3), np.nan)))
    assert condition_number(np.diag([4.0, 2.0, 1.0])) == 2


@pytest.mark.parametrize("activation", ["tanh", "relu", "sigmoid", "identity"])
def test_no_product_exceeds_the_bound(activation):
    trajectory = follow(*random_case("rnn", activation, models=4))
    norms, bound = product_norms(trajectory), norm_bound(trajectory)
    assert (norms <= bound.T[..., None] * (1 + 1e-12)).all()
    steepest = trajectory.layer.slope * np.linalg.norm(trajectory.weights["W_hh"], 2, axis=(-2, -1))
    np.testing.assert_allclose(bound[:, 3], steepest**3)


def test_the_bound_is_reached_by_scaled_orthogonal_weights_of_a_linear_network():
    trajectory = undriven(*network_of("rnn", "identity", 3, W_hh=0.8 * np.eye(3)), steps=6)
    np.testing.assert_allclose(product_norms(trajectory)[:, 0, 0], norm_bound(trajectory)[0])


def test_a_gated_cell_has_no_such_bound():
    assert log_norm_bound(follow(*random_case("gru", "tanh")), np.ones(1)) is None


def test_the_bound_of_no_recurrence_is_nothing_from_the_first_lag_on():
    trajectory = undriven(*network_of("rnn", "tanh", 3), steps=2)
    np.testing.assert_array_equal(log_norm_bound(trajectory, np.zeros(1)), [[0.0, -np.inf, -np.inf]])


@pytest.mark.parametrize("bias", [10.0, 25.0, 100.0])
def test_the_product_of_saturated_units_keeps_its_digits(bias):
    """tanh'(a) of a state that is 1 to the last digit is not 0."""
    network, theta = network_of("rnn", "tanh", 1, W_hh=0.5, b_h=bias)
    norms = suffix_products(undriven(network, theta, 8))[0][:, 0, 0]
    h, slopes = 0.0, []
    for _ in range(8):
        a = bias + 0.5 * h
        h = np.tanh(a)
        slopes.append(np.log(0.5 / np.cosh(a) ** 2))
    np.testing.assert_allclose(norms, np.concatenate(([0.0], np.cumsum(slopes[::-1]))), rtol=1e-12)


def test_a_model_whose_states_overflow_does_not_spoil_the_others():
    network, theta = network_of("rnn", "identity", 2, W_hh=np.eye(2))
    both = np.stack([theta, theta])
    network.layout.view(both, "layer0.W_hh")[0] = 0.4 * np.eye(2)
    network.layout.view(both, "layer0.W_hh")[1] = 1e308 * np.eye(2)
    network.layout.view(both, "layer0.b_h")[1] = 1.0
    with np.errstate(all="ignore"):
        log_norms, _ = suffix_products(follow(network, both, Batch(np.zeros((2000, 1, 1)))))
    assert log_norms[-1, 0, 0] == pytest.approx(2000 * np.log(0.4), rel=1e-12)
