"""The t-tests over seeds are those of other programs, and seeds that agree need none."""

import sys
from types import SimpleNamespace

import numpy as np
import pytest

from rnnlab.cli.comparison_table import _verdicts
from rnnlab.experiments.comparison.seed_tests import seed_tests

# Student's sleep data (Student 1908), as R has them: t.test(extra ~ group, sleep), with and without paired = TRUE.
FIRST = [0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0.0, 2.0]
SECOND = [1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4]


def test_the_same_seeds_are_paired():
    (test,) = seed_tests({0: dict(enumerate(FIRST)), 1: dict(enumerate(SECOND))})
    assert (test.paired, test.seeds, test.pairs) == (True, (10, 10), 1)
    assert test.difference == pytest.approx(-1.58)
    assert test.p_value == pytest.approx(0.00283289, rel=1e-5)
    assert test.is_significant


def test_seeds_are_paired_by_their_number_and_not_by_their_place():
    there = dict(enumerate(SECOND))
    (test,) = seed_tests({0: dict(enumerate(FIRST)), 1: {seed: there[seed] for seed in reversed(range(10))}})
    assert test.p_value == pytest.approx(0.00283289, rel=1e-5)


def test_other_seeds_are_not_paired():
    (test,) = seed_tests({0: dict(enumerate(FIRST)), 1: dict(enumerate(SECOND, start=5))})
    assert not test.paired
    assert test.p_value == pytest.approx(0.07939414, rel=1e-5)
    assert not test.is_significant


def test_one_test_in_twenty_is_significant_where_nothing_differs():
    rng = np.random.default_rng(0)
    draws = rng.normal(size=(2000, 2, 5))
    found = [seed_tests({0: dict(enumerate(a)), 1: dict(enumerate(b))})[0].is_significant for a, b in draws]
    assert np.mean(found) == pytest.approx(0.05, abs=0.015)


@pytest.mark.parametrize("paired", [True, False])
@pytest.mark.parametrize("scale", [1e-300, 1.0, 1e300])
def test_seeds_that_agree_show_any_difference_and_rounding_none(paired, scale):
    start = 0 if paired else 7
    ours = dict.fromkeys(range(3), scale)
    for factor, p_value in ((1.0, 1.0), (1 + 1e-12, 1.0), (1.1, 0.0)):
        theirs = dict.fromkeys(range(start, start + 3), factor * scale)
        (test,) = seed_tests({0: ours, 1: theirs})
        assert test.p_value == p_value


def test_zeros_and_numbers_at_the_end_of_the_floats():
    (test,) = seed_tests({0: dict.fromkeys(range(3), 0.0), 1: dict.fromkeys(range(3), 0.0)})
    assert (test.difference, test.p_value) == (0.0, 1.0)
    (test,) = seed_tests({0: {0: 1e308, 1: 9e307, 2: 1e308}, 1: {0: 1.0, 1: 2.0, 2: 3.0}})
    assert test.is_significant


def test_a_difference_beyond_the_numbers_there_are_is_the_largest():
    """Of a skill, say, which has no least value; its sentence says that it is more."""
    (test,) = seed_tests({0: {0: -1e308, 1: -1.1e308, 2: -1.2e308}, 1: {0: 1.7e308, 1: 1.6e308, 2: 1.7e308}})
    assert test.difference == -sys.float_info.max
    assert test.is_significant
    runs = [SimpleNamespace(label=label, record=SimpleNamespace(units={}), task="prices") for label in ("a", "b")]
    (said,) = _verdicts(SimpleNamespace(metric="skill", runs=runs, against_best=[test]), runs)
    assert " is lower by more than 1.79e+308 on average" in said


def test_against_one_run_the_others_are_tested_alone_and_corrected_for_their_number():
    """Of p-values p and q in pairs of their own, Holm's are 2 min(p, q), and that or max(p, q), whichever is larger."""
    values = {
        0: dict(enumerate(FIRST)),
        1: dict(enumerate(SECOND)),
        2: {seed: one + 3 for seed, one in enumerate(FIRST)},
    }
    values[2][0] += 1
    found = seed_tests(values, against=1)
    assert [(one.first, one.second, one.pairs) for one in found] == [(0, 1, 2), (2, 1, 2)]
    alone = [seed_tests({0: values[place], 1: values[1]})[0] for place in (0, 2)]
    assert [one.difference for one in found] == [one.difference for one in alone]
    low, high = sorted(one.p_value for one in alone)
    assert sorted(one.p_value for one in found) == pytest.approx([2 * low, max(2 * low, high)])
    assert low == pytest.approx(0.00283289, rel=1e-5)
