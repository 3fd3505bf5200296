"""Synthetic tasks: the answer is recomputed from the inputs alone."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rnnlab.errors import DataError
from rnnlab.tasks.synthetic.adding import adding
from rnnlab.tasks.synthetic.echo import echo
from rnnlab.tasks.synthetic.logistic_map import logistic_map
from rnnlab.tasks.synthetic.order import order
from rnnlab.tasks.synthetic.sine import sine

GENERATORS = {one.__name__: one for one in (adding, echo, logistic_map, order, sine)}


def generator(seed=0):
    return np.random.default_rng(seed)


def ends(task):
    """Length of each sequence."""
    return np.full(task.inputs.shape[1], len(task.inputs)) if task.lengths is None else task.lengths


@pytest.mark.parametrize("length", [2, 3, 9, 10, 25, (2, 40), (50, 55)])
def test_order_is_the_order_of_the_two_symbols(length):
    task = order(generator(), length, 200)
    for column, end, target in zip(task.inputs.T, ends(task), task.targets, strict=True):
        places = np.flatnonzero(column[:end] < 2)
        first, second = column[places]
        assert target == 2 * first + second
        assert (column[end:] == 0).all()
        if end >= 10:
            tenth = end // 10
            assert tenth <= places[0] < 2 * tenth
            assert end // 2 <= places[1] < end // 2 + tenth
    assert set(task.targets) == {0, 1, 2, 3}
    assert task.inputs.max() == (5 if length != 2 else 1)
    assert (task.input_size, task.output_size, task.kind, task.readout) == (6, 4, "classes", "last")


@pytest.mark.parametrize("length", [2, 7, (3, 30)])
def test_adding_is_the_sum_of_the_marked_numbers(length):
    task = adding(generator(), length, 300)
    numbers, marks = task.inputs[..., 0], task.inputs[..., 1]
    np.testing.assert_allclose(task.targets[:, 0], (numbers * marks).sum(axis=0), rtol=1e-15)
    steps = np.arange(len(numbers))[:, np.newaxis]
    first_half = steps < ends(task) // 2
    np.testing.assert_array_equal((marks * first_half).sum(axis=0), 1)
    np.testing.assert_array_equal((marks * ~first_half * (steps < ends(task))).sum(axis=0), 1)
    assert (task.inputs[steps[:, 0][:, np.newaxis] >= ends(task)] == 0).all()


def test_answering_one_to_adding_costs_a_sixth():
    task = adding(generator(), 20, 50_000)
    assert np.mean((task.targets - 1) ** 2) == pytest.approx(1 / 6, rel=0.02)


@pytest.mark.parametrize("delay", [0, 1, 4])
def test_echo_repeats_the_input_after_the_delay(delay):
    task = echo(generator(), (5, 12), 50, delay=delay)
    for n, end in enumerate(ends(task)):
        bits, answers = task.inputs[:end, n, 0], task.targets[:end, n, 0]
        np.testing.assert_array_equal(answers[delay:], bits[: end - delay])
        assert (answers[:delay] == 0).all()
        assert (task.targets[end:, n] == 0).all()
    assert set(np.unique(task.inputs)) == {0.0, 1.0}


def test_sine_follows_from_the_first_input_alone():
    task = sine(generator(), 60, 20, shortest_period=8, longest_period=24)
    assert (task.inputs[1:] == 0).all()
    frequency = 1 / 24 + task.inputs[0, :, 0] * (1 / 8 - 1 / 24)
    for t in (0, 1, 17, 59):
        np.testing.assert_allclose(task.targets[t, :, 0], np.sin(2 * np.pi * t * frequency), atol=1e-13)
    # At a period of 24 steps for the lowest and 8 for the highest frequency.
    assert frequency.min() >= 1 / 24
    assert frequency.max() <= 1 / 8


def test_logistic_map_is_one_step_of_the_map():
    task = logistic_map(generator(), 1, 40, growth=3.7)
    x = task.inputs[0, :, 0]
    np.testing.assert_allclose(task.targets[:, 0], 3.7 * x * (1 - x), rtol=1e-15)
    assert task.inputs.shape == (1, 40, 1)


@given(name=st.sampled_from(sorted(GENERATORS)), seed=st.integers(0, 99))
def test_the_same_seed_draws_the_same_task(name, seed):
    length = 1 if name == "logistic_map" else (5, 15)
    first, second, other = (GENERATORS[name](generator(s), length, 6) for s in (seed, seed, seed + 1))
    assert first.inputs.tobytes() == second.inputs.tobytes()
    assert first.targets.tobytes() == second.targets.tobytes()
    assert first.inputs.tobytes() != other.inputs.tobytes()


def test_lengths_cover_the_range_and_are_left_out_where_equal():
    lengths = echo(generator(), (4, 7), 200).lengths
    assert set(lengths) == {4, 5, 6, 7}
    assert echo(generator(), 9, 3).lengths is None


@pytest.mark.parametrize(
    ("draw", "message"),
    [
        (lambda rng: order(rng, 1, 5), "'length' must be at least 2"),
        (lambda rng: adding(rng, (9, 4), 5), "shortest first; got \\(9, 4\\)"),
        (lambda rng: echo(rng, (3, 9), 5, delay=3), "'delay' must be .* below the length 3; got 3"),
        (lambda rng: echo(rng, 5, 5, delay=-1), "'delay' must be"),
        (lambda rng: sine(rng, 5, 5, shortest_period=2.0), "2 < shortest_period"),
        (lambda rng: logistic_map(rng, 2, 5), "'length' must be 1"),
        (lambda rng: logistic_map(rng, 1, 5, growth=4.5), "'growth' must be in"),
        (lambda rng: order(rng, 20, 0), "number of sequences must be at least 1"),
    ],
)
def test_bad_parameters_are_refused(draw, message):
    with pytest.raises(DataError, match=message):
        draw(generator())
