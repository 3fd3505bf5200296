"""What each update sees: every sequence once an epoch, stretches that join up, all from the number of the update."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rnnlab.engine.batch import Batch
from rnnlab.engine.sampling import Sampling


def numbered(T: int, N: int, readout: str = "every", lengths: np.ndarray | None = None) -> Batch:
    """Sequences in which every input says where it stands: 1000 t + n."""
    inputs = (1000.0 * np.arange(T)[:, None] + np.arange(N))[..., None]
    targets = inputs + 0.5 if readout == "every" else np.arange(N)[:, None] + 0.5
    return Batch(inputs, targets, lengths)


def shuffled(R: int, N: int, seed: int = 0):
    return lambda epoch: np.stack([np.random.default_rng([seed, r, epoch]).permutation(N) for r in range(R)])


@given(
    T=st.integers(1, 9),
    N=st.integers(1, 7),
    size=st.none() | st.integers(1, 9),
    truncate=st.none() | st.integers(1, 11),
    models=st.integers(0, 3),
)
def test_an_epoch_sees_every_step_of_every_sequence_once(T, N, size, truncate, models):
    orders = shuffled(models, N) if models else None
    sampling = Sampling(numbered(T, N), "every", batch_size=size, orders=orders, truncate=truncate)
    first = 2 * sampling.updates_per_epoch
    picks = [sampling.pick(first + k) for k in range(sampling.updates_per_epoch)]
    assert [pick.epoch for pick in picks] == [2] * len(picks)
    assert [pick.ends_epoch for pick in picks] == [False] * (len(picks) - 1) + [True]
    for model in range(max(models, 1)):
        seen = [pick.batch.inputs[:, model] if models else pick.batch.inputs for pick in picks]
        assert sorted(np.concatenate([part.ravel() for part in seen])) == sorted(numbered(T, N).inputs.ravel())
    for pick in picks:
        assert pick.batch.targets is not None
        np.testing.assert_array_equal(pick.batch.targets, pick.batch.inputs + 0.5)
        assert pick.batch.steps <= (truncate or T)
        assert pick.batch.sequences <= (size or N)


def test_stretches_of_a_sequence_follow_each_other_and_only_the_first_is_fresh():
    sampling = Sampling(numbered(7, 5), "every", batch_size=2, truncate=3)
    picks = [sampling.pick(k) for k in range(9)]
    assert [pick.fresh for pick in picks] == [True, False, False] * 3
    assert [pick.batch.inputs[:, 0, 0].tolist() for pick in picks[3:6]] == [
        [2, 1002, 2002],
        [3002, 4002, 5002],
        [6002],
    ]
    assert [pick.batch.sequences for pick in picks] == [2] * 6 + [1] * 3
    assert all(list(pick.lead_in) == [] for pick in picks)
    assert [pick.share for pick in picks[:3]] == [3 / 7, 3 / 7, 1 / 7]


def test_a_carried_state_runs_through_an_epoch():
    sampling = Sampling(numbered(4, 6), "every", batch_size=2, carry_state=True, truncate=2)
    assert [sampling.pick(k).fresh for k in range(8)] == [True, False, False, False, False, False, True, False]


def test_stretches_shorten_lengths_and_leave_ended_sequences_without_steps():
    sampling = Sampling(numbered(6, 3, lengths=np.array([6, 4, 1])), "every", truncate=4)
    lengths = [sampling.pick(k).batch.lengths for k in range(2)]
    assert [part.tolist() for part in lengths if part is not None] == [[4, 4, 1], [2, 0, 0]]


@pytest.mark.parametrize("orders", [None, shuffled(2, 5)])
def test_the_last_step_alone_is_led_up_to(orders):
    sampling = Sampling(numbered(9, 5, "last"), "last", batch_size=2, orders=orders, truncate=4)
    assert sampling.updates_per_epoch == 3
    pick = sampling.pick(1)
    assert pick.fresh
    assert pick.share == 1
    pieces = [part.inputs for part in [*pick.lead_in, pick.batch]]
    assert [len(piece) for piece in pieces] == [4, 1, 4]  # none is longer than what the gradient flows through
    which = [2, 3] if orders is None else orders(0)[:, 2:4]
    np.testing.assert_array_equal(np.concatenate(pieces)[..., 0], numbered(9, 5).inputs[:, which, 0])
    np.testing.assert_array_equal(pick.batch.targets, np.asarray(which)[..., None] + 0.5)


@pytest.mark.parametrize("truncate", [9, 12])
def test_a_cut_beyond_the_first_step_cuts_nothing(truncate):
    pick = Sampling(numbered(9, 5, "last"), "last", truncate=truncate).pick(0)
    assert list(pick.lead_in) == []
    assert pick.batch.steps == 9


def test_lengths_that_vary_cannot_be_cut_from_the_end():
    with pytest.raises(ValueError, match="different lengths cannot be truncated"):
        Sampling(numbered(4, 2, "last", np.array([4, 2])), "last", truncate=2)


def test_orders_are_each_models_own_and_each_epochs_own():
    sampling = Sampling(numbered(2, 30), "every", batch_size=30, orders=shuffled(2, 30))
    rows = [sampling.pick(k).batch.inputs[0, ..., 0] for k in (0, 1, 0)]
    assert not np.array_equal(rows[0][0], rows[0][1])
    assert not np.array_equal(rows[0], rows[1])
    np.testing.assert_array_equal(rows[0], rows[2])
    np.testing.assert_array_equal(rows[1], shuffled(2, 30)(1))


def test_full_batches_and_stretches_are_not_copied():
    whole = numbered(8, 4)
    assert np.shares_memory(Sampling(whole, "every").pick(0).batch.inputs, whole.inputs)
    assert np.shares_memory(Sampling(whole, "every", truncate=2).pick(1).batch.inputs, whole.inputs)
    shuffled_stretch = Sampling(whole, "every", batch_size=2, orders=shuffled(1, 4), truncate=2).pick(1).batch.inputs
    assert shuffled_stretch.base is None or shuffled_stretch.base.size == 2 * 2  # a stretch is copied, no more
