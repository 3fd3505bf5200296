"""Batches: cut, taken apart and put together again."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rnnlab.engine.batch import Batch
from rnnlab.engine.shards import Shard
from tests.engine.samples import sample

T, R, B, I, O = 5, 2, 4, 7, 6  # noqa: E741


def batch_of(readout="last", *, models=None, tokens=False, classes=False, seed=0):
    options = {"tokens": tokens, "models": models, "per_model": models is not None, "lengths": True}
    loss = "cross_entropy" if classes else "half_squared_error"
    return sample(readout=readout, loss=loss, batch_size=B, seed=seed, **options).batch


@pytest.mark.parametrize("tokens", [False, True])
def test_sizes(tokens):
    batch = batch_of(tokens=tokens)
    assert (batch.tokens, batch.steps, batch.sequences) == (tokens, T, B)


@pytest.mark.parametrize("classes", [False, True])
@pytest.mark.parametrize("tokens", [False, True])
@pytest.mark.parametrize("readout", ["last", "every"])
def test_rows_become_columns(readout, tokens, classes):
    batch = batch_of(readout, tokens=tokens, classes=classes)
    every = readout == "every"
    columns, targets = batch.input_columns(False), batch.target_columns(every, False)
    behind = batch.mask(False)
    assert behind.shape == (T, 1, B)
    for b in range(B):
        end = batch.lengths[b]
        assert np.array_equal(behind[:, 0, b], np.arange(T) >= end)
        rows = columns[:end, b] if tokens else columns[:end, :, b]
        assert np.array_equal(rows, batch.inputs[:end, b])
        own = targets[..., b]
        expected = batch.targets[:end, b] if every else batch.targets[b][None]
        assert np.array_equal(own[:end] if every else own, expected)
        if every:
            assert not own[end:].any()


@pytest.mark.parametrize("classes", [False, True])
@pytest.mark.parametrize("readout", ["last", "every"])
def test_one_batch_for_all_models_gets_their_axis(readout, classes):
    batch = batch_of(readout, classes=classes)
    every = readout == "every"
    assert batch.input_columns(True).shape == (T, 1, I, B)
    assert batch.mask(True).shape == (T, 1, 1, B)
    assert batch.target_columns(every, True).shape == (T if every else 1, 1, *(() if classes else (O,)), B)


@pytest.mark.parametrize("classes", [False, True])
@pytest.mark.parametrize("tokens", [False, True])
@pytest.mark.parametrize("readout", ["last", "every"])
@pytest.mark.parametrize("models", [slice(0, 2), slice(1, 2)])
def test_a_block_has_its_models_and_sequences(readout, tokens, classes, models):
    whole = batch_of(readout, models=R, tokens=tokens, classes=classes)
    part = whole.cut(Shard(models, slice(1, 3)), readout)
    alone = models.stop - models.start == 1
    which = models.start if alone else models
    assert part.per_model == (not alone)
    assert np.array_equal(
        part.inputs, whole.inputs[:, which][..., 1:3] if tokens else whole.inputs[:, which][..., 1:3, :]
    )
    targets = whole.targets[which] if readout == "last" else whole.targets[:, which]
    assert np.array_equal(part.targets, targets[..., 1:3] if classes else targets[..., 1:3, :])
    assert np.array_equal(part.lengths, whole.lengths[which][..., 1:3])


@pytest.mark.parametrize("classes", [False, True])
@pytest.mark.parametrize("tokens", [False, True])
@pytest.mark.parametrize("readout", ["last", "every"])
def test_each_model_takes_its_own_sequences(readout, tokens, classes):
    whole = batch_of(readout, tokens=tokens, classes=classes)
    rows = np.array([[3, 0], [1, 1]])
    taken = whole.take(rows, readout)
    assert taken.per_model
    for model in range(2):
        alone = whole.take(slice(None), readout)
        for name in ("inputs", "targets", "lengths"):
            timed = name == "inputs" or (name == "targets" and readout == "every")
            ours, all_of_them = getattr(taken, name), getattr(alone, name)
            expected = all_of_them[:, rows[model]] if timed else all_of_them[rows[model]]
            assert np.array_equal(ours[:, model] if timed else ours[model], expected)


@given(st.sampled_from(["last", "every"]), st.integers(1, T - 1))
def test_parts_of_time_join_up(readout, cut):
    whole = batch_of(readout)
    head, tail = whole.steps_between(0, cut, readout), whole.steps_between(cut, T, readout)
    assert np.array_equal(np.concatenate((head.inputs, tail.inputs)), whole.inputs)
    assert np.array_equal(head.lengths + tail.lengths, whole.lengths)
    assert (head.lengths <= cut).all()
    if readout == "every":
        assert np.array_equal(np.concatenate((head.targets, tail.targets)), whole.targets)
    else:
        assert np.array_equal(tail.targets, whole.targets)


def test_whole_numbers_as_targets_of_a_regression_are_not_classes():
    """(B, O) integers are numbers, (B,) integers are classes."""
    inputs = np.zeros((T, B, I))
    assert Batch(inputs, np.zeros((B, O), int)).target_columns(False, False).shape == (1, O, B)
    assert Batch(inputs, np.zeros(B, int)).target_columns(False, False).shape == (1, B)
