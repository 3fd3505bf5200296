"""Targets with weights and an ignored class: the same as doing without them, or as taking a sequence several times."""

from dataclasses import replace

import numpy as np
import pytest

from rnnlab.engine.batch import Batch
from rnnlab.engine.gradcheck import check_gradients
from rnnlab.engine.sampling import Sampling, stack
from tests.engine.samples import sample

READOUTS = ["last", "every"]
LOSS = {"numbers": "huber", "classes": "cross_entropy"}


def shape_of(batch: Batch, readout: str) -> tuple[int, ...]:
    return batch.inputs.shape[: 3 if batch.per_model else 2][(readout == "last") :]


def weighted(drawn, weights):
    return drawn.but(batch=replace(drawn.batch, weights=weights))


@pytest.mark.parametrize("readout", READOUTS)
@pytest.mark.parametrize("loss", ["half_squared_error", "huber", "cross_entropy", "binary_cross_entropy"])
@pytest.mark.parametrize("options", [{}, {"models": 2}, {"models": 2, "per_model": True}, {"lengths": True}])
def test_gradients_of_a_weighted_loss_are_those_of_the_loss(readout, loss, options):
    drawn = sample(readout=readout, loss=loss, **options)
    weights = np.random.default_rng(0).choice([0.0, 0.5, 2.0], shape_of(drawn.batch, readout))
    drawn = weighted(drawn, weights)
    found = check_gradients(drawn.network, drawn.theta, drawn.batch, drawn.loss, states=drawn.states,
                            rng=np.random.default_rng(1))  # fmt: skip
    assert found.passed


@pytest.mark.parametrize("readout", READOUTS)
@pytest.mark.parametrize("loss", ["half_squared_error", "cross_entropy"])
def test_a_weight_of_two_is_a_sequence_taken_twice(readout, loss):
    drawn = sample(readout=readout, loss=loss, batch_size=3)
    weights = np.ones(shape_of(drawn.batch, readout))
    weights[..., 1] = 2
    once = weighted(drawn, weights).gradients()
    order = np.array([0, 1, 1, 2])
    targets = drawn.batch.targets
    twice = Batch(drawn.batch.inputs[:, order], targets[order] if readout == "last" else targets[:, order])
    states = drawn.states and [[state[order] for state in of_layer] for of_layer in drawn.states]
    other = drawn.but(batch=twice, states=states).gradients()
    np.testing.assert_allclose(3 * once.loss, 4 * other.loss, rtol=1e-13)
    np.testing.assert_allclose(3 * once.parameters, 4 * other.parameters, rtol=1e-11, atol=1e-14)


@pytest.mark.parametrize("readout", READOUTS)
@pytest.mark.parametrize("options", [{}, {"models": 2, "per_model": True}, {"lengths": True}])
def test_an_ignored_class_is_a_weight_of_nothing(readout, options):
    drawn = sample(readout=readout, loss="cross_entropy", **options)
    batch, left_out = drawn.batch, np.random.default_rng(3).random(drawn.batch.targets.shape) < 0.4
    nothing = weighted(drawn, np.where(left_out, 0.0, 1.0)).gradients()
    for no_class in (-1, -100, 6, 255):
        targets = np.where(left_out, no_class, batch.targets)
        ignored = drawn.but(batch=replace(batch, targets=targets, ignored=no_class)).gradients()
        np.testing.assert_array_equal(ignored.loss, nothing.loss)
        np.testing.assert_array_equal(ignored.parameters, nothing.parameters)


def test_a_class_that_is_not_said_to_be_ignored_is_refused():
    drawn = sample(readout="every", loss="cross_entropy")
    targets = drawn.batch.targets.copy()
    targets[0, 0] = -1
    with pytest.raises(ValueError, match=r"'targets' must be classes from 0 to 5; got -1"):
        drawn.but(batch=replace(drawn.batch, targets=targets)).gradients()
    with pytest.raises(ValueError, match=r"'targets' must be classes from 0 to 5; got -1"):
        drawn.but(batch=replace(drawn.batch, targets=targets, ignored=-2)).gradients()


@pytest.mark.parametrize(
    ("weights", "said"),
    [
        (np.ones(3), r"must have shape \(5, 3\)"),
        (np.full((5, 3), np.nan), "must be finite and not negative"),
        (np.full((5, 3), -1.0), "must be finite and not negative; got -1.0"),
        (np.where(np.arange(15).reshape(5, 3) == 7, np.inf, 1.0), "must be finite and not negative; got inf"),
        (np.full((5, 3), "a"), "must be numbers"),
    ],
)
def test_weights_that_do_not_fit_are_refused(weights, said):
    with pytest.raises(ValueError, match=said):
        weighted(sample(readout="every", loss="half_squared_error"), weights).gradients()


@pytest.mark.parametrize("readout", READOUTS)
def test_weights_go_where_their_sequences_go(readout):
    drawn = sample(readout=readout, loss="cross_entropy", batch_size=6)
    shape = shape_of(drawn.batch, readout)
    batch = replace(drawn.batch, weights=np.arange(np.prod(shape), dtype=float).reshape(shape), ignored=-1)
    orders = np.array([[3, 1, 0, 2, 5, 4], [0, 1, 2, 3, 4, 5]])
    source = Sampling(batch, readout, batch_size=2, orders=lambda _epoch: orders)
    for update in range(3):
        part = source.minibatch(update).batch
        rows = orders[:, 2 * update : 2 * update + 2]
        np.testing.assert_array_equal(part.weights, batch.weights[..., rows])
        assert part.ignored == -1
    if readout == "every":
        part = Sampling(batch, readout, batch_size=2, tbptt_steps=2).minibatch(1).batch
        np.testing.assert_array_equal(part.weights, batch.weights[2:4, :2])
    both = stack([batch, batch], drawn.batch.steps, readout)
    assert both.ignored == -1
    np.testing.assert_array_equal(both.weights[0] if readout == "last" else both.weights[:, 1], batch.weights)


@pytest.mark.parametrize("readout", READOUTS)
def test_shards_of_a_weighted_batch_add_up(readout):
    drawn = sample(readout=readout, loss="cross_entropy", batch_size=700, steps=9, threads=2)
    weights = np.random.default_rng(0).random(shape_of(drawn.batch, readout))
    whole = weighted(drawn, weights).gradients()
    total = 0.0
    for n in range(0, 700, 350):
        cut = drawn.batch.take(slice(n, n + 350), readout)
        states = drawn.states and [[state[n : n + 350] for state in of] for of in drawn.states]
        total = total + drawn.but(batch=replace(cut, weights=weights[..., n : n + 350]), states=states).gradients().loss
    np.testing.assert_allclose(whole.loss, total / 2, rtol=1e-12)
