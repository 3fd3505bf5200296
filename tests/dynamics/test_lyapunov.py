"""Lyapunov exponents against eigenvalues at a fixed point and against mean field theory in chaos."""

import numpy as np
import pytest

from rnnlab.dynamics import lyapunov
from rnnlab.engine.trajectory import follow
from tests.dynamics.networks import lyapunov_spectrum, network_of, random_case, step_jacobians, undriven


def rng():
    return np.random.default_rng(1)


def test_at_the_zero_fixed_point_they_are_the_logarithms_of_the_eigenvalues():
    W = np.random.default_rng(0).normal(0, 0.4, (5, 5))
    trajectory = undriven(*network_of("rnn", "tanh", 5, W_hh=W), steps=4000)
    expected = np.sort(np.log(np.abs(np.linalg.eigvals(W))))[::-1]
    np.testing.assert_allclose(lyapunov_spectrum(trajectory, rng(), count=5, warm_up=400)[0, 0], expected, atol=2e-3)
    np.testing.assert_allclose(lyapunov.largest(trajectory, rng())[0, 0], expected[0], atol=2e-3)


def test_their_sum_is_the_mean_logarithm_of_the_determinants():
    trajectory = follow(*random_case("lstm", "tanh", steps=30))
    determinants = np.linalg.slogdet(step_jacobians(trajectory))[1].mean(axis=0)
    exponents = lyapunov_spectrum(trajectory, rng(), count=trajectory.state_size, warm_up=0)
    np.testing.assert_allclose(exponents.sum(axis=-1), determinants, rtol=1e-10)
    assert (np.diff(exponents) <= 0).all()


@pytest.mark.parametrize(("g", "expected"), [(1.5, 0.049), (2, 0.148), (3, 0.308), (5, 0.522)])
def test_a_large_chaotic_network_agrees_with_the_simulation_of_the_reference(g, expected):
    """Autonomous tanh, N = 500. Mean field: .065 / .155 / .310 / .532 (Sompolinsky, Crisanti, Sommers 1988)."""
    N, draw = 500, np.random.default_rng(3)
    W = draw.normal(0, g / np.sqrt(N), (N, N))
    trajectory = undriven(*network_of("rnn", "tanh", N, W_hh=W), steps=1500, h_0=draw.normal(0, 0.5, N))
    assert lyapunov.largest(trajectory, rng())[0, 0] == pytest.approx(expected, abs=0.025)


def test_the_largest_is_the_first_of_the_spectrum():
    trajectory = follow(*random_case("gru", "tanh", models=2, steps=600, sequences=2))
    first = lyapunov_spectrum(trajectory, rng(), count=1, warm_up=60)[..., 0]
    np.testing.assert_allclose(lyapunov.largest(trajectory, rng()), first, atol=0.01)


def test_a_dead_network_forgets_at_once():
    network, theta = network_of("rnn", "relu", 3, W_hh=np.eye(3), b_h=-1.0)
    assert lyapunov.largest(undriven(network, theta, 10), rng())[0, 0] == -np.inf


def test_a_warm_up_as_long_as_the_run_is_refused():
    with pytest.raises(ValueError, match="below the 10 steps; got 10"):
        lyapunov.largest(undriven(*network_of("rnn", "tanh", 2), steps=10), rng(), warm_up=10)
