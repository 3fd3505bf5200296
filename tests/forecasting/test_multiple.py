"""Holm's correction is R's, and keeps its promise where the tests are independent."""

import numpy as np
import pytest

from rnnlab.forecasting.multiple import holm


def test_several_tests_are_corrected_as_r_does():
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])  # p.adjust(p, "holm")
    assert holm([0.9, 0.8]) == [1.0, 1.0]
    assert holm([]) == []


def test_a_lone_test_stays_as_it_is():
    assert holm([0.0372]) == [0.0372]


def test_one_true_hypothesis_of_several_is_rejected_at_most_at_the_level():
    """Of 8 independent true ones, some is rejected with probability 1 - (1 - 0.05 / 8)^8 = 0.0489."""
    p_values = np.random.default_rng(0).uniform(size=(4000, 8))
    rejected = np.mean([min(holm(row.tolist())) < 0.05 for row in p_values])
    expected = 1 - (1 - 0.05 / 8) ** 8
    assert rejected == pytest.approx(expected, abs=3 * np.sqrt(expected * (1 - expected) / 4000))
