"""What a sweep says: edges found, factors named, verdicts explained."""

import numpy as np
import pytest

from rnnlab.config import load
from rnnlab.dynamics.verdict import judge
from rnnlab.experiments import sweep_sentences as say
from rnnlab.experiments.sweep_results import Divergence, RhoSummary
from rnnlab.experiments.sweep_rho import STARTER


def summary(rho: float, rates, steps: int = 50, diverged=()) -> RhoSummary:
    rates, decisive = np.array(rates), np.log(10) / steps
    counts = int((rates < -decisive).sum()), int((rates > decisive).sum())
    return RhoSummary(rho, judge(rates, steps), None, {}, *counts, list(diverged), len(rates))


def sentences(found, *overrides: str, edge: float | None = 2**0.5, exact: bool = False):
    return say.stand(load(str(STARTER), overrides=overrides), found, 50, edge, exact=exact)


def test_the_measured_edge_lies_where_the_line_between_two_rhos_crosses_zero():
    found = [summary(2.0, [0.3]), summary(1.0, [-0.1])]
    assert say.measured_edge(found) == pytest.approx(1.25)
    assert say.measured_edge(found[1:]) is None
    assert say.measured_edge([summary(1.0, [-np.inf]), summary(2.0, [0.1])]) is None


def test_a_few_rhos_are_named_one_by_one():
    first = sentences([summary(0.9, [-0.46, -0.46]), summary(1.2, [-0.13, -0.02]), summary(2.0, [0.2, 0.2])])[0]
    assert first == (
        "Over 50 steps the gradient shrinks by a factor of 10^10 at rho 0.9 (vanishing), 43 at rho 1.2 (edge: of "
        "2 seeds 1 vanishes) and grows by a factor of 10^4 at rho 2 (exploding)."
    )


def test_many_rhos_are_named_by_range():
    found = [summary(rho, [rho - 1.4]) for rho in np.linspace(1, 2, 11)]
    assert sentences(found)[0] == (
        "Over 50 steps the gradient vanishes at rho 1 to 1.3, stays near the edge at rho 1.4 and explodes at rho 1.5 "
        "to 2."
    )


def test_what_would_change_the_verdict_is_said_with_numbers():
    said = " ".join(sentences([summary(0.9, [-0.46])]))
    assert "edge of relu at rho 1.414: over 50 steps vanishing below 1.35, exploding above 1.48" in said
    assert "a rho above 1.35, sequences shorter than 6 steps (--length) or an LSTM" in said
    assert "a rho below 1.35" in " ".join(sentences([summary(1.41, [0.0])]))


def test_there_is_always_something_to_change():
    assert "longer sequences (--length)." in sentences([summary(1.2, [0.01]), summary(9.0, [np.inf])])[-1]
    assert "an LSTM with open forget gates" in sentences([summary(0.0, [-np.inf]), summary(9.0, [np.inf])])[-1]
    assert "a rho below 1.48" in sentences([summary(9.0, [np.inf])])[-1]


def test_one_seed_is_called_no_evidence():
    found = [summary(0.9, [-0.46])]
    config = load(str(STARTER), seeds="1")
    assert say.stand(config, found, 50, None, exact=False)[-1].startswith("One seed is no evidence")
    assert not any("One seed" in sentence for sentence in sentences(found))


def test_a_gated_cell_is_told_of_its_gates():
    config = ("model.cell=lstm", "model.activation=tanh")
    said = sentences([summary(1.0, [-0.3])], *config, edge=None)
    assert "forget_bias" in said[-1]
    assert not any("Mean field" in sentence for sentence in said)


def test_a_dead_network_dies_and_one_that_overflows_overflows():
    assert (
        "dies at rho 0 (vanishing) and overflows at rho 9 (exploding)"
        in sentences([summary(0.0, [-np.inf]), summary(9.0, [np.inf])])[0]
    )


def test_divergence_names_seed_update_and_tensor():
    events = [Divergence(4, 7, "loss"), Divergence(1, 3, "layer0.h at step 2")]
    assert say.divergence(summary(1.5, [0.1] * 5, diverged=events)) == (
        "rho 1.5: 2 of 5 seeds diverged, the first at update 3, where layer0.h at step 2 is not finite."
    )
    assert say.divergence(summary(1.5, [0.1], diverged=events[:1])) == (
        "rho 1.5: seed 4 diverged, at update 7, where loss is not finite."
    )
    many = [summary(rho, [0.1] * 5, diverged=events) for rho in (1.5, 1.6, 1.7, 1.8, 1.9)]
    assert say.many_divergences([summary(1.0, [0.1] * 5), *many]).startswith(
        "10 of 30 models diverged, at 5 of 6 rhos from 1.5 on, the first at update 3 (rho 1.5, seed 1:"
    )
