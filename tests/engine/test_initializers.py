"""Initial weights: what each kind promises, and that a seed gives the same numbers whatever else is set."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rnnlab.config.schema.initial_weights import InitialWeights
from rnnlab.engine.architecture import Architecture
from rnnlab.engine.initializers import INITIALIZERS, initial_parameters

GATES = {"rnn": 1, "lstm": 4, "gru": 3}
FOR_SQUARES = [{"kind": kind} for kind in INITIALIZERS if kind != "constant"] + [{"kind": "constant", "value": 0.3}]

cells = st.sampled_from(["rnn", "lstm", "gru"])
seeds = st.integers(0, 2**32 - 1)


def drawn(architecture: Architecture, init=None, seed: int = 0, **options) -> dict[str, np.ndarray]:
    theta = initial_parameters(architecture, np.random.default_rng(seed), init, **options)
    return architecture.layout().views(theta)


def blocks(W: np.ndarray, cell: str) -> list[np.ndarray]:
    """The gates of a parameter."""
    return np.split(W, GATES[cell], axis=-1)


DEFAULTS = {
    name.rpartition(".")[2]: parameter.init
    for cell in GATES
    for name, parameter in Architecture(2, 3, 2, cell=cell, initial_state="learned").parameters().items()
}
UNIFORM = {name: {"kind": "uniform"} for name in DEFAULTS}


@pytest.mark.parametrize("cell", ["rnn", "lstm", "gru"])
def test_biases_and_learned_states_start_at_zero(cell):
    for name, values in drawn(Architecture(30, 64, 30, cell=cell, initial_state="learned")).items():
        assert bool(values.any()) == name.rpartition(".")[2].startswith("W_"), name


def test_a_config_that_says_nothing_and_the_library_start_alike():
    said = InitialWeights()
    assert {name: getattr(said, name).kind for name in DEFAULTS} == DEFAULTS


def test_uniform_is_within_one_over_root_h():
    bound = 1 / math.sqrt(64)
    for name, values in drawn(Architecture(30, 64, 30, cell="gru", initial_state="learned"), UNIFORM).items():
        assert np.abs(values).max() < bound, name
        assert np.abs(values).max() > 0.8 * bound, name
        assert abs(values.mean()) < 4 * bound / math.sqrt(3 * values.size), name


def test_uniform_within_a_given_bound():
    W = drawn(Architecture(1, 40, 1), {"W_hh": {"kind": "uniform", "bound": 3.0}})["layer0.W_hh"]
    assert 2.9 < np.abs(W).max() < 3
    assert W.std() == pytest.approx(3 / math.sqrt(3), rel=0.05)


@pytest.mark.parametrize(
    ("how", "deviation"),
    [
        ({"kind": "normal"}, 1 / math.sqrt(60)),
        ({"kind": "normal", "rho": 1.5}, 1.5 / math.sqrt(60)),
        ({"kind": "normal", "std": 0.01, "rho": None}, 0.01),
        ({"kind": "he"}, math.sqrt(2 / 60)),
        ({"kind": "glorot"}, math.sqrt(2 / (60 + 100))),
    ],
)
def test_standard_deviations_go_by_the_inputs_of_a_unit(how, deviation):
    W = drawn(Architecture(60, 100, 1, cell="lstm"), {"W_xh": how})["layer0.W_xh"]
    assert W.shape == (60, 400)
    assert W.std() == pytest.approx(deviation, rel=4 / math.sqrt(2 * W.size))
    assert abs(W.mean()) < 4 * deviation / math.sqrt(W.size)
    fourth = np.mean((W / W.std()) ** 4)
    assert fourth == pytest.approx(1.8 if how["kind"] == "glorot" else 3.0, abs=0.15)  # uniform or normal


@given(cells, st.integers(1, 30), st.floats(0.01, 10), seeds)
@settings(max_examples=30)
def test_the_spectral_radius_of_every_gate_is_exact(cell, H, rho, seed):
    W = drawn(Architecture(2, H, 1, cell=cell), {"W_hh": {"kind": "spectral", "rho": rho}}, seed)["layer0.W_hh"]
    for block in blocks(W, cell):
        assert np.abs(np.linalg.eigvals(block)).max() == pytest.approx(rho, rel=1e-9)


@given(cells, st.integers(1, 12), st.integers(1, 12), st.floats(0.1, 3), seeds)
@settings(max_examples=30)
def test_orthogonal_blocks_are_orthogonal_tall_or_wide(cell, I, H, gain, seed):  # noqa: E741
    how = {"kind": "orthogonal", "gain": gain}
    parameters = drawn(Architecture(I, H, 1, cell=cell), {"W_hh": how, "W_xh": how, "W_ho": how}, seed)
    matrices = [*blocks(parameters["layer0.W_hh"], cell), *blocks(parameters["layer0.W_xh"], cell)]
    for W in [*matrices, parameters["readout.W_ho"]]:
        rows, columns = W.shape
        product = W.T @ W if rows >= columns else W @ W.T
        np.testing.assert_allclose(product, gain**2 * np.eye(min(rows, columns)), atol=1e-12 * gain**2)


def test_orthogonal_matrices_prefer_no_direction():
    # Without the correction of the signs, QR would make the first entry negative every time.
    first = [drawn(Architecture(1, 2, 1), {"W_hh": {"kind": "orthogonal"}}, s)["layer0.W_hh"] for s in range(200)]
    assert abs(np.mean(first, axis=0)).max() < 4 * math.sqrt(0.5 / 200)


def test_identity_constant_and_zeros():
    init = {
        "W_hh": {"kind": "identity"},
        "W_xh": {"kind": "identity", "gain": 0.5},
        "b_h": {"kind": "constant", "value": -2.5},
        "b_o": {"kind": "zeros"},
    }
    parameters = drawn(Architecture(2, 3, 4, cell="gru"), init)
    assert parameters["layer0.W_hh"].tolist() == np.tile(np.eye(3), 3).tolist()
    assert parameters["layer0.W_xh"].tolist() == np.tile(0.5 * np.eye(2, 3), 3).tolist()
    assert parameters["layer0.b_h"].tolist() == [-2.5] * 9
    assert parameters["readout.b_o"].tolist() == [0] * 4


@given(cells, st.integers(1, 40), st.integers(1, 20), seeds)
@settings(max_examples=30)
def test_sparse_has_so_many_connections_from_each_unit_and_its_spectral_radius(cell, H, connections, seed):
    how = {"kind": "sparse", "connections": connections}
    W = drawn(Architecture(2, H, 1, cell=cell), {"W_hh": how}, seed)["layer0.W_hh"]
    for block in blocks(W, cell):
        assert np.count_nonzero(block, axis=1).tolist() == [min(connections, H)] * H
        assert np.abs(np.linalg.eigvals(block)).max() == pytest.approx(0.95, rel=1e-6)


def test_sparse_connections_go_anywhere():
    W = drawn(Architecture(2, 50, 1), {"W_hh": {"kind": "sparse"}})["layer0.W_hh"]
    assert np.count_nonzero(W) == 50 * 15
    received = np.count_nonzero(W, axis=0)  # binomial, mean 15, standard deviation 3.2
    assert received.min() > 2
    assert received.max() < 28
    assert len(set(received.tolist())) > 4


def test_two_values_of_rho_give_the_same_matrix_up_to_the_factor():
    for kind in ("normal", "spectral", "sparse"):
        W, double = (
            drawn(Architecture(2, 20, 1), {"W_hh": {"kind": kind, "rho": rho}})["layer0.W_hh"] for rho in (0.6, 1.2)
        )
        np.testing.assert_allclose(double, 2 * W, rtol=1e-15)


@given(seeds, st.sampled_from(FOR_SQUARES))
@settings(max_examples=40)
def test_a_seed_gives_a_parameter_the_same_values_whatever_else_is_configured(seed, how):
    plain = drawn(Architecture(3, 5, 2), None, seed)
    other = drawn(Architecture(3, 5, 2, layers=2, initial_state="learned"), {"layer0.W_hh": how}, seed)
    for name in ("layer0.W_xh", "layer0.b_h", "readout.W_ho", "readout.b_o"):
        assert plain[name].tobytes() == other[name].tobytes()


def test_parameters_gates_and_seeds_draw_different_values():
    architecture = Architecture(5, 5, 5, cell="lstm", layers=2, bidirectional=True, initial_state="learned")
    parameters = [values.ravel() for seed in (0, 1) for values in drawn(architecture, UNIFORM, seed).values()]
    everything = np.concatenate(parameters)
    assert len(np.unique(everything)) == everything.size


@given(seeds, st.sampled_from(FOR_SQUARES), cells)
@settings(max_examples=30)
def test_the_generator_moves_on_by_the_same_amount_whatever_is_drawn(seed, how, cell):
    one, other = np.random.default_rng(seed), np.random.default_rng(seed)
    initial_parameters(Architecture(1, 2, 1), one)
    initial_parameters(Architecture(3, 4, 2, cell=cell, layers=2), other, {"W_hh": how})
    assert one.random() == other.random()


def test_frozen_values():
    # This implementation's own: where they change, no earlier run can be repeated.
    theta = initial_parameters(Architecture(1, 2, 1), np.random.default_rng(0), UNIFORM)
    frozen = [
        -0.5968458098153213,
        -0.24897647247755783,
        -0.23780299292078966,
        0.007089516688298159,
        0.18810369520756487,
        -0.6187023927598758,
        -0.07284825655080451,
        -0.5514441497197125,
        0.4345425358728183,
        -0.008498475819363027,
        -0.29135783679181226,
    ]
    assert theta.tolist() == pytest.approx(frozen, rel=1e-15)


@pytest.mark.parametrize("how", FOR_SQUARES, ids=lambda how: how["kind"])
def test_single_precision_is_double_precision_rounded(how):
    double, single = (
        initial_parameters(Architecture(3, 4, 2), np.random.default_rng(0), {"W_hh": how}, dtype=dtype)
        for dtype in (np.float64, np.float32)
    )
    assert single.dtype == np.float32
    assert single.tolist() == double.astype(np.float32).tolist()


def test_a_full_name_goes_before_a_bare_one():
    architecture = Architecture(1, 2, 1, layers=2, bidirectional=True)
    init = {
        "b_h": {"kind": "constant", "value": 1.0},
        "layer0.reverse.b_h": {"kind": "constant", "value": 2.0},
    }
    values = {name: b[0] for name, b in drawn(architecture, init).items() if name.endswith("b_h")}
    assert values == {"layer0.b_h": 1, "layer0.reverse.b_h": 2, "layer1.b_h": 1, "layer1.reverse.b_h": 1}


@pytest.mark.parametrize("forget_bias", [1.5, {"kind": "constant", "value": 1.5}])
def test_forget_bias_replaces_the_forget_gates_bias_alone(forget_bias):
    parameters = drawn(Architecture(1, 3, 1, cell="lstm"), forget_bias=forget_bias)
    plain = drawn(Architecture(1, 3, 1, cell="lstm"))
    i, f, g, o = np.split(parameters.pop("layer0.b_h"), 4)
    plain_i, _, plain_g, plain_o = np.split(plain.pop("layer0.b_h"), 4)
    assert f.tolist() == [1.5] * 3
    assert (i.tolist(), g.tolist(), o.tolist()) == (plain_i.tolist(), plain_g.tolist(), plain_o.tolist())
    assert {n: v.tolist() for n, v in parameters.items()} == {n: v.tolist() for n, v in plain.items()}


def test_chrono_spreads_the_forget_gates_over_the_lags():
    H, longest = 500, 100
    architecture = Architecture(1, H, 1, cell="lstm")
    init = {"W_hh": {"kind": "zeros"}, "b_h": {"kind": "zeros"}}
    b_h = drawn(architecture, init, forget_bias={"kind": "chrono", "longest": longest})["layer0.b_h"]
    i, f, g, o = np.split(b_h, 4)
    lags = np.exp(f)  # uniform on (1, T - 1)
    assert i.tolist() == (-f).tolist()
    assert not np.concatenate((g, o)).any()
    assert lags.min() >= 1
    assert lags.max() <= longest - 1
    assert lags.mean() == pytest.approx(longest / 2, abs=4 * 98 / math.sqrt(12 * H))
    assert lags.std() == pytest.approx(98 / math.sqrt(12), rel=0.05)


@pytest.mark.parametrize(
    ("init", "message"),
    [
        ({"W_hx": {"kind": "zeros"}}, "must name parameters, such as W_hh or layer0.W_hh; got 'W_hx'"),
        ({"layer1.W_hh": {"kind": "zeros"}}, "got 'layer1.W_hh'"),
        ({"W_hh": {"kind": "ones"}}, "The 'init' of layer0.W_hh must be one of uniform, .*; got 'ones'"),
        ({"W_hh": {}}, "got None"),
        ({"W_hh": {"kind": "zeros", "rho": 1.0}}, "layer0.W_hh cannot be zeros with {'rho': 1.0}"),
        ({"W_hh": {"kind": "constant"}}, "cannot be constant"),
        ({"W_hh": {"kind": "normal", "rho": 1.0, "std": 1.0}}, "takes 'rho' or 'std', not both"),
        ({"W_xh": {"kind": "spectral"}}, "layer0.W_xh cannot be spectral with {}: it needs a square matrix"),
        ({"W_ho": {"kind": "sparse"}}, "it needs a square matrix"),
        ({"b_h": {"kind": "orthogonal"}}, "it needs a matrix"),
        ({"b_o": {"kind": "glorot"}}, "it needs a matrix"),
        ({"b_h": {"kind": "he"}}, "it needs a matrix"),
        ({"b_h": {"kind": "identity"}}, "it needs a matrix"),
    ],
)
def test_what_cannot_be_drawn_is_refused(init, message):
    with pytest.raises(ValueError, match=message):
        drawn(Architecture(1, 3, 2), init)


def test_a_forget_bias_that_cannot_be_is_refused():
    with pytest.raises(ValueError, match="belongs to the LSTM; got one for the cell 'gru'"):
        drawn(Architecture(1, 3, 2, cell="gru"), forget_bias=1.0)
    with pytest.raises(ValueError, match="'longest' of at least 2"):
        drawn(Architecture(1, 3, 2, cell="lstm"), forget_bias={"kind": "chrono", "longest": 1})
