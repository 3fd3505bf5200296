"""Mistakes that pass every test of shapes and still train: the checker must reject each.

The four classic ones (c_t for c_{t-1}; the forgotten `dc *= f`; step 0 skipped; h_t for h_{t-1} in dW_hh), in each
cell that they can be made in, and some of their relatives.
"""

import numpy as np
import pytest

from rnnlab.engine.gradcheck import check_gradients
from rnnlab.engine.layers import gated, gru, lstm, rnn
from rnnlab.engine.layers.gated import GatedRecurrence
from rnnlab.engine.layers.gru import GruStep
from rnnlab.engine.layers.lstm import LstmStep
from rnnlab.engine.layers.rnn import RnnStep
from tests.engine.samples import sample


class LateMemory(LstmStep):
    """df = dc * c_t instead of c_{t-1}."""

    def differentiate(self, start, stop):
        f = 1 / (1 + self._blocks[start:stop, ..., 3, :, :])
        super().differentiate(start, stop)
        self.local_jacobians[: stop - start, ..., 3, :, :] = f * (1 - f) * self.cell_state[start + 1 : stop + 1]


class FirstChunkOnly(LstmStep):
    """The local Jacobians of the first steps in place of those asked for: right where one chunk holds all."""

    def differentiate(self, start, stop):
        super().differentiate(0, stop - start)


class MemoryThatDoesNotForget(LstmStep):
    """dc_{t-1} = dc instead of dc * f."""

    def differentiate(self, start, stop):
        super().differentiate(start, stop)
        self._of_dc[: stop - start] = 1


class MemoryWithoutPast(LstmStep):
    """dc_{t-1} = 0: the memory's own path is forgotten."""

    def differentiate(self, start, stop):
        super().differentiate(start, stop)
        self._of_dc[: stop - start] = 0


class MemoryBlindToTheState(LstmStep):
    """dc += dh o (1 - tanh^2 c) left out: only the memory of later steps counts."""

    def differentiate(self, start, stop):
        super().differentiate(start, stop)
        self.local_jacobians[: stop - start, ..., 0, :, :] = 0


class LateState(GruStep):
    """dz = dh * (h_t - n) instead of h_{t-1} - n: the GRU's c_t for c_{t-1}."""

    def differentiate(self, start, stop):
        e_z, n = (self._blocks[start:stop, ..., k, :, :].copy() for k in (1, 4))
        z = 1 / (1 + e_z)
        super().differentiate(start, stop)
        self.local_jacobians[: stop - start, ..., 1, :, :] = (1 - z) * z * (self._h[start + 1 : stop + 1] - n)


class StateThatDoesNotFade(GruStep):
    """dh_{t-1} gets dh instead of dh * z: the GRU's forgotten `dc *= f`."""

    def differentiate(self, start, stop):
        super().differentiate(start, stop)
        self.local_jacobians[: stop - start, ..., 4, :, :] = 1


class StateWithoutPast(GruStep):
    """dh * z left out."""

    def differentiate(self, start, stop):
        super().differentiate(start, stop)
        self.local_jacobians[: stop - start, ..., 4, :, :] = 0


class ResetForgotten(GruStep):
    """dm = du instead of du * r."""

    def differentiate(self, start, stop):
        super().differentiate(start, stop)
        self.local_jacobians[: stop - start, ..., 2, :, :] = self.local_jacobians[: stop - start, ..., 3, :, :]


class EarlySlope(RnnStep):
    """phi'(a_{t-1}) instead of phi'(a_t)."""

    def differentiate(self, start, stop):
        before = np.concatenate((np.zeros_like(self.preactivation[:1]), self.preactivation))[start:stop]
        self._slope(before, self._h[start:stop], self.local_jacobians[: stop - start, ..., 0, :, :])


class WeightsWithoutStepZero(GatedRecurrence):
    """dW = sum over t >= 1."""

    def write_gradient(self, d_theta):
        kept = self.da[0].copy()
        self.da[0] = 0
        super().write_gradient(d_theta)
        self.da[0] = kept


class LoopWithoutStepZero(GatedRecurrence):
    """`for t in range(T - 1, 0, -1)`: step 0 is never reached."""

    def backward(self, *arguments, **options):
        result = super().backward(*arguments, **options)
        self.da[0] = 0
        return result


class LateStateInWeights(GatedRecurrence):
    """dW_hh = sum h_t da_t instead of h_{t-1} da_t."""

    def write_gradient(self, d_theta):
        kept = self.h.copy()
        self.h[:-1] = kept[1:]
        super().write_gradient(d_theta)
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
STEPS = {"rnn": (rnn, "RnnStep"), "lstm": (lstm, "LstmStep"), "gru": (gru, "GruStep")}
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
    monkeypatch.setattr(*STEPS[cell], mistake)
    report = check(cell, "tanh", variant)
    assert not report.passed
    assert report.direction_error > 1000 * report.tolerance
    readout = [tensor for tensor in report.tensors if tensor.name.startswith("readout")]
    assert all(tensor.error <= report.tolerance for tensor in readout)


@pytest.mark.parametrize("variant", VARIANTS, ids=str)
@pytest.mark.parametrize(("cell", "activation"), [("rnn", "tanh"), ("rnn", "relu"), ("lstm", "tanh"), ("gru", "tanh")])
@pytest.mark.parametrize("mistake", LOOP_MISTAKES)
def test_mistakes_in_the_loop_are_rejected(monkeypatch, mistake, cell, activation, variant):
    monkeypatch.setattr(gated, "GatedRecurrence", mistake)
    report = check(cell, activation, variant)
    assert not report.passed
    assert report.direction_error > 1000 * report.tolerance


@pytest.mark.parametrize("cell", ["rnn", "lstm", "gru"])
def test_the_report_names_the_one_parameter_that_is_wrong(monkeypatch, cell):
    monkeypatch.setattr(gated, "GatedRecurrence", LateStateInWeights)
    report = check(cell, "tanh", {})
    assert [tensor.name for tensor in report.tensors if tensor.error > report.tolerance] == ["layer0.W_hh"]
    assert report.worst.name == "layer0.W_hh"
