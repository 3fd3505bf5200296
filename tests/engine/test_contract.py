"""Every layer of the package keeps the contract, and the contract notices a layer that does not."""

import numpy as np
import pytest

from rnnlab.engine.contract import check_layer
from rnnlab.engine.layers import Gru, Lstm, Rnn
from rnnlab.engine.layers.lstm import LstmStep
from tests.engine.samples import CELLS
from tests.plugins.leaky.rnnlab_leaky.layer import Leaky, LeakyStep

LAYERS = [Rnn(activation) if cell == "rnn" else {"lstm": Lstm, "gru": Gru}[cell]() for cell, activation in CELLS]


@pytest.mark.parametrize("layer", [*LAYERS, Leaky(), Leaky(0.9)], ids=lambda layer: layer.name)
@pytest.mark.parametrize("seed", [0, 1])
def test_a_layer_keeps_the_contract(layer, seed):
    check_layer(layer, seed=seed)


class WithoutSkipPath(Leaky):
    def step(self, h, saved, chunk):
        made = super().step(h, saved, chunk)
        made.skip_path = None
        return made


class BackwardsOnly(Leaky):
    def push_forward(self, trajectory, step, tangent):
        return super().push_forward(trajectory, step, tangent) - (1 - self.leak) * tangent


class ForwardsOnly(Leaky):
    def pull_back(self, trajectory, steps, adjoint):
        da, before = super().pull_back(trajectory, steps, adjoint)
        return da, before - (1 - self.leak) * adjoint


class ModelsReversed(Leaky):
    """Takes each model's gradient back by the weights of another: a lone model cannot tell."""

    def pull_back(self, trajectory, steps, adjoint):
        da = adjoint * self.leak / np.cosh(trajectory.at(steps, "a")[0]) ** 2
        return da, da @ trajectory.weights_back[::-1] + (1 - self.leak) * adjoint


class OneStepForAll(Leaky):
    def pull_back(self, trajectory, steps, adjoint):
        return super().pull_back(trajectory, slice(steps.start, steps.start + 1), adjoint)


class OneGradientForAll(Leaky):
    def carry_back(self, trajectory, step, adjoint):
        return super().carry_back(trajectory, step, adjoint[:1])


class FirstChunkOnly(Leaky):
    """Works the local Jacobians out from the first steps, whichever are asked for: right where one chunk holds all."""

    def step(self, h, saved, chunk):
        return FirstChunkOnlyStep(h, saved, chunk, self.leak)


class FirstChunkOnlyStep(LeakyStep):
    def differentiate(self, start, stop):
        super().differentiate(0, stop - start)


class ChunkOfItsOwn(Leaky):
    """Looks for the place of a step in the whole sequence, not in its chunk."""

    def step(self, h, saved, chunk):
        return ChunkOfItsOwnStep(h, saved, chunk, self.leak)


class ChunkOfItsOwnStep(LeakyStep):
    def differentiate(self, start, stop):
        self.local_jacobians[start:stop, ..., 0, :, :] = self.leak * (1 - self.phi[start:stop] ** 2)


class Nameless(Leaky):
    name = ""


class WithoutFormulas(Leaky):
    formulas = " "


class TooFewSaved(Leaky):
    SAVED = 1


class TooManyGates(Leaky):
    GATES = 2


class WithoutRecurrentRows(Leaky):
    def step(self, h, saved, chunk):
        made = super().step(h, saved, chunk)
        del made.recurrent_rows
        return made


class OneArray(Leaky):
    def pull_back(self, trajectory, steps, adjoint):
        return super().pull_back(trajectory, steps, adjoint)[1]


class UnknownGate(Gru):
    gates = ("r", "zz")


class WithoutOutput(Leaky):
    def states(self, hidden_size):  # noqa: ARG002 - the name is the interface's
        return ()


class CellStateLost(Lstm):
    """The gradient of the final cell state never arrives: no loss on outputs alone can tell."""

    def step(self, h, saved, chunk):
        made = LstmStep(h, saved, chunk)
        made.views[-1].dc_next = np.zeros_like(made.views[-1].dc_next)
        return made


class WideGate(Gru):
    gates = ("r", "z", "n")


class Approximate(Rnn):
    def saturated(self, trajectory):
        return super().saturated(trajectory)[:-1]


@pytest.mark.parametrize(
    ("layer", "broken"),
    [
        (Leaky, "describes itself: it must be a Layer; got <class"),
        (Nameless(), "describes itself: name must be a text; got ''"),
        (WithoutFormulas(), "describes itself: formulas must be a text; got ' '"),
        (WithoutOutput(), "describes itself: its states must be h and others"),
        (TooFewSaved(), "passes the gradient check: ValueError: "),
        (TooManyGates(), "passes the gradient check: ValueError: "),
        (WithoutRecurrentRows(), "passes the gradient check: AttributeError: .*recurrent_rows"),
        (WithoutSkipPath(), "passes the gradient check"),
        (FirstChunkOnly(), "gives the same gradients chunk by chunk: in chunks of 1 of 6 steps, for layer0.W_hh, it"),
        (ChunkOfItsOwn(), "gives the same gradients chunk by chunk: in chunks of 1 of 6 steps"),
        (CellStateLost(), "takes the gradient of final states"),
        (BackwardsOnly(), "has the jacobian of its step: J v at step 0"),
        (ForwardsOnly(), r"has the jacobian of its step: v\^T J at step 0"),
        (OneArray(), "has the jacobian of its step: ValueError: not enough values to unpack"),
        (ModelsReversed(), "takes gradients back in rows as in columns"),
        (OneStepForAll(), "takes many gradients back as it takes each"),
        (OneGradientForAll(), "takes many gradients back as it takes each"),
        (WideGate(), "names what it did: the gate n must lie between 0 and 1"),
        (UnknownGate(), "names what it did: the gate zz must be one of its activations: m, n, a_n, r, a_r"),
        (Approximate(), "names what it did: saturated must be"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_a_layer_that_breaks_it_is_named_with_the_part(layer, broken):
    name = layer.name or type(layer).__name__
    with pytest.raises(AssertionError, match=f"layer '{name}': not true that it {broken}"):
        check_layer(layer)
