"""What a sweep says: every sentence where its condition holds, and none where it does not."""

import numpy as np
import pytest

from rnnlab.config import load
from rnnlab.dynamics.verdict import decisive_rate, judge
from rnnlab.experiments.sweep import sentences as say
from rnnlab.experiments.sweep.alternatives import Alternative
from rnnlab.experiments.sweep.results import Divergence, RhoSummary
from rnnlab.experiments.sweep.rho import STARTER
from rnnlab.seeds import Spread

EDGE = 2**0.5


def lost(count: int) -> list[Divergence]:
    return [Divergence(seed, 7, "loss") for seed in range(count)]


def summary(rho: float, rates, steps: int = 50, diverged=(), theory=None, saturated=0.0) -> RhoSummary:
    rates, decisive = np.array(rates, float), np.log(10) / steps
    counts = int((rates < -decisive).sum()), int((rates > decisive).sum())
    verdict = judge(rates, steps)
    quantities = {"saturated": Spread(saturated, saturated, saturated)}
    return RhoSummary(rho, verdict, theory, quantities, *counts, list(diverged), len(rates))


def sentences(found, *overrides: str, edge: float | None = None, exact: bool = False, **measured):
    return say.stand(load(STARTER, overrides=overrides), found, 50, edge, exact=exact, **measured)


def other(label: str, rates, *, before: str, option: str = "") -> Alternative:
    rates = np.array(rates)
    border = decisive_rate(50)
    counts = len(rates), int((rates < -border).sum()), int((rates > border).sum())
    return Alternative(label, option, before, judge(rates, 50), *counts)


def curve(rate: float, seeds: int = 5, steps: int = 50) -> np.ndarray:
    return np.full((seeds, 1), rate) * np.arange(steps + 1)


def test_the_measured_edge_lies_where_the_line_between_two_rhos_rises_through_zero():
    found = [summary(2.0, [0.3]), summary(1.0, [-0.1])]
    assert say.measured_edge(found) == pytest.approx(1.25)
    assert say.measured_edge(found[1:]) is None
    assert say.measured_edge([summary(1.0, [-np.inf]), summary(2.0, [0.1])]) is None
    assert say.measured_edge([summary(1.0, [0.1]), summary(2.0, [-0.1])]) is None


def test_every_crossing_of_zero_is_said_with_the_rhos_between_which_it_lies():
    found = [summary(rho, [rate] * 5) for rho, rate in ((0.5, -0.6), (2.0, 0.2), (100.0, -1.8))]
    assert sentences(found)[1:] == (
        "Measured, the median rate rises through zero at rho 1.62, interpolated between 0.5 and 2.",
        "Measured, the median rate falls through zero at rho 11.8, interpolated between 2 and 100.",
    )
    assert "Measured, the rate rises" in sentences([summary(1.0, [-0.1]), summary(2.0, [0.1])])[1]
    assert not any("Measured" in said for said in sentences([summary(1.0, [-0.1] * 5), summary(2.0, [-0.2] * 5)]))


def test_a_few_rhos_are_named_one_by_one():
    first = sentences([summary(0.9, [-0.46, -0.46]), summary(1.2, [-0.13, -0.02]), summary(2.0, [0.2, 0.2])])[0]
    assert first == (
        "At the fitted rates, over 50 steps, the gradient shrinks by a factor of 10^10 at rho 0.9 (vanishing) and 43 "
        "at rho 1.2 (mixed: of 2 seeds 1 vanishes and 1 stays within a factor of 10), and grows by a factor of 10^4 at "
        "rho 2 (exploding)."
    )
    first = sentences([summary(0, [-np.inf] * 2), summary(0.1, [-np.inf] * 2), summary(1.4, [0.0] * 2)])[0]
    assert first.endswith(
        "the gradient becomes exactly 0 at rho 0 (vanishing) and at rho 0.1 (vanishing), and keeps its size within 5 % "
        "at rho 1.4 (critical)."
    )


def test_many_rhos_are_named_as_a_list_of_values():
    found = [summary(rho, [rho - 1.4] * 5) for rho in np.linspace(1, 2, 11)]
    assert sentences(found)[0] == (
        "Over 50 steps the gradient vanishes at rho 1, 1.1, 1.2 and 1.3, stays within a factor of 10 at rho 1.4 and "
        "explodes at rho 1.5, 1.6, ..., 2."
    )


def test_a_wholly_positive_interval_with_most_networks_diverged_is_not_near_any_edge():
    rates = [0.03, 0.04, *[0.23] * 17, 0.39]
    (first, *_) = sentences([summary(1.65, rates, diverged=lost(16)), summary(1.7, rates, diverged=lost(17))])
    assert "near" not in first
    assert "critical" not in first
    assert (
        "at rho 1.65 (mixed: of 20 seeds 18 explode and 2 stay within a factor of 10; 16 of 20 diverged in training)"
        in first
    )
    found = [summary(rho, rates, diverged=lost(16)) for rho in (1.5, 1.6, 1.65, 1.7, 1.8)]
    said = sentences(found)
    assert said[0] == "Over 50 steps the gradient depends on the seed at rho 1.5, 1.6, ..., 1.8."
    assert said[1] == (
        "In training 80 of 100 networks diverged, at 5 of 5 rhos (1.5, 1.6, ..., 1.8); at each of them more than half "
        "did."
    )
    found = [summary(rho, rates, diverged=lost(16 if rho > 1.7 else 2)) for rho in (1.5, 1.6, 1.65, 1.7, 1.8)]
    assert sentences(found)[1] == (
        "In training 24 of 100 networks diverged, at 5 of 5 rhos (1.5, 1.6, ..., 1.8); at 1 of them (1.8) more than "
        "half did."
    )


def test_diverged_networks_are_in_the_sentence_whatever_the_verdict():
    assert "(vanishing; 1 of 2 diverged in training)" in sentences([summary(0.9, [-0.4] * 2, diverged=lost(1))])[0]
    assert "(critical; 2 of 3 diverged in training)" in (sentences([summary(1.4, [0.01] * 3, diverged=lost(2))])[0])
    few = [summary(rho, [-0.4] * 5, diverged=lost(1 if rho > 3 else 0)) for rho in (1, 2, 3, 4, 5)]
    assert sentences(few)[1] == "In training 2 of 25 networks diverged, at 2 of 5 rhos (4 and 5)."
    apart = [summary(rho, [-0.4] * 5, diverged=lost(4 if rho in (1, 3, 5) else 0)) for rho in (1, 2, 3, 4, 5)]
    assert sentences(apart)[1] == (
        "In training 12 of 25 networks diverged, at 3 of 5 rhos (1, 3 and 5); at each of them more than half did."
    )
    assert not any("diverged" in said for said in sentences([summary(0.9, [-0.4] * 5)]))


def test_mean_field_is_said_of_many_units_and_where_there_is_a_theory():
    (said,) = [one for one in sentences([summary(0.9, [-0.46] * 5)], edge=EDGE) if "mean field" in one]
    assert said == (
        "For many units mean field puts the edge of relu at rho 1.414: over 50 steps vanishing below 1.35, exploding "
        "above 1.48."
    )
    (said,) = [
        one
        for one in sentences([summary(0.9, [-0.2] * 5)], "model.activation=tanh", edge=1.0, exact=True)
        if "mean field" in one
    ]
    assert said == (
        "For many units mean field puts the edge of tanh at spectral radius 1 if states are small, higher if they are "
        "saturated."
    )
    assert not any("mean field" in one for one in sentences([summary(0.9, [-0.46] * 5)]))


@pytest.mark.parametrize(
    ("rate", "theory", "saturated", "heard"),
    [(-1.8, 4.6, 0.96, True), (-1.8, 4.6, 0.4, False), (0.2, 4.6, 0.96, False), (-1.8, -0.1, 0.96, False)],
)
def test_saturation_is_named_where_it_was_measured_beyond_the_edge(rate, theory, saturated, heard):
    found = [summary(100, [rate] * 5, theory=theory, saturated=saturated)]
    said = [one for one in sentences(found, "model.activation=tanh", edge=1.0) if "above that edge" in one]
    assert said == heard * ["At rho 100, above that edge, the gradient vanishes: 96 % of the states are saturated."]


def test_what_would_change_the_verdict_is_what_was_measured_to_change_it():
    found = [summary(100, [-1.8] * 5)]
    others = [
        other("rho 50", [-0.5, 0.0], before="vanishing"),
        other("rho 200", [-2.0, -2.0], before="vanishing"),
        other("rho 400", [-3.0, -3.0], before="vanishing"),
        other("an LSTM", [0.0, 0.0], before="vanishing", option="--cell lstm"),
    ]
    assert sentences(found, alternatives=others)[1:] == (
        "What would change the verdict, measured on 2 of the seeds before training: rho 50 (mixed: of 2 "
        "seeds 1 vanishes and 1 stays within a factor of 10) or an LSTM (critical; --cell lstm).",
        "What would not change the verdict: rho 200 or rho 400 (still vanishing).",
    )
    others = [other("rho 200", [-2.0] * 5, before="vanishing")]
    assert sentences(found, alternatives=others)[1:] == (
        "What would not change the verdict, measured on the same seeds before training: rho 200 (still vanishing).",
    )
    assert not any("change the verdict" in one for one in sentences(found))


def test_fewer_steps_are_those_whose_own_rates_give_another_verdict():
    found = [summary(0.9, [-0.46] * 5), summary(0.5, [-1.0] * 5)]
    said = sentences(found, curves={0.9: curve(-0.46), 0.5: curve(-1.0)})
    assert said[1:] == ("At rho 0.9 the verdict over the last 5 steps alone is critical.",)
    assert np.exp(-0.46 * 5) > 1 / 10 > np.exp(-0.46 * 6)
    (said,) = sentences([summary(9, [5.0] * 5)], curves={9: curve(5.0)})  # a factor of 10 in every single step
    assert "alone" not in said


def test_longer_sequences_are_named_where_the_whole_interval_has_one_sign():
    (_, said) = sentences([summary(1.4, [0.02, 0.021, 0.022])])[:2]
    assert said == "If its rates persist, rho 1.4 would be exploding over 115 steps (--length 115)."
    assert judge(np.array([0.02, 0.021, 0.022]), 115).word == "exploding"
    (_, said) = sentences([summary(1.2, [-0.04] * 3)])[:2]
    assert said.endswith("would be vanishing over 58 steps (--length 58).")
    one_step = (
        "data={kind: synthetic, task: logistic_map}",
        "model.readout=null",
        "training=null",
    )  # no --length there
    (_, said) = sentences([summary(1.2, [-0.04] * 3)], *one_step)[:2]
    assert said.endswith("would be vanishing over 58 steps.")
    for rates in ([-0.01, 0.0, 0.01], [0.02], [1e-9] * 5, [0.2] * 5):
        assert not any("hold on" in one for one in sentences([summary(1.4, rates)]))


def test_one_seed_and_few_seeds_are_called_what_they_are():
    assert sentences([summary(0.9, [-0.46])])[-1].startswith("One seed is no evidence and has no interval")
    assert sentences([summary(0.9, [-0.46] * 2)])[-1] == (
        "2 seeds are few: a further network lies between their lowest and highest rate with a probability of 33 %; "
        "with 10 seeds it is 82 %."
    )
    assert not any("seeds are few" in one or "One seed" in one for one in sentences([summary(0.9, [-0.46] * 5)]))


def test_gradients_of_zero_and_overflows_have_no_factor():
    first = sentences([summary(0.0, [-np.inf]), summary(5.0, [-np.inf, np.inf]), summary(9.0, [np.inf])])[0]
    assert first == (
        "At the fitted rates, over 50 steps, the gradient becomes exactly 0 at rho 0 (vanishing), is exactly 0 for "
        "some seeds and overflows for others at rho 5 (mixed: of 2 seeds 1 vanishes and 1 explodes) and overflows at "
        "rho 9 (exploding)."
    )


def test_divergence_names_seed_update_and_tensor():
    events = [Divergence(4, 7, "loss"), Divergence(1, 3, "layer0.h at step 2")]
    assert say.divergence(summary(1.5, [0.1] * 5, diverged=events)) == (
        "rho 1.5: 2 of 5 seeds diverged, the first at update 3, where layer0.h at step 2 is not finite."
    )
    assert say.divergence(summary(1.5, [0.1], diverged=events[:1])) == (
        "rho 1.5: seed 4 diverged, at update 7, where loss is not finite."
    )
    assert say.divergence(summary(1.5, [0.1], diverged=[Divergence(0, 2, "weights")])).endswith(
        "at update 2, where the weights have grown by a factor of more than 1,000,000."
    )
    many = [summary(rho, [0.1] * 5, diverged=events) for rho in (1.5, 1.6, 1.7, 1.8, 1.9)]
    assert say.many_divergences([summary(1.0, [0.1] * 5), *many]).startswith(
        "10 of 30 models diverged, at 5 of 6 rhos, the lowest 1.5, the first at update 3 (rho 1.5, seed 1:"
    )
