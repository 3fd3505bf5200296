"""A layer that the package does not have, as somebody else would write it: the leaky integrator.

    (1) a_t = h_{t-1} W_hh + x_t W_xh + b_h
    (2) h_t = (1 - leak) h_{t-1} + leak tanh(a_t)

Source: Jaeger, Lukosevicius, Popovici, Siewert 2007, doi:10.1016/j.neunet.2007.04.016, eq. 1.
"""

from dataclasses import dataclass

import numpy as np

from rnnlab.engine.layers.gated import GatedLayer, Step


class Leaky(GatedLayer):
    name = "leaky"
    formulas = "a_t = h_{t-1} W_hh + x_t W_xh + b_h\nh_t = (1 - leak) h_{t-1} + leak tanh(a_t)"
    SAVED = 2

    def __init__(self, leak: float = 0.3) -> None:
        self.leak = leak

    def step(self, h, saved, chunk):
        return LeakyStep(h, saved, chunk, self.leak)

    def pull_back(self, trajectory, steps, adjoint):
        da = adjoint * self.leak / np.cosh(trajectory.at(steps, "a")[0]) ** 2
        return da, da @ trajectory.weights_back + (1 - self.leak) * adjoint

    def push_forward(self, trajectory, step, tangent):
        slopes = self.leak / np.cosh(trajectory.at(slice(step, step + 1), "a")[0]) ** 2
        return tangent @ trajectory.weights["W_hh"] * slopes + (1 - self.leak) * tangent


@dataclass(slots=True)
class Views:
    a: np.ndarray
    phi: np.ndarray
    h_prev: np.ndarray
    h: np.ndarray


class LeakyStep(Step):
    """Two blocks a step: a_t, later da_t, and tanh(a_t), later what dh_{t-1} gets from dh_t."""

    def __init__(self, h, saved, chunk, leak):
        H, self.leak = h.shape[-2], leak
        steps = saved[:-1]  # the last row is for a second state, which this layer does not have
        a, self.phi = steps[..., :H, :], steps[..., H:, :]
        self.preactivation = self.gradient = a
        self.recurrent_rows, self.skip_path = H, list(self.phi)
        self.local_jacobians = np.zeros((chunk, *h.shape[1:-2], 1, *h.shape[-2:]), h.dtype)
        self.jacobian_of_step = [of[..., 0, :, :] for of in self.local_jacobians]
        self.views = [Views(*views) for views in zip(a, self.phi, h[:-1], h[1:], strict=True)]

    def forward(self, now):
        np.tanh(now.a, now.phi)
        now.h[...] = (1 - self.leak) * now.h_prev + self.leak * now.phi

    def activations(self):
        return {"a": self.preactivation}

    def differentiate(self, start, stop):
        self.local_jacobians[: stop - start, ..., 0, :, :] = self.leak * (1 - self.phi[start:stop] ** 2)

    def backward(self, dh, slope, now):
        np.multiply(dh, slope, out=now.a)
        np.multiply(dh, 1 - self.leak, out=now.phi)
