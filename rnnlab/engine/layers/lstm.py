"""Long short-term memory with a forget gate; gate order i, f, g, o in every parameter.

    (1) a_t = h_{t-1} W_hh + x_t W_xh + b_h         four blocks a_i, a_f, a_g, a_o
    (2) i, f, o = sigmoid(a_i, a_f, a_o);  g = tanh(a_g)
    (3) c_t = f * c_{t-1} + i * g
    (4) h_t = o * tanh(c_t)

Backward, from dh_t and the part of dc_t that comes from step t + 1; numbers are those of the steps they differentiate:

    (4') do = dh * tanh(c_t);  dc += dh * o * (1 - tanh(c_t)^2)
    (3') di = dc * g;  df = dc * c_{t-1};  dg = dc * i;  dc_{t-1} = dc * f
    (2') da = [di * i (1 - i), df * f (1 - f), dg * (1 - g^2), do * o (1 - o)]
    (1') dh_{t-1} = da_t W_hh^T                     done by the time loop

Blocks that a step keeps, so that every product of (2) to (4) runs over neighbours:

    forward    tanh(c_t)   e_o  e_i  e_f  a_g   g      c_{t-1}     e = exp(-a), of which a gate is 1 / (1 + e)
    backward   e           da_o da_i da_f da_g  dc     c_{t-1}     e = dh * o (1 - tanh(c_t)^2);  dc = dc_{t-1}

The gates themselves are needed once in each direction and are not kept. How every derivative stays right where a gate
is shut or open and where tanh saturates: `rnnlab.engine.activations`.

Source: Hochreiter and Schmidhuber 1997; Gers, Schmidhuber, Cummins 2000 (forget gate).
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from rnnlab.engine.activations import Constants, constants, gates_again, open_gates, tanh_slope
from rnnlab.engine.buffers import zeros, zeros_per_step
from rnnlab.engine.layers import rows
from rnnlab.engine.layers.gated import GatedLayer, Step
from rnnlab.engine.layers.layer import State, Trajectory
from rnnlab.engine.reference.lstm import LstmCell


class Lstm(GatedLayer):
    """The LSTM layer."""

    name = "lstm"
    formulas = (
        "i, f, o = sigmoid(h_{t-1} W_hh + x_t W_xh + b_h)\n"
        "g = tanh(h_{t-1} W_hh + x_t W_xh + b_h)\n"
        "c_t = f * c_{t-1} + i * g\n"
        "h_t = o * tanh(c_t)"
    )
    gates = ("i", "f", "o")
    forget_gate = (0, 1)
    GATES = 4
    SAVED = 7

    def states(self, hidden_size: int) -> tuple[State, ...]:
        return State("h", (hidden_size,)), State("c", (hidden_size,))

    def step(self, h: np.ndarray, saved: np.ndarray, chunk: int) -> "LstmStep":
        return LstmStep(h, saved, chunk)

    def pull_back(self, trajectory: Trajectory, steps: slice, adjoint: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        H = trajectory.hidden_size
        of_i, of_f, of_g, of_o, f, of_c = _local_jacobians(trajectory, steps)
        dh, dc = adjoint[..., :H], adjoint[..., H:]
        dc = dc + dh * of_c
        da = np.concatenate((dc * of_i, dc * of_f, dc * of_g, dh * of_o), axis=-1)
        return da, np.concatenate((rows.product(da, trajectory.weights_back), dc * f), axis=-1)

    def carry_back(self, trajectory: Trajectory, step: int, adjoint: np.ndarray) -> np.ndarray:
        H, W = trajectory.hidden_size, trajectory.gates_back
        of_i, of_f, of_g, of_o, f, of_c = _local_jacobians(trajectory, slice(step, step + 1))
        dh, dc = adjoint[..., :H], adjoint[..., H:]
        dc = dc + dh * of_c
        through_c = rows.scaled(of_i, W[:, 0])
        through_c += rows.scaled(of_f, W[:, 1])
        through_c += rows.scaled(of_g, W[:, 2])
        before = np.empty_like(adjoint)
        before[..., :H] = rows.product(dc, through_c) + rows.product(dh, rows.scaled(of_o, W[:, 3]))
        before[..., H:] = dc * f
        return before

    def push_forward(self, trajectory: Trajectory, step: int, tangent: np.ndarray) -> np.ndarray:
        H = trajectory.hidden_size
        of_i, of_f, of_g, of_o, f, of_c = _local_jacobians(trajectory, slice(step, step + 1))
        a_i, a_f, a_g, a_o = np.split(rows.product(tangent[..., :H], trajectory.weights["W_hh"]), 4, axis=-1)
        c = f * tangent[..., H:] + of_i * a_i + of_f * a_f + of_g * a_g
        return np.concatenate((of_c * c + of_o * a_o, c), axis=-1)

    def reference(self) -> LstmCell:
        return LstmCell()


def _local_jacobians(trajectory: Trajectory, steps: slice) -> tuple[np.ndarray, ...]:
    """(n, R, B, H) each: of c_t by a_i, a_f and a_g; of h_t by a_o; of c_t by c_{t-1}; of h_t by c_t."""
    i, f, g, o, c, c_prev, tanh_c = trajectory.at(steps, "i", "f", "g", "o", "c", "c_prev", "tanh_c")
    a_i, a_f, a_g, a_o = trajectory.at(steps, "a_i", "a_f", "a_g", "a_o")
    return (
        g * rows.sigmoid_slope(a_i),
        c_prev * rows.sigmoid_slope(a_f),
        i * rows.tanh_slope(a_g),
        tanh_c * rows.sigmoid_slope(a_o),
        f,
        o * rows.tanh_slope(c),
    )


@dataclass(slots=True)
class _Scratch:
    """What all steps share: gates o, i, f in one piece, the two products of (3), dc."""

    gates: np.ndarray
    o: np.ndarray
    i_f: np.ndarray
    products: np.ndarray
    ig: np.ndarray
    fc: np.ndarray
    cap: np.ndarray
    numbers: Constants
    dc: np.ndarray
    dc_block: np.ndarray


@dataclass(slots=True)
class _Views:
    """Of one step, by the names in the drawing above; joined names are neighbours."""

    e_oif: np.ndarray
    a_g: np.ndarray
    g: np.ndarray
    g_c_prev: np.ndarray
    tanh_c: np.ndarray
    c: np.ndarray
    h: np.ndarray
    e_da_o: np.ndarray
    e: np.ndarray
    da_ifg_dc: np.ndarray
    dc_next: np.ndarray


class LstmStep(Step):
    """Seven blocks a step as drawn above; those of the place T hold c_T in their last block."""

    cell_state: np.ndarray
    d_cell_state: np.ndarray

    def __init__(self, h: np.ndarray, saved: np.ndarray, chunk: int) -> None:
        H = h.shape[-2]
        self._blocks = blocks = saved.reshape(*saved.shape[:-2], 7, H, saved.shape[-1])
        now, after = saved[:-1], saved[1:]
        self.preactivation = self.gradient = now[..., H : 5 * H, :]
        self.recurrent_rows = 4 * H
        self.cell_state = blocks[..., 6, :, :]  # c_{t-1}
        self.d_cell_state = blocks[..., 5, :, :]  # dc_{t-1}
        self._scratch = _make_scratch(saved[0], h[0])
        self.local_jacobians = zeros_per_step(chunk, (*h.shape[1:-2], 6, H, h.shape[-1]), h.dtype)
        self._of_dc = self.local_jacobians[..., 5, :, :]  # dc_{t-1} from dc_t
        self.jacobian_of_step = [(of[..., :2, :, :], of[..., 2:, :, :]) for of in self.local_jacobians]
        self.views = [
            _Views(*views)
            for views in zip(
                now[..., H : 4 * H, :],
                now[..., 4 * H : 5 * H, :],
                now[..., 5 * H : 6 * H, :],
                now[..., 5 * H :, :],
                now[..., :H, :],
                after[..., 6 * H :, :],
                h[1:],
                blocks[:-1, ..., :2, :, :],
                blocks[:-1, ..., 0, :, :],
                blocks[:-1, ..., 2:6, :, :],
                self.d_cell_state[1:],
                strict=True,
            )
        ]

    def pack(self, W: np.ndarray, others: Mapping[str, np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
        """Blocks o, i, f, g; forward (4H, K) with -o, -i, -f, backward (K, 4H)."""
        H = W.shape[-1] // 4
        backward = np.concatenate((W[..., 3 * H :], W[..., : 3 * H]), axis=-1)
        forward = np.swapaxes(backward, -1, -2).copy()
        forward[..., : 3 * H, :] *= -1
        return forward, backward

    def unpack(self, dW_loop: np.ndarray, dW: np.ndarray, d_others: Mapping[str, np.ndarray]) -> None:
        H = dW.shape[-1] // 4
        dW[..., 3 * H :] = dW_loop[..., :H]
        dW[..., : 3 * H] = dW_loop[..., H:]

    def forward(self, now: _Views) -> None:
        s = self._scratch
        open_gates(now.e_oif, s.gates, s.cap, s.numbers)  # (2) o, i, f, which arrive with their sign turned
        np.tanh(now.a_g, now.g)
        np.multiply(s.i_f, now.g_c_prev, s.products)  # (3)
        np.add(s.ig, s.fc, now.c)
        np.tanh(now.c, now.tanh_c)  # (4)
        np.multiply(s.o, now.tanh_c, now.h)

    def activations(self) -> dict[str, np.ndarray]:
        tanh_c, *e, a_g, g, c_prev = (self._blocks[:-1, ..., k, :, :] for k in range(7))
        named = {"tanh_c": tanh_c, "g": g, "a_g": a_g, "c_prev": c_prev, "c": self.cell_state[1:]}
        with np.errstate(divide="ignore"):  # e is 0 where a gate is as open as can be
            for name, e_gate in zip("oif", e, strict=True):
                named |= {name: 1 / (1 + e_gate), f"a_{name}": -np.log(e_gate)}
        return named

    def differentiate(self, start: int, stop: int) -> None:
        """The local Jacobians by dh and by dc; e is lost."""
        steps, jacobians = self._blocks[start:stop], self.local_jacobians[: stop - start]
        numbers = self._scratch.numbers
        tanh_c, _, _, _, a_g, g, _ = (steps[..., k, :, :] for k in range(7))
        e, o, i, f, d_g, d_c = (jacobians[..., k, :, :] for k in range(6))
        e_oif, g_c_prev, d_oif = steps[..., 1:4, :, :], steps[..., 5:, :, :], jacobians[..., 1:4, :, :]
        gates_again(e_oif, d_oif, numbers)  # the gates where their derivatives will be, and 1 - s where e was
        np.copyto(d_c, f)  # (3') dc_{t-1}
        tanh_slope(a_g, g, d_g, numbers)  # (2')
        np.multiply(d_g, i, out=d_g)  # (3') dg
        tanh_slope(self.cell_state[start + 1 : stop + 1], tanh_c, e, numbers)  # (4') dc
        np.multiply(e, o, out=e)
        np.multiply(d_oif, e_oif, out=d_oif)  # (2') sigmoid' = s (1 - s)
        np.multiply(o, tanh_c, out=o)  # (4') do
        d_i_f = d_oif[..., 1:, :, :]
        np.multiply(d_i_f, g_c_prev, out=d_i_f)  # (3') di, df

    def backward(self, dh: np.ndarray, jacobian: tuple[np.ndarray, np.ndarray], now: _Views) -> None:
        by_dh, by_dc = jacobian
        s = self._scratch
        np.multiply(by_dh, dh[..., None, :, :], now.e_da_o)  # (4') (2') da_o, and what dh adds to dc
        np.add(now.dc_next, now.e, s.dc)
        np.multiply(by_dc, s.dc_block, now.da_ifg_dc)  # (3') (2') da_i, da_f, da_g, and dc_{t-1}

    def stand_still(self, mask: np.ndarray) -> None:
        """Where the mask is True no gradient leaves the step, and that of the cell state passes unchanged."""
        super().stand_still(mask)
        np.copyto(self._of_dc[: len(mask)], 1, where=mask)


def _make_scratch(saved: np.ndarray, h: np.ndarray) -> _Scratch:
    H, dtype, numbers = h.shape[-2], h.dtype, constants(h.dtype)
    gates, cap = (zeros(saved[..., : 3 * H, :].shape, dtype) for _ in range(2))
    cap[...] = numbers.cap
    products, dc = zeros(saved[..., : 2 * H, :].shape, dtype), zeros(h.shape, dtype)
    o, i_f = gates[..., :H, :], gates[..., H:, :]
    ig, fc = products[..., :H, :], products[..., H:, :]
    return _Scratch(gates, o, i_f, products, ig, fc, cap, numbers, dc, dc[..., None, :, :])
