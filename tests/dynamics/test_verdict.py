"""Growth rates and verdicts, on curves that are known and on the report's own networks."""

import numpy as np
import pytest

from rnnlab.dynamics.jacobians import suffix_products
from rnnlab.dynamics.spectra import mean_field_rate
from rnnlab.dynamics.verdict import decisive_rate, growth_rate, judge
from rnnlab.engine.trajectory import follow
from tests.dynamics.networks import pangram_networks


def test_the_growth_rate_of_an_exponential_is_its_exponent():
    lags = np.arange(30)
    np.testing.assert_allclose(growth_rate(np.array([-0.3 * lags, 2 + 0.1 * lags])), [-0.3, 0.1], rtol=1e-12)


def test_the_growth_rate_is_the_least_squares_slope():
    curve = np.random.default_rng(0).normal(size=20)
    assert growth_rate(curve) == pytest.approx(np.polyfit(np.arange(20), curve, 1)[0], rel=1e-10)


def test_curves_that_die_or_overflow_have_infinite_rates():
    curves = np.array([[0, -1, -np.inf], [0, 400, np.inf], [0, 400, np.nan]])
    assert growth_rate(curves).tolist() == [-np.inf, np.inf, np.inf]


@pytest.mark.parametrize(
    ("rates", "word"),
    [
        ([-0.4, -0.3, -0.2], "vanishing"),
        ([0.2, 0.3, 0.4], "exploding"),
        ([-0.04, 0.01, 0.04], "critical"),
        ([-0.01], "critical"),
        ([-0.4, -0.3, 0.2], "mixed"),
        ([-0.4, -0.3, 0.0], "mixed"),
        ([0.01, 0.3, 0.4], "mixed"),
        ([-np.inf, 0.01, 0.01], "mixed"),
        ([-np.inf, np.inf], "mixed"),
        ([np.nan], "mixed"),
    ],
)
def test_a_verdict_needs_the_whole_interval_in_one_place(rates, word):
    assert judge(np.array(rates), 50).word == word


def test_the_borders_of_the_band_belong_to_it():
    border = decisive_rate(50)
    assert judge(np.full(3, border), 50).word == judge(np.full(3, -border), 50).word == "critical"
    assert judge(np.full(3, np.nextafter(border, 1)), 50).word == "exploding"


def test_between_opposite_infinities_there_is_no_median():
    verdict = judge(np.array([-np.inf, np.inf]), 50)
    assert np.isnan(verdict.rate)
    assert judge(np.array([-np.inf, np.inf, np.inf]), 50).rate == np.inf


@pytest.mark.parametrize(("sign", "word"), [(-1, "vanishing"), (1, "exploding")])
def test_the_rule_asks_for_a_factor_of_ten_over_the_chunk(sign, word):
    just = np.log(10) / 50
    assert judge(np.array([sign * just * 1.001]), 50).word == word
    assert judge(np.array([sign * just * 0.999]), 50).word == "critical"


def test_a_verdict_has_the_median_its_interval_and_the_horizon():
    verdict = judge(np.linspace(-0.5, -0.3, 21), 50)
    assert (verdict.rate, verdict.low, verdict.high) == pytest.approx((-0.4, -0.49, -0.31))
    assert verdict.horizon == pytest.approx(2.5)


def test_dead_models_count_and_unmeasured_ones_do_not():
    assert judge(np.array([-np.inf, -np.inf, -0.5]), 50).word == "vanishing"
    assert judge(np.array([-np.inf, -np.inf, -0.5]), 50).rate == -np.inf
    assert judge(np.array([np.nan, -0.4]), 50).rate == -0.4
    assert np.isnan(judge(np.array([np.nan]), 50).rate)


def rates_at(activation: str, rho: float, seeds: int = 20) -> np.ndarray:
    return growth_rate(suffix_products(follow(*pangram_networks(activation, rho, seeds)))[0][..., 0].T)


# Growth rate of the transport in the report's second experiment, with the interval that the reference quotes for it.
MEASURED = [
    ("relu", 0.5, -1.10, -1.02),
    ("relu", 0.9, -0.51, -0.42),
    ("relu", 0.99, -0.42, -0.31),
    ("relu", 1.2, -0.26, -0.07),
    ("tanh", 1.2, -0.06, 0.02),
]


@pytest.mark.parametrize(("activation", "rho", "low", "high"), MEASURED)
def test_the_median_rate_lies_in_the_quoted_interval(activation, rho, low, high):
    assert low < np.median(rates_at(activation, rho)) < high


@pytest.mark.parametrize("rho", [0.5, 0.9, 0.99, 1.2, 2**0.5, 1.6, 2.0])
def test_relu_networks_follow_mean_field_theory(rho):
    assert np.median(rates_at("relu", rho, seeds=60)) == pytest.approx(float(mean_field_rate(rho, "relu")), abs=0.06)


def test_tanh_networks_stay_below_mean_field_theory_of_small_states():
    rates = [np.median(rates_at("tanh", rho)) for rho in (1.2, 1.6, 2.0)]
    assert (np.array(rates) < mean_field_rate(np.array([1.2, 1.6, 2.0]), "tanh")).all()
    assert np.all(np.diff(rates) > 0)
