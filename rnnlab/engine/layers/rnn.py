"""The vanilla recurrence (Elman 1990), with the activation phi one of tanh, sigmoid, relu, identity.

    (1) a_t = h_{t-1} W_hh + x_t W_xh + b_h
    (2) h_t = phi(a_t)

Backward, from dh_t to da_t; the number is that of the step it differentiates:

    (2') da_t = dh_t * phi'(a_t)            a_t stands where da_t will
    (1') dh_{t-1} = da_t W_hh^T             done by the time loop

Source: Elman 1990, doi:10.1207/s15516709cog1402_1; notation of Pascanu, Mikolov, Bengio 2013, arXiv:1211.5063.
"""

from dataclasses import dataclass

import numpy as np

from rnnlab.engine.activations import ACTIVATIONS
from rnnlab.engine.buffers import zeros_per_step
from rnnlab.engine.layers.gated import GatedLayer, Step
from rnnlab.engine.layers.layer import Trajectory
from rnnlab.engine.layers.rows import SLOPES, product, scaled
from rnnlab.engine.reference.rnn import VanillaCell

SATURATED_TANH = 0.95  # beyond it a tanh unit passes less than a tenth of a gradient
SATURATED_SIGMOID = 0.05  # within it of 0 or 1 a sigmoid passes less than a fifth of the most that it can


class Rnn(GatedLayer):
    """The vanilla layer.

    Parameters
    ----------
    activation : str
        tanh, sigmoid, relu or identity.
    """

    name = "rnn"
    formulas = "a_t = h_{t-1} W_hh + x_t W_xh + b_h\nh_t = phi(a_t)"
    additive = True

    def __init__(self, activation: str = "tanh") -> None:
        self.activation = activation
        self.smooth = activation != "relu"
        self.slope = ACTIVATIONS[activation].gamma

    def step(self, h: np.ndarray, saved: np.ndarray, chunk: int) -> "RnnStep":
        return RnnStep(h, saved, chunk, self.activation)

    def pull_back(self, trajectory: Trajectory, steps: slice, adjoint: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        da = adjoint * self._slopes(trajectory, steps)
        return da, product(da, trajectory.weights_back)

    def carry_back(self, trajectory: Trajectory, step: int, adjoint: np.ndarray) -> np.ndarray:
        slopes = self._slopes(trajectory, slice(step, step + 1))
        return product(adjoint, scaled(slopes, trajectory.gates_back[:, 0]))

    def push_forward(self, trajectory: Trajectory, step: int, tangent: np.ndarray) -> np.ndarray:
        return product(tangent, trajectory.weights["W_hh"]) * self._slopes(trajectory, slice(step, step + 1))

    def reference(self) -> VanillaCell:
        return VanillaCell(self.activation)

    def saturated(self, trajectory: Trajectory) -> np.ndarray:
        h = trajectory.h[1:]
        if self.activation == "tanh":
            return np.abs(h) > SATURATED_TANH
        if self.activation == "sigmoid":
            return np.minimum(h, 1 - h) < SATURATED_SIGMOID
        return h <= 0 if self.activation == "relu" else np.zeros(h.shape, bool)

    def _slopes(self, trajectory: Trajectory, steps: slice) -> np.ndarray:
        """phi'(a_t): (n, R, B, H)."""
        return SLOPES[self.activation](*trajectory.at(steps, "a"))


@dataclass(slots=True)
class _Views:
    """Of one step: a_t, where da_t will be, and h_t."""

    a: np.ndarray
    h: np.ndarray


class RnnStep(Step):
    """One block a step: a_t, after the backward pass da_t."""

    def __init__(self, h: np.ndarray, saved: np.ndarray, chunk: int, activation: str) -> None:
        self._h = h
        self._value, self._slope = ACTIVATIONS[activation].value, ACTIVATIONS[activation].slope
        self.preactivation = self.gradient = saved
        self.recurrent_rows = h.shape[-2]
        self.local_jacobians = zeros_per_step(chunk, (*h.shape[1:-2], 1, *h.shape[-2:]), h.dtype)
        self.jacobian_of_step = [of_step[..., 0, :, :] for of_step in self.local_jacobians]
        self.views = [_Views(a, h_t) for a, h_t in zip(saved, h[1:], strict=True)]

    def forward(self, now: _Views) -> None:
        self._value(now.a, now.h)  # (2)

    def activations(self) -> dict[str, np.ndarray]:
        return {"a": self.preactivation}

    def differentiate(self, start: int, stop: int) -> None:
        """phi'(a_t) of the steps start..stop - 1."""
        slopes = self.local_jacobians[: stop - start, ..., 0, :, :]
        self._slope(self.preactivation[start:stop], self._h[start + 1 : stop + 1], slopes)

    def backward(self, dh: np.ndarray, slope: np.ndarray, now: _Views) -> None:
        np.multiply(slope, dh, now.a)  # (2')
