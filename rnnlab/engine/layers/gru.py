"""Gated recurrent unit with the reset gate after the product; gate order r, z, n in every parameter.

    (1) a_t = h_{t-1} W_hh + x_t W_xh + b_h         blocks a_r, a_z; the candidate's two halves are kept apart:
        m_t = h_{t-1} W_hn + b_hn                   its recurrent half, with a bias of its own
        u_t = x_t W_xn + b_n                        its input half
    (2) r, z = sigmoid(a_r, a_z)
    (3) n = tanh(u_t + r * m_t)
    (4) h_t = (1 - z) * n + z * h_{t-1}

Backward: all that leaves the step is dh_t times a local factor; numbers are those of the steps they differentiate:

    (4') dn = dh * (1 - z);  dz = dh * (h_{t-1} - n);  dh_{t-1} = dh * z + (1')
    (3') du = dn * (1 - n^2);  dm = du * r;  dr = du * m
    (2') da_r = dr * r (1 - r);  da_z = dz * z (1 - z)
    (1') dh_{t-1} += [da_r, da_z, dm] W_hh^T        done by the time loop

Blocks that a step keeps:

    forward    e_r  e_z  m   a_n  n         e = exp(-a), of which a gate is 1 / (1 + e)
    backward   da_r da_z dm  du   skip      skip = dh * z

Source: Cho et al. 2014, arXiv:1406.1078, in the form of cuDNN, PyTorch and Keras (`reset_after`).
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from rnnlab.engine.activations import Constants, constants, gates_again, open_gates, tanh_slope
from rnnlab.engine.buffers import zeros, zeros_per_step
from rnnlab.engine.layers import rows
from rnnlab.engine.layers.gated import GatedLayer, Step
from rnnlab.engine.layers.layer import Parameter, Trajectory
from rnnlab.engine.reference.gru import GruCell


class Gru(GatedLayer):
    """The GRU layer."""

    name = "gru"
    formulas = (
        "r, z = sigmoid(h_{t-1} W_hh + x_t W_xh + b_h)\n"
        "n = tanh(x_t W_xn + b_n + r * (h_{t-1} W_hn + b_hn))\n"
        "h_t = (1 - z) * n + z * h_{t-1}"
    )
    gates = ("r", "z")
    GATES = 3
    SAVED = 5

    def parameters(self, input_size: int, hidden_size: int) -> dict[str, Parameter]:
        return super().parameters(input_size, hidden_size) | {"b_hn": Parameter((hidden_size,), "zeros")}

    def step(self, h: np.ndarray, saved: np.ndarray, chunk: int) -> "GruStep":
        return GruStep(h, saved, chunk)

    def pull_back(self, trajectory: Trajectory, steps: slice, adjoint: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        of_r, of_z, of_m, z = _local_jacobians(trajectory, steps)
        da = np.concatenate((adjoint * of_r, adjoint * of_z, adjoint * of_m), axis=-1)
        return da, rows.product(da, trajectory.weights_back) + adjoint * z

    def carry_back(self, trajectory: Trajectory, step: int, adjoint: np.ndarray) -> np.ndarray:
        W = trajectory.gates_back
        of_r, of_z, of_m, z = _local_jacobians(trajectory, slice(step, step + 1))
        J = rows.scaled(of_r, W[:, 0])
        J += rows.scaled(of_z, W[:, 1])
        J += rows.scaled(of_m, W[:, 2])
        return rows.product(adjoint, J) + adjoint * z

    def push_forward(self, trajectory: Trajectory, step: int, tangent: np.ndarray) -> np.ndarray:
        of_r, of_z, of_m, z = _local_jacobians(trajectory, slice(step, step + 1))
        a_r, a_z, m = np.split(rows.product(tangent, trajectory.weights["W_hh"]), 3, axis=-1)
        return of_r * a_r + of_z * a_z + of_m * m + z * tangent

    def reference(self) -> GruCell:
        return GruCell()


def _local_jacobians(trajectory: Trajectory, steps: slice) -> tuple[np.ndarray, ...]:
    """(n, R, B, H) each: of h_t by a_r, a_z, m and h_{t-1}."""
    r, z, m, n, a_r, a_z, a_n = trajectory.at(steps, "r", "z", "m", "n", "a_r", "a_z", "a_n")
    u = rows.shut(a_z) * rows.tanh_slope(a_n)
    h_prev = trajectory.h[:-1][steps]
    return u * m * rows.sigmoid_slope(a_r), (h_prev - n) * rows.sigmoid_slope(a_z), u * r, z


@dataclass(slots=True)
class _Scratch:
    """What all steps share: gates r, z in one piece, and a product."""

    gates: np.ndarray
    r: np.ndarray
    z: np.ndarray
    product: np.ndarray
    cap: np.ndarray
    numbers: Constants


@dataclass(slots=True)
class _Views:
    """Of one step, by the names in the drawing above; `after` is all five blocks, for the backward pass."""

    e_rz: np.ndarray
    e_z: np.ndarray
    m: np.ndarray
    a_n: np.ndarray
    n: np.ndarray
    h_prev: np.ndarray
    h: np.ndarray
    after: np.ndarray


class GruStep(Step):
    """Five blocks a step as drawn above."""

    def __init__(self, h: np.ndarray, saved: np.ndarray, chunk: int) -> None:
        H = h.shape[-2]
        self._h = h
        self._blocks = blocks = saved.reshape(*saved.shape[:-2], 5, H, saved.shape[-1])
        now = saved[:-1]
        self.preactivation = self.gradient = now[..., : 4 * H, :]
        self.recurrent_rows = 3 * H  # u, the input half of the candidate, does not see the state
        self.skip_path = list(blocks[:-1, ..., 4, :, :])
        self._scratch = _make_scratch(saved[0], h[0])
        self.local_jacobians = zeros_per_step(chunk, (*h.shape[1:-2], 5, H, h.shape[-1]), h.dtype)
        self.jacobian_of_step = list(self.local_jacobians)
        self.views = [
            _Views(*views)
            for views in zip(
                now[..., : 2 * H, :],
                now[..., H : 2 * H, :],
                now[..., 2 * H : 3 * H, :],
                now[..., 3 * H : 4 * H, :],
                now[..., 4 * H :, :],
                h[:-1],
                h[1:],
                blocks[:-1],
                strict=True,
            )
        ]

    def pack(self, W: np.ndarray, others: Mapping[str, np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
        """Blocks r, z, m, u; forward (4H, K) with -r, -z, backward (K, 4H).

        m sees the state and its own bias only, u the input and its bias only: the rest of their columns is zero.
        """
        H = W.shape[-1] // 3
        backward = np.zeros((*W.shape[:-1], 4 * H), W.dtype)
        backward[..., : 2 * H] = W[..., : 2 * H]
        backward[..., :H, 2 * H : 3 * H] = W[..., :H, 2 * H :]
        backward[..., -1, 2 * H : 3 * H] = others["b_hn"]
        backward[..., H:, 3 * H :] = W[..., H:, 2 * H :]
        forward = np.swapaxes(backward, -1, -2).copy()
        forward[..., : 2 * H, :] *= -1
        return forward, backward

    def unpack(self, dW_loop: np.ndarray, dW: np.ndarray, d_others: Mapping[str, np.ndarray]) -> None:
        H = dW.shape[-1] // 3
        dW[..., : 2 * H] = dW_loop[..., : 2 * H]
        dW[..., :H, 2 * H :] = dW_loop[..., :H, 2 * H : 3 * H]
        dW[..., H:, 2 * H :] = dW_loop[..., H:, 3 * H :]
        d_others["b_hn"][...] = dW_loop[..., -1, 2 * H : 3 * H]

    def forward(self, now: _Views) -> None:
        s = self._scratch
        open_gates(now.e_rz, s.gates, s.cap, s.numbers)  # (2) r and z, which arrive with their sign turned
        np.multiply(s.r, now.m, s.product)  # (3)
        np.add(now.a_n, s.product, now.a_n)
        np.tanh(now.a_n, now.n)
        np.multiply(now.e_z, now.n, s.product)  # (4) as z (e_z n + h_{t-1}), since 1 - z = e_z z
        np.add(s.product, now.h_prev, s.product)
        np.multiply(s.z, s.product, now.h)

    def activations(self) -> dict[str, np.ndarray]:
        *e, m, a_n, n = (self._blocks[:-1, ..., k, :, :] for k in range(5))
        named = {"m": m, "n": n, "a_n": a_n}
        with np.errstate(divide="ignore"):  # e is 0 where a gate is as open as can be
            for name, e_gate in zip("rz", e, strict=True):
                named |= {name: 1 / (1 + e_gate), f"a_{name}": -np.log(e_gate)}
        return named

    def differentiate(self, start: int, stop: int) -> None:
        """The local Jacobians by dh; e and n are lost."""
        steps, numbers = self._blocks[start:stop], self._scratch.numbers
        jacobians = self.local_jacobians[: stop - start]
        e_rz, (m, a_n, n) = steps[..., :2, :, :], (steps[..., k, :, :] for k in range(2, 5))
        d_r, d_z, d_m, d_u, skip = (jacobians[..., k, :, :] for k in range(5))
        gates_again(e_rz, jacobians[..., :2, :, :], numbers)  # r, z where d_r, d_z will be, 1 - r, 1 - z where e was
        rest_r, rest_z = e_rz[..., 0, :, :], e_rz[..., 1, :, :]
        np.copyto(skip, d_z)  # (4') dh_{t-1}
        tanh_slope(a_n, n, d_u, numbers)  # (3') du
        np.multiply(d_u, rest_z, out=d_u)  # (4') dn
        np.multiply(d_u, d_r, out=d_m)  # (3') dm
        np.multiply(d_m, rest_r, out=d_r)  # (2') sigmoid' = r (1 - r), where r is already in dm
        np.multiply(d_r, m, out=d_r)  # (3') dr
        np.subtract(self._h[start:stop], n, out=n)
        np.multiply(d_z, rest_z, out=d_z)  # (2') sigmoid' = z (1 - z)
        np.multiply(d_z, n, out=d_z)  # (4') dz

    def backward(self, dh: np.ndarray, jacobian: np.ndarray, now: _Views) -> None:
        np.multiply(jacobian, dh[..., None, :, :], now.after)  # (4') to (2') at once


def _make_scratch(saved: np.ndarray, h: np.ndarray) -> _Scratch:
    H, dtype, numbers = h.shape[-2], h.dtype, constants(h.dtype)
    gates, cap = (zeros(saved[..., : 2 * H, :].shape, dtype) for _ in range(2))
    cap[...] = numbers.cap
    return _Scratch(gates, gates[..., :H, :], gates[..., H:, :], zeros(h.shape, dtype), cap, numbers)
