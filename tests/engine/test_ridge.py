"""The closed form held against the gradient that it must make vanish, certified results, and itself in other pieces."""

from dataclasses import replace

import numpy as np
import pytest

from rnnlab.engine.losses import loss_function
from rnnlab.engine.ridge import RidgeFit, RidgeRegression
from rnnlab.engine.sampling import Sampling
from tests.engine.samples import lone, sample

LOSS = loss_function("half_squared_error")

# NIST StRD, Longley (1967): certified to 15 digits. The condition number of the rows is 5e9.
LONGLEY = np.array(
    [
        [60323, 83.0, 234289, 2356, 1590, 107608, 1947],
        [61122, 88.5, 259426, 2325, 1456, 108632, 1948],
        [60171, 88.2, 258054, 3682, 1616, 109773, 1949],
        [61187, 89.5, 284599, 3351, 1650, 110929, 1950],
        [63221, 96.2, 328975, 2099, 3099, 112075, 1951],
        [63639, 98.1, 346999, 1932, 3594, 113270, 1952],
        [64989, 99.0, 365385, 1870, 3547, 115094, 1953],
        [63761, 100.0, 363112, 3578, 3350, 116219, 1954],
        [66019, 101.2, 397469, 2904, 3048, 117388, 1955],
        [67857, 104.6, 419180, 2822, 2857, 118734, 1956],
        [68169, 108.4, 442769, 2936, 2798, 120445, 1957],
        [66513, 110.8, 444546, 4681, 2637, 121950, 1958],
        [68655, 112.6, 482704, 3813, 2552, 123366, 1959],
        [69564, 114.2, 502601, 3931, 2514, 125368, 1960],
        [69331, 115.7, 518173, 4806, 2572, 127852, 1961],
        [70551, 116.9, 554894, 4007, 2827, 130081, 1962],
    ]
)
CERTIFIED = [
    15.0618722713733,
    -0.358191792925910e-01,
    -2.02022980381683,
    -1.03322686717359,
    -0.511041056535807e-01,
    1829.15146461355,
]
CERTIFIED_BIAS, CERTIFIED_SQUARES = -3482258.63459582, 836424.055505915


@pytest.mark.parametrize("block", [1, 5, 16])
def test_ill_conditioned_regression_agrees_with_certified_results(block):
    regression = RidgeRegression(6, 1)
    for start in range(0, 16, block):
        rows = LONGLEY[start : start + block]
        regression.add(rows[:, 1:], rows[:, :1])
    weights, bias, squares = regression.solve(0.0)
    np.testing.assert_allclose(weights[:, 0], CERTIFIED, rtol=2e-8)
    np.testing.assert_allclose(bias, CERTIFIED_BIAS, rtol=2e-8)
    np.testing.assert_allclose(squares, CERTIFIED_SQUARES, rtol=1e-8)


def fitted(many, alpha=0.3, **options):
    """The sample's models after a fit, and its one update."""
    theta = many.theta.copy()
    sampling = Sampling(many.batch, many.network.architecture.readout, **options)
    training = RidgeFit(many.network, theta, sampling, alpha=alpha)
    updates = list(training)
    assert len(updates) == training.done == 1
    assert training.ended
    update = updates[0]
    assert (update.number, update.epoch, update.ends_epoch, update.fraction) == (1, 1, True, 1.0)
    assert update.sequences == many.batch.sequences
    assert not update.clipped.any()
    return training, update


def ensemble(cell="rnn", activation="tanh", **options):
    return sample(cell, activation, **{"models": 3, "batch_size": 9, "loss": "half_squared_error", **options})


@pytest.mark.parametrize("readout", ["last", "every"])
@pytest.mark.parametrize("options", [{}, {"lengths": True}, {"bidirectional": True}, {"layers": 2}, {"tokens": True}])
@pytest.mark.parametrize("cell", ["rnn", "lstm", "gru"])
def test_gradient_of_the_penalised_loss_vanishes(cell, options, readout):
    many = ensemble(cell, readout=readout, **options)
    many = many.but(batch=weighted(many.batch, readout))
    alpha, network = 0.3, many.network
    before = network.gradients(many.theta, many.batch, LOSS)
    training, update = fitted(many, alpha)
    after = network.gradients(training.theta, many.batch, LOSS)
    np.testing.assert_allclose(update.loss, after.loss, rtol=1e-10)
    assert (after.loss < before.loss).all()
    view, N = network.layout.view, many.batch.sequences
    scale = np.abs(view(before.parameters, "readout.W_ho")).max()
    penalised = view(after.parameters, "readout.W_ho") + alpha / N * view(training.theta, "readout.W_ho")
    np.testing.assert_allclose(penalised, 0, atol=1e-12 * scale)
    np.testing.assert_allclose(view(after.parameters, "readout.b_o"), 0, atol=1e-12 * scale)
    for name in network.layout.names:
        if not name.startswith("readout."):
            np.testing.assert_array_equal(view(training.theta, name), view(many.theta, name))


def weighted(batch, readout):
    rows = batch.inputs.shape[:2] if readout == "every" else (batch.sequences,)
    return replace(batch, weights=np.random.default_rng(4).uniform(0.0, 3.0, rows))


@pytest.mark.parametrize("readout", ["last", "every"])
@pytest.mark.parametrize(
    "options", [{"batch_size": 2}, {"tbptt_steps": 2}, {"batch_size": 4, "tbptt_steps": 3}], ids=str
)
def test_pieces_in_which_the_sequences_are_read_make_no_difference(options, readout):
    many = ensemble(readout=readout)
    np.testing.assert_allclose(fitted(many, **options)[0].theta, fitted(many)[0].theta, rtol=1e-9, atol=1e-12)


def test_carried_states_are_those_of_one_long_sequence():
    many = ensemble(readout="every", batch_size=4)
    batch = many.batch
    joined = replace(
        batch,
        inputs=np.concatenate(list(np.moveaxis(batch.inputs, 1, 0)))[:, None],
        targets=np.concatenate(list(np.moveaxis(batch.targets, 1, 0)))[:, None],
    )
    carried, _ = fitted(many, batch_size=1, stateful=True)
    np.testing.assert_allclose(carried.theta, fitted(many.but(batch=joined))[0].theta, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("per_model", [False, True])
def test_model_of_an_ensemble_is_fitted_as_if_alone(per_model):
    many = ensemble("lstm", readout="every", lengths=True)
    orders = (lambda _: np.stack([np.roll(np.arange(9), k) for k in range(3)])) if per_model else None
    together, update = fitted(many, batch_size=4, orders=orders)
    for model in range(3):
        one = lone(many, model).but(theta=many.theta[model : model + 1])
        alone, lonely = fitted(one)
        np.testing.assert_allclose(together.theta[model], alone.theta[0], rtol=1e-9, atol=1e-12)
        np.testing.assert_allclose(update.loss[model], lonely.loss[0], rtol=1e-12)


def test_without_penalty_enough_units_reproduce_the_targets_with_the_least_weights():
    many = ensemble(hidden_size=20, batch_size=9)
    training, update = fitted(many, alpha=0.0)
    assert (update.loss < 1e-24).all()
    top, _ = many.network.top_states(many.theta, many.batch)
    targets = many.batch.targets
    for model in range(3):
        least = np.linalg.pinv(top[model] - top[model].mean(axis=0)) @ (targets - targets.mean(axis=0))
        np.testing.assert_allclose(many.network.layout.view(training.theta, "readout.W_ho")[model], least)


@pytest.mark.parametrize("size", [1e-8, 1e8, 1e16])
def test_size_of_the_states_does_not_cost_the_bias(size):
    rng = np.random.default_rng(0)
    rows, targets = rng.standard_normal((40, 3)), 5 + rng.standard_normal((40, 1))
    regression, scaled = RidgeRegression(3, 1), RidgeRegression(3, 1)
    regression.add(rows, targets)
    scaled.add(size * rows, targets)
    weights, bias, squares = regression.solve(0.3)
    found = scaled.solve(0.3 * size**2)
    np.testing.assert_allclose(size * found[0], weights, rtol=1e-12)
    np.testing.assert_allclose(found[1], bias, rtol=1e-12)
    np.testing.assert_allclose(found[2], squares, rtol=1e-12)


@pytest.mark.parametrize("dtype", [bool, "int8", "uint8", "float16"])
def test_weights_of_any_type_are_taken_as_they_are(dtype):
    rng = np.random.default_rng(1)
    rows, targets, weights = rng.standard_normal((30, 3)), rng.standard_normal((30, 2)), np.arange(30) % 4
    weights = weights.astype(dtype)
    found, whole = RidgeRegression(3, 2), RidgeRegression(3, 2)
    found.add(rows, targets, weights)
    whole.add(rows, targets, weights.astype(float))
    for one, other in zip(found.solve(0.1), whole.solve(0.1), strict=True):
        np.testing.assert_array_equal(one, other)


def test_where_no_target_counts_the_readout_is_zero():
    regression = RidgeRegression(3, 2)
    regression.add(np.ones((4, 3)), np.ones((4, 2)), np.zeros(4))
    weights, bias, squares = regression.solve(0.1)
    assert not weights.any()
    assert not bias.any()
    assert squares == 0


def test_beyond_all_penalty_the_readout_is_the_mean_of_the_targets():
    many = ensemble()
    training, _ = fitted(many, alpha=1e12)
    view = many.network.layout.view
    np.testing.assert_allclose(view(training.theta, "readout.W_ho"), 0, atol=1e-10)
    mean = np.broadcast_to(many.batch.targets.mean(axis=0), (3, 6))
    np.testing.assert_allclose(view(training.theta, "readout.b_o"), mean, rtol=1e-9)


def test_float32_is_fitted_in_double_precision():
    many = ensemble(dtype="float32", readout="every")
    training, _ = fitted(many, alpha=1e-3)
    assert training.theta.dtype == np.float32
    double = many.but(
        theta=many.theta.astype(float),
        batch=replace(many.batch, inputs=many.batch.inputs.astype(float), targets=many.batch.targets.astype(float)),
    )
    np.testing.assert_allclose(training.theta, fitted(double, alpha=1e-3)[0].theta, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("batch_size", [None, 2])
def test_model_whose_states_overflow_diverges_and_disturbs_no_other(batch_size):
    many = ensemble("rnn", "identity", steps=5)
    theta = many.theta.copy()
    many.network.layout.view(theta, "layer0.W_hh")[1] = 1e200
    training, update = fitted(many.but(theta=theta), batch_size=batch_size)
    assert dict(update.diverged) == {1: "layer0.h at step 2"}
    assert training.active.tolist() == [True, False, True]
    np.testing.assert_array_equal(training.theta[1], theta[1])
    assert np.isnan(update.loss).tolist() == [False, True, False]
    expected, _ = fitted(many, batch_size=batch_size)
    np.testing.assert_array_equal(training.theta[[0, 2]], expected.theta[[0, 2]])


@pytest.mark.parametrize("size", [1e160, 1e300])
def test_targets_beyond_all_measure_diverge_instead_of_failing(size):
    many = ensemble()
    training, update = fitted(many.but(batch=replace(many.batch, targets=size * many.batch.targets)))
    assert set(update.diverged.values()) == {"readout.W_ho"}
    np.testing.assert_array_equal(training.theta, many.theta)


def test_state_is_taken_up_again():
    many = ensemble()
    training, _ = fitted(many)
    again = RidgeFit(many.network, many.theta.copy(), Sampling(many.batch, "last"), alpha=0.3)
    again.restore(training.state())
    assert again.ended
    np.testing.assert_array_equal(again.theta, training.theta)


def test_negative_weights_are_refused():
    with pytest.raises(ValueError, match="must be at least 0; got -2"):
        RidgeRegression(1, 1).add(np.ones((2, 1)), np.ones((2, 1)), np.array([1.0, -2.0]))
