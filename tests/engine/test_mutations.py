"""Mistakes that pass every test of shapes and still train: the checker must reject each.

The four classic ones (c_t for c_{t-1}; the forgotten `dc *= f`; step 0 skipped; h_t for h_{t-1} in dW_hh), in each
cell that they can be made in, and some of their relatives.
"""

import numpy as np
import pytest

from rnnlab.engine import stack
from rnnlab.engine.cells import CELLS, Gru, Lstm, Vanilla
from rnnlab.engine.gradcheck import check_gradients
from rnnlab.engine.recurrence import Recurrence
from tests.engine.samples import sample


class LateMemory(Lstm):
    """df = dc * c_t instead of c_{t-1}."""

    def derivatives(self, start, stop):
        f = 1 / (1 + self._blocks[start:stop, ..., 3, :, :])
        super().derivatives(start, stop)
        self.factors[: stop - start, ..., 3, :, :] = f * (1 - f) * self.memory[start + 1 : stop + 1]


class MemoryThatDoesNotForget(Lstm):
    """dc_{t-1} = dc instead of dc * f."""

    def derivatives(self, start, stop):
        super().derivatives(start, stop)
        self.memory_factor[: stop - start] = 1


class MemoryWithoutPast(Lstm):
    """dc_{t-1} = 0: the memory's own path is forgotten."""

    def derivatives(self, start, stop):
        super().derivatives(start, stop)
        self.memory_factor[: stop - start] = 0


class MemoryBlindToTheState(Lstm):
    """dc += dh o (1 - tanh^2 c) left out: only the memory of later steps counts."""

    def derivatives(self, start, stop):
        super().derivatives(start, stop)
        self.factors[: stop - start, ..., 0, :, :] = 0


class LateState(Gru):
    """dz = dh * (h_t - n) instead of h_{t-1} - n: the GRU's c_t for c_{t-1}."""

    def derivatives(self, start, stop):
        e_z, n = (self._blocks[start:stop, ..., k, :, :].copy() for k in (1, 4))
        z = 1 / (1 + e_z)
        super().derivatives(start, stop)
        self.factors[: stop - start, ..., 1, :, :] = (1 - z) * z * (self._h[start + 1 : stop + 1] - n)


class StateThatDoesNotFade(Gru):
    """dh_{t-1} gets dh instead of dh * z: the GRU's forgotten `dc *= f`."""

    def derivatives(self, start, stop):
        super().derivatives(start, stop)
        self.factors[: stop - start, ..., 4, :, :] = 1


class StateWithoutPast(Gru):
    """dh * z left out."""

    def derivatives(self, start, stop):
        super().derivatives(start, stop)
        self.factors[: stop - start, ..., 4, :, :] = 0


class ResetForgotten(Gru):
    """dm = du instead of du * r."""

    def derivatives(self, start, stop):
        super().derivatives(start, stop)
        self.factors[: stop - start, ..., 2, :, :] = self.factors[: stop - start, ..., 3, :, :]


class EarlySlope(Vanilla):
    """phi'(a_{t-1}) instead of phi'(a_t)."""

    def derivatives(self, start, stop):
        before = np.concatenate((np.zeros_like(self.preactivation[:1]), self.preactivation))[start:stop]
        self._slope(before, self._h[start:stop], self.factors[: stop - start, ..., 0, :, :])


class WeightsWithoutStepZero(Recurrence):
    """dW = sum over t >= 1."""

    def weight_gradient(self, dW, d_extra=None):
        kept = self.cell.gradient[0].copy()
        self.cell.gradient[0] = 0
        super().weight_gradient(dW, d_extra)
        self.cell.gradient[0] = kept


class LoopWithoutStepZero(Recurrence):
    """`for t in range(T - 1, 0, -1)`: step 0 is never reached."""

    def backward(self, *arguments, **options):
        result = super().backward(*arguments, **options)
        self.cell.gradient[0] = 0
        return result


class LateStateInWeights(Recurrence):
    """dW_hh = sum h_t da_t instead of h_{t-1} da_t."""

    def weight_gradient(self, dW, d_extra=None):
        kept = self.h.copy()
        self.h[:-1] = kept[1:]
        super().weight_gradient(dW, d_extra)
        self.h[...] = kept


CELL_MISTAKES = [
    ("rnn", EarlySlope),
    ("lstm", LateMemory),
    ("lstm", MemoryThatDoesNotForget),
    ("lstm", MemoryWithoutPast),
    ("lstm", MemoryBlindToTheState),
    ("gru", LateState),
    ("gru", StateThatDoesNotFade),
    ("gru", StateWithoutPast),
    ("gru", ResetForgotten),
]
LOOP_MISTAKES = [WeightsWithoutStepZero, LoopWithoutStepZero, LateStateInWeights]
VARIANTS = [
    {},
    {"readout": "every"},
    {"models": 2},
    {"layers": 2, "readout": "every"},
    {"bidirectional": True},
    {"tokens": True, "batch_size": 1},
]


def check(cell, activation, variant):
    drawn = sample(cell, activation, initial_state="given", **variant)
    return check_gradients(
        drawn.network,
        drawn.theta,
        drawn.batch,
        drawn.loss,
        states=drawn.states,
        rng=np.random.default_rng(5),
        directions=2,
        entries=3,
    )


@pytest.mark.parametrize("variant", VARIANTS, ids=str)
@pytest.mark.parametrize(("cell", "activation"), [("rnn", "tanh"), ("rnn", "relu"), ("lstm", "tanh"), ("gru", "tanh")])
def test_without_a_mistake_all_of_these_pass(cell, activation, variant):
    assert check(cell, activation, variant).passed


@pytest.mark.parametrize("variant", VARIANTS, ids=str)
@pytest.mark.parametrize(("cell", "mistake"), CELL_MISTAKES)
def test_mistakes_in_a_cell_are_rejected(monkeypatch, cell, mistake, variant):
    monkeypatch.setitem(CELLS, cell, mistake)
    report = check(cell, "tanh", variant)
    assert not report.passed
    assert report.direction_error > 1000 * report.tolerance
    readout = [tensor for tensor in report.tensors if tensor.name.startswith("readout")]
    assert all(tensor.error <= report.tolerance for tensor in readout)


@pytest.mark.parametrize("variant", VARIANTS, ids=str)
@pytest.mark.parametrize(("cell", "activation"), [("rnn", "tanh"), ("rnn", "relu"), ("lstm", "tanh"), ("gru", "tanh")])
@pytest.mark.parametrize("mistake", LOOP_MISTAKES)
def test_mistakes_in_the_loop_are_rejected(monkeypatch, mistake, cell, activation, variant):
    monkeypatch.setattr(stack, "Recurrence", mistake)
    report = check(cell, activation, variant)
    assert not report.passed
    assert report.direction_error > 1000 * report.tolerance


@pytest.mark.parametrize("cell", ["rnn", "lstm", "gru"])
def test_the_report_names_the_one_parameter_that_is_wrong(monkeypatch, cell):
    monkeypatch.setattr(stack, "Recurrence", LateStateInWeights)
    report = check(cell, "tanh", {})
    assert [tensor.name for tensor in report.tensors if tensor.error > report.tolerance] == ["layer0.W_hh"]
    assert report.worst.name == "layer0.W_hh"
