"""What is measured beside a sweep: other rhos and gates, each with the verdict that a sweep of its own gives."""

import dataclasses

import pytest

from rnnlab.experiments.sweep import alternatives
from rnnlab.tasks.task import build_task
from tests.experiments.sweeps import small_config, sweep

GATED = ("model.cell=lstm", "model.activation=tanh")


def found(run):
    return {one["label"]: one for one in run.summary["alternatives"]}


def test_other_rhos_are_tried_until_the_verdict_changes(tmp_path):
    others = found(sweep(tmp_path, [0.4]))
    assert list(others) == ["rho 0.2", "rho 0.1", "rho 0.8", "rho 1.6", "an LSTM with forget bias 1 at rho 0.4"]
    assert {others[name]["verdict"]["word"] for name in ("rho 0.2", "rho 0.1", "rho 0.8")} == {"vanishing"}
    assert others["rho 1.6"]["verdict"]["word"] != "vanishing"


@pytest.mark.parametrize(
    ("overrides", "label", "rho", "again"),
    [
        ((), "rho 1.6", 1.6, ()),
        ((), "an LSTM with forget bias 1 at rho 0.4", 0.4, (*GATED, "model.init.forget_bias=1")),
        (GATED, "forget bias 2 at rho 0.4", 0.4, (*GATED, "model.init.forget_bias=2")),
    ],
)
def test_an_alternative_has_the_rates_of_a_sweep_of_its_own(tmp_path, overrides, label, rho, again):
    verdict = found(sweep(tmp_path, [0.4], *overrides))[label]["verdict"]
    alone = sweep(tmp_path, [rho], *again).rhos[0].verdict
    assert verdict["word"] == alone.word
    assert (verdict["rate"], verdict["low"], verdict["high"]) == pytest.approx((alone.rate, alone.low, alone.high))


def test_a_saturated_tanh_is_not_told_to_take_a_larger_rho(tmp_path):
    run = sweep(tmp_path, [400.0], "model.activation=tanh", "data.chunk=30", seeds="6")
    assert run.rhos[0].verdict.word == "vanishing"
    others = found(run)
    assert {others[name]["verdict"]["word"] for name in ("rho 800", "rho 1600")} == {"vanishing"}
    changing = [one for one in run.sentences if one.startswith("What would change")]
    assert not any("rho 800" in one or "rho 1600" in one for one in changing)


@pytest.mark.parametrize(
    ("bias", "offered"), [("2", ["0", "4"]), ("0", ["-2", "2"]), ("{kind: chrono, longest: 9}", [])]
)
def test_a_forget_bias_in_use_is_not_offered(tmp_path, bias, offered):
    others = found(sweep(tmp_path, [1.0], *GATED, f"model.init.forget_bias={bias}"))
    assert [name.split()[2] for name in others if name.startswith("forget")] == offered


def test_where_the_verdict_changes_within_the_sweep_no_other_rho_is_tried(tmp_path):
    run = sweep(tmp_path, [0.3, 9.0])
    assert len({one.verdict.word for one in run.rhos}) == 2
    assert list(found(run)) == ["an LSTM with forget bias 1 at rho 0.3"]


def test_rho_0_is_held_against_rhos_above_it_and_1e308_against_what_is_finite(tmp_path):
    assert next(name for name in found(sweep(tmp_path, [0.0])) if name.startswith("rho")) == "rho 1"
    rhos = [dataclasses.replace(one, rho=1e308) for one in sweep(tmp_path, [1e300]).rhos]
    tried = [label for group in alternatives._other_rhos(small_config(), rhos) for label, *_ in group]
    assert tried == ["rho 5e+307", "rho 2.5e+307"]


def test_a_signal_ends_the_search(tmp_path):
    config = small_config()
    rhos = sweep(tmp_path, [0.5]).rhos
    search = alternatives.alternatives
    assert search(config, build_task(config), rhos, 12, exact=False, should_stop=lambda: True) == []
