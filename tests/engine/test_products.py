"""The products against `einsum`: every branch, with and without a model axis."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rnnlab.engine import products
from rnnlab.engine.products import StepProduct, apply_to_steps, sum_by_token, sum_over_time

sizes = st.integers(1, 9)
leads = st.sampled_from([(), (1,), (3,)])


@given(sizes, leads, sizes, sizes, st.sampled_from([1, 2, 40]))
def test_sum_over_time(T, lead, K, A, B):
    rng = np.random.default_rng(T + 10 * K + 100 * A)
    left, right = rng.standard_normal((T, *lead, K, B)), rng.standard_normal((T, *lead, A, B))
    expected = np.einsum("t...kb,t...ab->...ka", left, right)
    np.testing.assert_allclose(sum_over_time(left, right), expected, rtol=1e-12, atol=1e-12)


@given(sizes, leads, sizes, sizes, st.integers(1, 5), st.booleans())
def test_sum_by_token(T, lead, size, A, B, shared):
    rng = np.random.default_rng(T + 10 * size + 100 * A)
    gradient = rng.standard_normal((T, *lead, A, B))
    own = lead if lead and not shared else (1,) if lead else ()
    tokens = rng.integers(size, size=(T, *own, B))
    one_hot = np.broadcast_to(np.eye(size)[tokens], (T, *lead, B, size))
    expected = np.einsum("t...bi,t...ab->...ia", one_hot, gradient)
    ours = sum_by_token(gradient, tokens, size)
    assert ours.shape == (*lead, size, A)
    np.testing.assert_allclose(ours, expected, rtol=1e-12, atol=1e-12)


@given(sizes, leads, sizes, sizes, st.integers(1, 4))
def test_apply_to_steps(T, lead, A, K, B):
    rng = np.random.default_rng(T + 10 * K + 100 * A)
    matrix, columns = rng.standard_normal((*lead, A, K)), rng.standard_normal((T, *lead, K, B))
    expected = np.einsum("...ak,t...kb->t...ab", matrix, columns)
    np.testing.assert_allclose(apply_to_steps(matrix, columns), expected, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("lead", [(), (3,)])
@pytest.mark.parametrize(("rows", "depth", "columns"), [(4, 5, 2), (512, 160, 32), (96, 200, 64), (97, 200, 64)])
def test_step_products_write_into_their_place(lead, rows, depth, columns):
    rng = np.random.default_rng(0)
    shapes = ((rows, depth), (depth, columns), (rows, columns))
    matrix, step, place = (rng.standard_normal((*lead, *shape)) for shape in shapes)
    product = StepProduct(rows, depth, columns, lead)
    product.multiply(product.matrix(matrix), product.columns(step), out=product.out(place))
    np.testing.assert_allclose(place, matrix @ step, rtol=1e-11, atol=1e-11)


@pytest.mark.parametrize("lead", [(), (3,)])
@pytest.mark.parametrize(("K", "A", "B"), [(5, 6, 40), (40, 50, 2)])
@pytest.mark.parametrize("workspace", [1, 20_000, 1 << 30])
def test_sums_over_time_that_are_taken_in_parts(monkeypatch, workspace, lead, K, A, B):
    monkeypatch.setattr(products, "WORKSPACE", workspace)
    rng = np.random.default_rng(0)
    left, right = rng.standard_normal((37, *lead, K, B)), rng.standard_normal((37, *lead, A, B))
    expected = np.einsum("t...kb,t...ab->...ka", left, right)
    np.testing.assert_allclose(sum_over_time(left, right), expected, rtol=1e-12, atol=1e-12)
