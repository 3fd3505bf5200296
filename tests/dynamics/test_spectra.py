"""Spectra against matrices whose eigenvalues and singular values are known."""

import numpy as np
import pytest

from rnnlab.dynamics import spectra


def test_each_gate_is_a_block_of_its_own():
    W_hh = np.arange(24.0).reshape(2, 3, 4).swapaxes(0, 1).reshape(3, 8)[:2, :6]
    blocks = spectra.blocks(W_hh)
    assert blocks.shape == (3, 2, 2)
    np.testing.assert_array_equal(blocks[1], W_hh[:, 2:4])


def test_eigenvalues_come_largest_first_and_the_radius_is_their_modulus():
    rotation = 1.5 * np.array([[0.0, -1.0], [1.0, 0.0]])
    W = np.stack([np.diag([0.2, -0.7]), rotation])
    np.testing.assert_allclose(spectra.eigenvalues(W)[0, 0], [-0.7, 0.2])
    np.testing.assert_allclose(np.abs(spectra.eigenvalues(W)[1, 0]), 1.5)
    np.testing.assert_allclose(spectra.spectral_radius(W), [0.7, 1.5])


def test_the_radius_of_a_gated_cell_is_that_of_its_largest_block():
    assert spectra.spectral_radius(np.hstack([0.3 * np.eye(2), 2 * np.eye(2), np.eye(2)])) == pytest.approx(2)


@pytest.mark.parametrize("scale", [1e-160, 1.0, 1e160])
def test_sigma_max_is_the_largest_singular_value_at_any_scale(scale):
    W = np.random.default_rng(0).normal(size=(4, 7, 7))
    np.testing.assert_allclose(
        spectra.sigma_max(scale * W), scale * np.linalg.svd(W, compute_uv=False)[:, 0], rtol=1e-12
    )


def test_the_radius_of_a_non_normal_matrix_says_nothing_of_its_norm():
    W = np.array([[0.9, 10.0], [0.0, 0.9]])
    assert spectra.spectral_radius(W) == pytest.approx(0.9, abs=1e-6)
    assert spectra.sigma_max(W) == pytest.approx(10.08, abs=0.01)


def test_exact_spectral_radii_leave_large_singular_values():
    """Rescaled to a radius of .9, .99 and 1.2, 50 Gaussian units have a sigma_max of 1.65, 1.82 and 2.20."""
    W = np.random.default_rng(0).normal(size=(100, 50, 50))
    W /= spectra.spectral_radius(W)[:, None, None]
    mean = spectra.sigma_max(W).mean()
    np.testing.assert_allclose(mean * np.array([0.9, 0.99, 1.2]), [1.65, 1.82, 2.20], rtol=0.03)


def test_weights_that_are_not_finite_have_no_spectrum():
    W = np.stack([np.eye(2), np.full((2, 2), np.inf)])
    assert spectra.spectral_radius(W)[0] == 1
    assert np.isnan(spectra.spectral_radius(W)[1])


@pytest.mark.parametrize(("activation", "edge"), [("tanh", 1), ("relu", 2**0.5), ("sigmoid", 4), ("identity", 1)])
def test_mean_field_puts_the_rate_at_zero_on_the_edge(activation, edge):
    assert spectra.mean_field_edge(activation) == pytest.approx(edge)
    assert spectra.mean_field_rate(edge, activation) == pytest.approx(0, abs=1e-15)
    assert spectra.mean_field_rate(0.0, activation) == -np.inf
