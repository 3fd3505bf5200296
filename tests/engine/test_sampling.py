"""What each update sees: every sequence once an epoch, segments that join up, all from the number of the update."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rnnlab.engine.batch import Batch
from rnnlab.engine.sampling import Endless, Sampling


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
    tbptt_steps=st.none() | st.integers(1, 11),
    models=st.integers(0, 3),
)
def test_an_epoch_sees_every_step_of_every_sequence_once(T, N, size, tbptt_steps, models):
    orders = shuffled(models, N) if models else None
    sampling = Sampling(numbered(T, N), "every", batch_size=size, orders=orders, tbptt_steps=tbptt_steps)
    first = 2 * sampling.updates_per_epoch
    minibatches = [sampling.minibatch(first + k) for k in range(sampling.updates_per_epoch)]
    assert [minibatch.epoch for minibatch in minibatches] == [2] * len(minibatches)
    assert [minibatch.ends_epoch for minibatch in minibatches] == [False] * (len(minibatches) - 1) + [True]
    for model in range(max(models, 1)):
        seen = [minibatch.batch.inputs[:, model] if models else minibatch.batch.inputs for minibatch in minibatches]
        assert sorted(np.concatenate([part.ravel() for part in seen])) == sorted(numbered(T, N).inputs.ravel())
    for minibatch in minibatches:
        assert minibatch.batch.targets is not None
        np.testing.assert_array_equal(minibatch.batch.targets, minibatch.batch.inputs + 0.5)
        assert minibatch.batch.steps <= (tbptt_steps or T)
        assert minibatch.batch.sequences <= (size or N)


def test_segments_of_a_sequence_follow_each_other_and_only_the_first_is_fresh():
    sampling = Sampling(numbered(7, 5), "every", batch_size=2, tbptt_steps=3)
    minibatches = [sampling.minibatch(k) for k in range(9)]
    assert [minibatch.fresh for minibatch in minibatches] == [True, False, False] * 3
    assert [minibatch.batch.inputs[:, 0, 0].tolist() for minibatch in minibatches[3:6]] == [
        [2, 1002, 2002],
        [3002, 4002, 5002],
        [6002],
    ]
    assert [minibatch.batch.sequences for minibatch in minibatches] == [2] * 6 + [1] * 3
    assert all(list(minibatch.lead_in) == [] for minibatch in minibatches)
    assert [minibatch.fraction for minibatch in minibatches[:3]] == [3 / 7, 3 / 7, 1 / 7]


def test_a_carried_state_runs_through_an_epoch():
    sampling = Sampling(numbered(4, 6), "every", batch_size=2, stateful=True, tbptt_steps=2)
    assert [sampling.minibatch(k).fresh for k in range(8)] == [True, False, False, False, False, False, True, False]


def test_segments_shorten_lengths_and_leave_ended_sequences_without_steps():
    sampling = Sampling(numbered(6, 3, lengths=np.array([6, 4, 1])), "every", tbptt_steps=4)
    lengths = [sampling.minibatch(k).batch.lengths for k in range(2)]
    assert [part.tolist() for part in lengths if part is not None] == [[4, 4, 1], [2, 0, 0]]


@pytest.mark.parametrize("orders", [None, shuffled(2, 5)])
def test_the_last_step_alone_is_led_up_to(orders):
    sampling = Sampling(numbered(9, 5, "last"), "last", batch_size=2, orders=orders, tbptt_steps=4)
    assert sampling.updates_per_epoch == 3
    minibatch = sampling.minibatch(1)
    assert minibatch.fresh
    assert minibatch.fraction == 1
    pieces = [part.inputs for part in [*minibatch.lead_in, minibatch.batch]]
    assert [len(piece) for piece in pieces] == [4, 1, 4]  # none is longer than what the gradient flows through
    which = [2, 3] if orders is None else orders(0)[:, 2:4]
    np.testing.assert_array_equal(np.concatenate(pieces)[..., 0], numbered(9, 5).inputs[:, which, 0])
    np.testing.assert_array_equal(minibatch.batch.targets, np.asarray(which)[..., None] + 0.5)


@pytest.mark.parametrize("tbptt_steps", [9, 12])
def test_a_cut_beyond_the_first_step_cuts_nothing(tbptt_steps):
    minibatch = Sampling(numbered(9, 5, "last"), "last", tbptt_steps=tbptt_steps).minibatch(0)
    assert list(minibatch.lead_in) == []
    assert minibatch.batch.steps == 9


def test_lengths_that_vary_cannot_be_cut_from_the_end():
    with pytest.raises(ValueError, match="different lengths cannot be truncated"):
        Sampling(numbered(4, 2, "last", np.array([4, 2])), "last", tbptt_steps=2)


def test_orders_are_each_models_own_and_each_epochs_own():
    sampling = Sampling(numbered(2, 30), "every", batch_size=30, orders=shuffled(2, 30))
    rows = [sampling.minibatch(k).batch.inputs[0, ..., 0] for k in (0, 1, 0)]
    assert not np.array_equal(rows[0][0], rows[0][1])
    assert not np.array_equal(rows[0], rows[1])
    np.testing.assert_array_equal(rows[0], rows[2])
    np.testing.assert_array_equal(rows[1], shuffled(2, 30)(1))


def test_full_batches_and_segments_are_not_copied():
    whole = numbered(8, 4)
    assert np.shares_memory(Sampling(whole, "every").minibatch(0).batch.inputs, whole.inputs)
    assert np.shares_memory(Sampling(whole, "every", tbptt_steps=2).minibatch(1).batch.inputs, whole.inputs)
    shuffled_segment = (
        Sampling(whole, "every", batch_size=2, orders=shuffled(1, 4), tbptt_steps=2).minibatch(1).batch.inputs
    )
    assert shuffled_segment.base is None or shuffled_segment.base.size == 2 * 2  # a segment is copied, no more


def drawing(readout: str, *, ragged: bool = False, T: int = 6, B: int = 3):
    """Each batch says in its inputs whose it is, and steps where they differ are drawn too."""

    def draw(model: int, number: int) -> Batch:
        rng = np.random.default_rng([model, number])
        lengths = rng.integers(1, T, B, endpoint=True) if ragged else None
        steps = T if lengths is None else int(lengths.max())
        batch = numbered(steps, B, readout, lengths)
        return Batch(batch.inputs + 1e6 * model + 1e4 * number, batch.targets, lengths)

    return draw


@pytest.mark.parametrize("readout", ["last", "every"])
@pytest.mark.parametrize("ragged", [False, True])
def test_an_endless_source_draws_anew_for_every_batch_and_model(readout, ragged):
    draw = drawing(readout, ragged=ragged)
    source = Endless(draw(0, 10**6), readout, 3, draw, models=2, longest=6)
    for number in (0, 1, 0, 5):  # in any order
        minibatch = source.minibatch(number)
        assert (minibatch.fraction, minibatch.fresh) == (1.0, True)
        assert minibatch.batch.inputs.shape == (6, 2, 3, 1)
        for model in range(2):
            alone = draw(model, number)
            T = alone.steps
            np.testing.assert_array_equal(minibatch.batch.inputs[:T, model], alone.inputs)
            assert not minibatch.batch.inputs[T:, model].any()
            targets = minibatch.batch.targets
            of_model = targets[model] if readout == "last" else targets[:T, model]
            np.testing.assert_array_equal(of_model, alone.targets)
            if ragged:
                np.testing.assert_array_equal(minibatch.batch.lengths[model], alone.lengths)


def test_fresh_sequences_that_are_too_long_are_refused():
    draw = drawing("last", T=8)
    with pytest.raises(ValueError, match="at most the 6 steps of the longest; got 8"):
        Endless(draw(0, 0), "last", 3, draw, models=2, longest=6).minibatch(0)


def test_segments_of_an_endless_source_cut_the_same_batch_and_draw_it_once():
    drawn = []

    def draw(model: int, number: int) -> Batch:
        drawn.append((model, number))
        return drawing("every")(model, number)

    source = Endless(draw(0, 99), "every", 3, draw, models=2, longest=6, batches_per_epoch=4, tbptt_steps=4)
    drawn.clear()
    minibatches = [source.minibatch(update) for update in range(16)]
    assert drawn == [(model, number) for number in range(8) for model in range(2)]
    assert [m.batch.steps for m in minibatches] == [4, 2] * 8
    assert [m.fresh for m in minibatches] == [True, False] * 8
    assert [m.epoch for m in minibatches] == [0] * 8 + [1] * 8
    assert [k for k, m in enumerate(minibatches) if m.ends_epoch] == [7, 15]
    np.testing.assert_array_equal(minibatches[1].batch.inputs, source.batch(0, 0, 6).inputs[4:])
