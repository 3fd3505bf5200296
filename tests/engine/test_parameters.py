"""The flat parameter vector: every entry has one place, and views are views."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rnnlab.engine.architecture import Architecture
from rnnlab.engine.parameters import Layout

SHAPES = {"layer0.W_hh": (3, 3), "layer0.W_xh": (2, 3), "layer0.b_h": (3,), "readout.b_o": (1,)}

shapes = st.dictionaries(
    st.text("abcdef", min_size=1), st.lists(st.integers(1, 4), min_size=1, max_size=3).map(tuple), min_size=1
)


@given(shapes, st.sampled_from([(), (1,), (3,)]))
def test_views_cover_every_entry_once_in_order(shapes, lead):
    layout = Layout(shapes)
    flat = np.arange(math.prod(lead) * layout.size).reshape(*lead, layout.size)
    views = layout.views(flat)
    assert {name: view.shape for name, view in views.items()} == {n: (*lead, *s) for n, s in shapes.items()}
    in_order = np.concatenate([view.reshape(*lead, -1) for view in views.values()], axis=-1)
    assert np.array_equal(in_order, flat)


def test_writing_to_a_view_writes_to_the_vector():
    layout = Layout(SHAPES)
    flat = np.zeros((2, layout.size))
    layout.view(flat, "layer0.b_h")[1] = [1, 2, 3]
    assert flat[0].tolist() == [0] * 19
    assert flat[1].tolist() == [0] * 15 + [1, 2, 3] + [0]


@pytest.mark.parametrize("lead", [(), (2,)])
def test_neighbours_are_one_matrix(lead):
    layout = Layout(SHAPES)
    flat = np.random.default_rng(0).normal(size=(*lead, layout.size))
    joined = layout.joined(flat, "layer0.W_hh", "layer0.W_xh", "layer0.b_h")
    parts = [layout.view(flat, "layer0.W_hh"), layout.view(flat, "layer0.W_xh")]
    parts.append(layout.view(flat, "layer0.b_h")[..., None, :])
    assert np.array_equal(joined, np.concatenate(parts, axis=-2))
    joined[...] = 7
    assert (flat[..., :18] == 7).all()
    assert not (flat[..., 18] == 7).any()


@given(shapes, st.sampled_from([(), (3,)]), st.sampled_from([np.float32, np.float64]))
def test_norms_are_the_euclidean_norms_of_the_views(shapes, lead, dtype):
    layout = Layout(shapes)
    flat = np.random.default_rng(1).normal(size=(*lead, layout.size)).astype(dtype)
    expected = [
        np.sqrt((view.astype(np.float64) ** 2).sum(axis=tuple(range(len(lead), view.ndim))))
        for view in layout.views(flat).values()
    ]
    norms = layout.norms(flat)
    assert norms.dtype == np.float64
    np.testing.assert_allclose(norms, np.stack(expected, axis=-1), rtol=1e-14)


def test_norms_of_single_precision_are_summed_in_double():
    layout = Layout({"a": (3,), "b": (1,)})
    flat = np.array([1e25, 1e25, 1e25, 2.0], np.float32)  # the squares are beyond single precision
    assert layout.norms(flat) == pytest.approx([math.sqrt(3) * 1e25, 2.0], rel=1e-7)


@pytest.mark.parametrize(
    ("cell", "parameters"),
    # I = 2, H = 3, O = 4: H (H + I + 1) a gate, the second bias of the GRU, and (H + 1) O of the readout.
    [("rnn", 18 + 16), ("lstm", 72 + 16), ("gru", 54 + 3 + 16)],
)
def test_number_of_parameters(cell, parameters):
    assert Architecture(2, 3, 4, cell=cell).layout().size == parameters


def test_learned_states_and_reverse_recurrences_have_their_places():
    names = Architecture(2, 3, 1, cell="lstm", layers=2, bidirectional=True, initial_state="learned").layout().names
    assert len(names) == 4 * 5 + 2
    assert "layer1.reverse.c_0" in names
    assert names[-2:] == ("readout.W_ho", "readout.b_o")
