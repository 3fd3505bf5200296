"""The products against `einsum`: every branch, with and without a model axis."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rnnlab.engine.products import apply_to_steps, step_product, sum_by_token, sum_over_time

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
def test_step_product_writes_into_its_place(lead):
    rng = np.random.default_rng(0)
    matrix, columns, place = (rng.standard_normal((*lead, *shape)) for shape in ((4, 5), (5, 2), (4, 2)))
    step_product(lead)(matrix, columns, out=place)
    np.testing.assert_allclose(place, matrix @ columns, rtol=1e-14)
