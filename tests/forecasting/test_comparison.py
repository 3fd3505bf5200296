"""The Diebold-Mariano test: its definition, its size under the null, and the words of the verdict."""

import math
import random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rnnlab.forecasting.comparison import (
    AccuracyTest,
    Rival,
    diebold_mariano,
    equal_accuracy,
    judge_errors,
    judge_forecast,
    made_of,
)


def test_one_step_is_a_paired_t_test():
    # At h = 1 the correction turns the divisor N of the variance into N - 1: Student's own statistic.
    rng = np.random.default_rng(0)
    actual, first, second = rng.normal(size=(3, 40))
    d = (actual - first) ** 2 - (actual - second) ** 2
    paired = d.mean() / (d.std(ddof=1) / math.sqrt(40))
    assert diebold_mariano(actual, first, second).statistic == pytest.approx(paired, rel=1e-12)


def test_two_steps_by_hand():
    # Losses of the first are 4 1 9 0, of the second 0; d = 4 1 9 0, mean 3.5, centred .5 -2.5 5.5 -3.5.
    # gamma_0 = 49/4, gamma_1 = (-1.25 - 13.75 - 19.25)/4; V < 0, so Bartlett's weight of 1/2.
    test = diebold_mariano(np.zeros(4), [2, -1, 3, 0], np.zeros(4), horizon=2)
    variance = 49 / 4 + 2 * 0.5 * (-34.25 / 4)
    correction = (4 + 1 - 4 + 2 / 4) / 4
    assert test.statistic == pytest.approx(3.5 / math.sqrt(variance / 4) * math.sqrt(correction))


def test_two_steps_by_hand_without_weights():
    d = np.array([1.0, 2.0, 3.0, 4.0, 8.0])
    centred = d - 3.6
    gamma = [centred @ centred / 5, centred[1:] @ centred[:-1] / 5]
    expected = 3.6 / math.sqrt((gamma[0] + 2 * gamma[1]) / 5) * math.sqrt((5 + 1 - 4 + 2 / 5) / 5)
    test = diebold_mariano(np.zeros(5), d, np.zeros(5), horizon=2, power=1)
    assert test.statistic == pytest.approx(expected)


@given(st.integers(0, 500), st.integers(1, 4), st.sampled_from([1.0, 2.0]))
def test_swapping_the_forecasts_flips_the_sign_alone(seed, horizon, power):
    actual, first, second = np.random.default_rng(seed).normal(size=(3, 30))
    there = diebold_mariano(actual, first, second, horizon=horizon, power=power)
    back = diebold_mariano(actual, second, first, horizon=horizon, power=power)
    assert back.statistic == pytest.approx(-there.statistic, rel=1e-9)
    assert back.p_value == pytest.approx(there.p_value, rel=1e-9)


def sampled(rng, size):
    """0 .. size - 1 in the order of Python 2.7's `random.sample(range(size), size)`."""
    pool = list(range(size))
    for left in range(size, 0, -1):
        place = int(rng.random() * left)
        yield pool[place]
        pool[place] = pool[left - 1]


@pytest.mark.parametrize(
    ("power", "statistic", "p_value"),
    [
        (1, 1.3275742446369585, 0.18737195617455585),
        (2, 1.2112523589452902, 0.22868210381769466),
        (4, 0.9124498079287283, 0.36374861695187799),
    ],
)
def test_a_published_example_one_step_ahead(power, statistic, p_value):
    """Source: README of github.com/johntwk/Diebold-Mariano-Test, commit 4f895d6; seed 123 of Python 2.7."""
    rng = random.Random(123)
    actual, first, second = ([*sampled(rng, 100)] for _ in range(3))
    test = diebold_mariano(actual, first, second, power=power)
    assert test.statistic == pytest.approx(statistic, rel=1e-12)
    assert test.p_value == pytest.approx(p_value, rel=1e-12)


def test_a_published_example_three_steps_ahead():
    """Source: tests of github.com/edoannunziata/dieboldmariano, commit 09ae457; its p-value is one-sided there."""
    first = [
        0.3675225224615024, 0.5450608127223211, 0.22044990720021074, 0.8688743471040006, 0.6072512228948467,
        0.8582283746501538, 0.41662295816718187, 0.3812100211114714, 0.7185133356116706, 0.30827323290318875,
        0.4297093624074402, 0.8615974488577858, 0.7240514514808826, 0.3450839595261038, 0.19675301374013598,
    ]  # fmt: skip
    second = [
        0.12794132529988733, 0.3679643204341153, 0.768715420996091, 0.09972248964114683, 0.27197653636654284,
        0.28797629010039505, 0.9160213458582482, 0.6112628048698798, 0.5452873235576241, 0.06785907231746158,
        0.6072666485541124, 0.6241575753989782, 0.39998026828867217, 0.19895665605941748, 0.8094941215215619,
    ]  # fmt: skip
    test = diebold_mariano(np.zeros(15), first, second, horizon=3, power=1)
    assert test.statistic == pytest.approx(1.2109, abs=5e-5)
    assert 1 - test.p_value / 2 == pytest.approx(0.877, abs=5e-4)
    test = diebold_mariano(np.zeros(6), [0, 1, 2, 3, 4, 5], [0, 2, 3, 3, 5, 6])
    assert test.statistic == pytest.approx(-2.4905, abs=5e-5)
    assert test.p_value == pytest.approx(0.05513, abs=5e-6)


@pytest.mark.parametrize("horizon", [1, 3, 5])
def test_equally_accurate_forecasts_are_rejected_as_often_as_promised(horizon):
    """Errors h steps ahead are moving averages of h shocks; 5 % within three standard errors of 2000 draws."""
    rng, rows, draws = np.random.default_rng(7), 400, 2000
    shocks = rng.normal(size=(2, draws, rows + horizon - 1))
    errors = np.sum([shocks[..., lag : lag + rows] for lag in range(horizon)], axis=0)
    differences = errors[0] ** 2 - errors[1] ** 2
    rejected = np.mean([equal_accuracy(row, horizon=horizon).p_value < 0.05 for row in differences])
    assert rejected == pytest.approx(0.05, abs=3 * math.sqrt(0.05 * 0.95 / draws))


def test_few_rows_are_rejected_little_more_often():
    """Harvey, Leybourne and Newbold, table 2: a little oversized beyond one step, and less so than uncorrected."""
    rng = np.random.default_rng(5)
    shocks = rng.normal(size=(2, 1000, 62))
    errors = np.sum([shocks[..., lag : lag + 60] for lag in range(3)], axis=0)
    p_values = [diebold_mariano(np.zeros(60), a, b, horizon=3).p_value for a, b in zip(*errors, strict=True)]
    assert 0.04 < np.mean(np.array(p_values) < 0.05) < 0.08


def test_the_better_forecast_is_found():
    rng = np.random.default_rng(2)
    actual = rng.normal(size=400)
    good, bad = actual + rng.normal(0, 1.0, 400), actual + rng.normal(0, 1.3, 400)
    test = diebold_mariano(actual, good, bad)
    assert test.statistic < 0
    assert test.p_value < 0.001


def test_degenerate_differences():
    actual = np.arange(5.0)
    assert diebold_mariano(actual, actual + 1, actual - 1) == diebold_mariano(actual, actual, actual)
    assert diebold_mariano(actual, actual, actual).p_value == 1.0
    constant = diebold_mariano(actual, actual + 1, actual)
    assert (constant.statistic, constant.p_value) == (math.inf, 0.0)
    for value in (np.nan, np.inf):
        assert math.isnan(diebold_mariano(actual, np.full(5, value), actual).p_value)


@pytest.mark.parametrize(("rows", "horizon"), [(1, 1), (3, 3)])
def test_too_few_rows_are_refused(rows, horizon):
    with pytest.raises(ValueError, match=f"got {rows}"):
        diebold_mariano(np.zeros(rows), np.ones(rows), np.zeros(rows), horizon=horizon)


@given(st.integers(0, 300), st.integers(1, 4), st.integers(-1000, 1000))
def test_the_unit_of_the_values_changes_nothing(seed, horizon, exponent):
    """From 1e-301 to 1e301, where the squares of most are no floats."""
    arrays = np.random.default_rng(seed).normal(size=(3, 30))
    here = diebold_mariano(*arrays, horizon=horizon)
    assert diebold_mariano(*np.ldexp(arrays, exponent), horizon=horizon) == here


def test_the_definition_in_plain_numpy():
    actual, first, second = np.random.default_rng(3).normal(size=(3, 50)).cumsum(axis=1)
    d = (actual - first) ** 2 - (actual - second) ** 2
    for h in (1, 2, 3):
        gamma = [np.sum((d[k:] - d.mean()) * (d[: 50 - k] - d.mean())) / 50 for k in range(h)]
        variance = gamma[0] + 2 * sum(gamma[1:])
        expected = d.mean() / math.sqrt(variance / 50) * math.sqrt((50 + 1 - 2 * h + h * (h - 1) / 50) / 50)
        assert diebold_mariano(actual, first, second, horizon=h).statistic == pytest.approx(expected, rel=1e-12)


def test_a_paired_t_test_by_hand():
    # d = 1 2 3 6: mean 3, sum of squares 14, sd sqrt(14/3), t = 3 / sqrt(14/12); P(|t| > 2.777) with 3 degrees.
    test = equal_accuracy([1.0, 2.0, 3.0, 6.0])
    assert test.statistic == pytest.approx(3 / math.sqrt(14 / 12), rel=1e-12)
    angle = math.atan(test.statistic / math.sqrt(3))
    assert test.p_value == pytest.approx(1 - 2 / math.pi * (angle + math.sin(angle) * math.cos(angle)), rel=1e-9)


def test_errors_that_are_no_floats():
    actual, rival = np.array([1e308, -1e308, 1e308]), np.array([1e308, 0.0, 1e308])
    assert diebold_mariano(actual, -actual, rival).statistic > 0
    assert diebold_mariano(actual, -actual, rival).p_value < 1


def test_small_errors_are_not_called_the_same():
    actual = np.zeros(4)
    test = diebold_mariano(actual, 1e-165 * np.array([1, 2, 3, 4.0]), 1e-165 * np.array([2, 1, 4, 3.5]))
    assert not test.identical
    assert test.statistic != 0
    assert diebold_mariano(actual, [1.0, -2.0, 3.0, 4.0], [-1.0, 2.0, 3.0, -4.0]).identical
    assert not diebold_mariano(actual, [1e-200, 1.0, 1, 1], [2e-200, 1.0, 1, 1]).identical


BETTER, WORSE = AccuracyTest(-3.0, 0.01), AccuracyTest(3.0, 0.001)
LUCKY, UNLUCKY = AccuracyTest(-1.0, 0.3), AccuracyTest(1.0, 0.4)
NONE = AccuracyTest(math.nan, math.nan)


@pytest.mark.parametrize(
    ("rmse", "tests", "word", "sentence"),
    [
        (
            [110.0, 120.0, 130.0],
            [WORSE] * 3,
            "worse",
            "The network does not beat drift, the best baseline: "
            "RMSE 120 (median of 3 seeds, 5–95 %: 111 to 129) against 10.15; "
            "3 of 3 seeds are significantly worse (Diebold-Mariano test at 5 %).",
        ),
        (
            [10.1, 10.2, 10.3],
            [LUCKY, UNLUCKY, UNLUCKY],
            "equal",
            "The network is not distinguishable from drift, the best baseline: "
            "RMSE 10.2 (median of 3 seeds, 5–95 %: 10.11 to 10.29) against 10.15; "
            "1 of 3 seeds is better, not significantly, 2 of 3 seeds are worse, not significantly "
            "(Diebold-Mariano test at 5 %).",
        ),
        (
            [9.0, 9.1, 10.2, 10.3],
            [BETTER, BETTER, UNLUCKY, WORSE],
            "mixed",
            "The seeds do not settle whether the network beats drift, the best baseline: "
            "RMSE 9.65 (median of 4 seeds, 5–95 %: 9.015 to 10.29) against 10.15; "
            "2 of 4 seeds are significantly better, 1 of 4 seeds is significantly worse, "
            "1 of 4 seeds is worse, not significantly (Diebold-Mariano test at 5 %).",
        ),
        (
            [9.0],
            [BETTER],
            "better",
            "The network beats drift, the best baseline: RMSE 9 against 10.15; the one seed is significantly better "
            "(Diebold-Mariano test at 5 %).",
        ),
        (
            [9.0, math.nan],
            [BETTER, NONE],
            "mixed",
            "The seeds do not settle whether the network beats drift, the best baseline: RMSE 9 against 10.15; "
            "1 of 2 seeds is significantly better, 1 of 2 seeds diverged (Diebold-Mariano test at 5 %).",
        ),
        (
            [10.15],
            [AccuracyTest(0.0, 1.0, identical=True)],
            "equal",
            "The network is not distinguishable from drift, the best baseline: RMSE 10.15 against 10.15; "
            "the one seed has the same error in all rows (Diebold-Mariano test at 5 %).",
        ),
        (
            [10.15],
            [AccuracyTest(0.0, 1.0)],
            "equal",
            "The network is not distinguishable from drift, the best baseline: RMSE 10.15 against 10.15; "
            "the one seed is equally accurate on average (Diebold-Mariano test at 5 %).",
        ),
        (
            [10.1499],
            [LUCKY],
            "equal",
            "The network is not distinguishable from drift, the best baseline: RMSE 10.1499 against 10.15; "
            "the one seed is better, not significantly (Diebold-Mariano test at 5 %).",
        ),
        (
            [math.inf, math.inf],
            [WORSE, WORSE],
            "worse",
            "The network does not beat drift, the best baseline: RMSE more than 1.8e+308 against 10.15; "
            "2 of 2 seeds are significantly worse (Diebold-Mariano test at 5 %).",
        ),
        (
            [math.nan],
            [NONE],
            "untested",
            "The network cannot be held against drift, the best baseline: every seed diverged.",
        ),
        (
            [9.0, 9.5],
            None,
            "untested",
            "There are too few rows to test whether the network beats drift, the best baseline: "
            "RMSE 9.25 (median of 2 seeds, 5–95 %: 9.025 to 9.475) against 10.15.",
        ),
    ],
)
def test_the_verdict_in_words(rmse, tests, word, sentence):
    verdict = judge_errors(rmse, Rival("drift", 10.15), tests, diverged=np.isnan(rmse))
    assert verdict.word == word
    assert verdict.sentence == sentence


def test_a_forecast_that_is_not_finite_is_not_called_diverged():
    verdict = judge_errors([math.inf, 9.0], Rival("drift", 10.15), [NONE, LUCKY])
    assert "1 of 2 seeds is better, not significantly, 1 of 2 seeds has no finite error" in verdict.sentence
    assert judge_errors([math.nan], Rival("drift", 10.15), [NONE]).sentence.endswith(": no seed has a finite error.")


PERSISTENCE, DRIFT, MEAN = Rival("persistence", 10.15), Rival("drift", 10.2), Rival("the mean", 338.0)
SAME = AccuracyTest(0.0, 1.0, identical=True)


def outcomes(*p_values):
    """A negative p-value stands for a worse forecast."""
    return [AccuracyTest(-2.0 if p_value > 0 else 2.0, abs(p_value)) for p_value in p_values]


@pytest.mark.parametrize(
    ("score", "tests", "word", "sentence"),
    [
        (
            9.0,
            outcomes(0.049, 0.01, 0.01),  # Holm's correction for three would leave the first out
            "better",
            "The network beats persistence, the best baseline, and each of the 2 others: RMSE 9 against 10.15 "
            "(Diebold-Mariano tests at 5 %).",
        ),
        (
            9.0,
            outcomes(0.01, 0.06, 0.01),
            "better",
            "The network beats persistence, the best baseline: RMSE 9 against 10.15. It beats all of the 3 baselines "
            "but drift (Diebold-Mariano tests at 5 %, Holm's correction).",
        ),
        (
            9.0,
            outcomes(0.03, 0.06, 0.001),  # 0.03 is 0.06 after the correction
            "equal",
            "The network is not distinguishable from persistence, the best baseline: RMSE 9 against 10.15. "
            "Of the 3 baselines it beats the mean (Diebold-Mariano tests at 5 %, Holm's correction).",
        ),
        (
            10.15,
            outcomes(0.9, -0.9, 0.02),
            "equal",
            "The network is not distinguishable from persistence, the best baseline: RMSE 10.15 against 10.15. "
            "It beats none of the 3 baselines (Diebold-Mariano tests at 5 %, Holm's correction).",
        ),
        (
            110.0,
            outcomes(-0.001, -0.001, 0.001),
            "worse",
            "The network does not beat persistence, the best baseline: RMSE 110 against 10.15. "
            "Of the 3 baselines it beats the mean (Diebold-Mariano tests at 5 %, Holm's correction).",
        ),
        (
            11.0,
            outcomes(-0.01, 0.01, 0.01),
            "worse",
            "The network does not beat persistence, the best baseline: RMSE 11 against 10.15. "
            "It beats all of the 3 baselines but persistence (Diebold-Mariano tests at 5 %, Holm's correction).",
        ),
        (
            10.15,
            [SAME, *outcomes(0.3, 0.4)],
            "equal",
            "The network is not distinguishable from persistence, the best baseline: RMSE 10.15 against 10.15, the "
            "same error in all rows. It beats none of the 3 baselines (Diebold-Mariano tests at 5 %, Holm's "
            "correction).",
        ),
        (
            math.inf,
            outcomes(-0.001, -0.001, -0.001),
            "worse",
            "The network does not beat persistence, the best baseline: RMSE more than 1.8e+308 against 10.15. "
            "It beats none of the 3 baselines (Diebold-Mariano tests at 5 %, Holm's correction).",
        ),
        (
            9.0,
            None,
            "untested",
            "There are too few rows to test whether the network beats persistence, the best baseline: "
            "RMSE 9 against 10.15.",
        ),
    ],
)
def test_the_verdict_on_all_baselines_in_words(score, tests, word, sentence):
    verdict = judge_forecast(score, [PERSISTENCE, DRIFT, MEAN], tests)
    assert (verdict.word, verdict.sentence) == (word, sentence)


def test_the_verdict_on_one_or_two_baselines():
    alone = judge_forecast(9.0, [DRIFT], outcomes(0.04))
    assert alone.sentence == "The network beats drift: RMSE 9 against 10.2 (Diebold-Mariano test at 5 %)."
    lost = judge_forecast(11.0, [DRIFT], outcomes(-0.01))
    assert lost.sentence == "The network does not beat drift: RMSE 11 against 10.2 (Diebold-Mariano test at 5 %)."
    both = judge_forecast(9.0, [DRIFT, PERSISTENCE], outcomes(0.04, 0.04))
    assert both.sentence.startswith("The network beats persistence, the best baseline, and the other one: RMSE 9 ")


def test_what_is_told_beside_the_errors():
    sentence = judge_forecast(
        10.1401,
        [Rival("drift", 10.14), PERSISTENCE],
        outcomes(0.5, 0.5),
        aside="median forecast of 5 seeds",
        also=PERSISTENCE,
    ).sentence
    assert ": RMSE 10.1401 (median forecast of 5 seeds) against 10.14; persistence has 10.15. It beats " in sentence
    best = judge_forecast(9.0, [PERSISTENCE, DRIFT], outcomes(0.5, 0.5), also=PERSISTENCE)
    assert "persistence has" not in best.sentence


@pytest.mark.parametrize(
    ("of", "diverged", "said"),
    [
        ([1], [0], ""),
        ([0], [1], "it diverged"),
        ([0], [0], "its forecast is not finite"),
        ([1, 1], [0, 0], "median forecast of 2 seeds"),
        ([1, 0, 0], [0, 1, 0], "median forecast of 1 seed; 1 of 3 seeds diverged, 1 of 3 seeds has no finite forecast"),
        ([1, 0, 0], [0, 0, 0], "median forecast of 1 seed; 2 of 3 seeds have no finite forecast"),
        ([0, 0], [1, 1], "every seed diverged"),
        ([0, 0], [1, 0], "1 of 2 seeds diverged, 1 of 2 seeds has no finite forecast"),
    ],
)
def test_what_a_forecast_is_made_of(of, diverged, said):
    assert made_of(of, diverged) == said


def test_without_a_finite_forecast_there_is_no_verdict():
    verdict = judge_forecast(math.nan, [PERSISTENCE, DRIFT], None, aside="every seed diverged")
    assert verdict.word == "untested"
    assert verdict.sentence == (
        "The network cannot be held against persistence, the best baseline: every seed diverged."
    )
