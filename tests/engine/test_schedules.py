"""Schedules of the learning rate: formulas, PyTorch's numbers, the line of the warm-up."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rnnlab.engine.schedules import learning_rate

# torch 2.13: CosineAnnealingLR(T_max=10, eta_min=0.01) and StepLR(3, 0.5) on a rate of 0.1, update by update.
COSINE = [
    0.1, 0.09779754323328192, 0.09140576474687263, 0.08145033635316129, 0.06890576474687264,
    0.05500000000000001, 0.04109423525312737, 0.028549663646838717, 0.01859423525312737, 0.012202456766718092,
]  # fmt: skip
STEP = [0.1, 0.1, 0.1, 0.05, 0.05, 0.05, 0.025, 0.025, 0.025, 0.0125]

SCHEDULES = [
    {"kind": "constant"},
    {"kind": "step", "step_every": 7, "factor": 0.3},
    {"kind": "cosine", "final_factor": 0.05},
    {"kind": "inverse_time", "halve_after": 5},
]


def test_cosine_and_step_agree_with_pytorch():
    cosine = [learning_rate(u, base=0.1, kind="cosine", total=10, final_factor=0.1) for u in range(10)]
    step = [learning_rate(u, base=0.1, kind="step", step_every=3, factor=0.5) for u in range(10)]
    assert cosine == pytest.approx(COSINE, rel=1e-14)
    assert step == pytest.approx(STEP, rel=1e-14)


def test_cosine_is_halfway_in_the_middle_and_stays_down_after_the_end():
    assert learning_rate(50, base=2.0, kind="cosine", total=100) == pytest.approx(1.0)
    assert learning_rate(250, base=2.0, kind="cosine", total=100, final_factor=0.25) == pytest.approx(0.5)


def test_inverse_time_halves_when_it_says():
    rates = [learning_rate(u, base=0.8, kind="inverse_time", halve_after=10) for u in (0, 10, 30)]
    assert rates == pytest.approx([0.8, 0.4, 0.2])


@given(st.sampled_from(SCHEDULES), st.integers(0, 30), st.integers(0, 60))
def test_warm_up_is_a_line_and_the_schedule_begins_at_its_end(schedule, warmup, later):
    total = 100
    rising = [learning_rate(u, base=0.1, total=total, warmup=warmup, **schedule) for u in range(warmup + 1)]
    assert rising == pytest.approx([0.1 * (u + 1) / (warmup + 1) for u in range(warmup + 1)])
    after = learning_rate(warmup + later, base=0.1, total=total, warmup=warmup, **schedule)
    assert after == learning_rate(later, base=0.1, total=total - warmup, **schedule)


@given(st.sampled_from(SCHEDULES), st.integers(0, 98))
def test_without_warm_up_the_rate_never_rises_and_stays_positive(schedule, update):
    now, then = (learning_rate(u, base=0.1, total=100, **schedule) for u in (update, update + 1))
    assert 0 < then <= now <= 0.1


@pytest.mark.parametrize("schedule", SCHEDULES, ids=lambda schedule: schedule["kind"])
@pytest.mark.parametrize("update", [1, 17])
def test_every_model_may_have_a_rate_of_its_own(schedule, update):
    base = np.array([[0.1], [0.03]])
    rates = learning_rate(update, base=base, total=50, warmup=5, **schedule)
    alone = [[learning_rate(update, base=b, total=50, warmup=5, **schedule)] for b in (0.1, 0.03)]
    assert rates.tolist() == alone


def test_what_cannot_be_scheduled_is_refused():
    with pytest.raises(ValueError, match="must be one of constant, step, cosine, inverse_time; got 'linear'"):
        learning_rate(0, base=0.1, kind="linear")
    with pytest.raises(ValueError, match="give 'total'"):
        learning_rate(0, base=0.1, kind="cosine")
    assert math.isfinite(learning_rate(9, base=0.1, kind="cosine", total=10, warmup=10))
