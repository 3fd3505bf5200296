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

Blocks of a step:   forward   e_r  e_z  m   a_n  n             e = exp(-a), of which a gate is 1 / (1 + e)
                    backward  da_r da_z dm  du   carry         carry = dh * z

Source: Cho et al. 2014, arXiv:1406.1078, in the form of cuDNN, PyTorch and Keras (`reset_after`).
"""

import numpy as np

from rnnlab.engine.activations import constants, gates_again, open_gates, tanh_slope
from rnnlab.engine.buffers import zeros, zeros_per_step


class Gru:
    """Forward and backward step of the GRU on the blocks of a tape.

    Parameters
    ----------
    h : (T + 1, ..., H, B) view
        States; `h[t]` is h_{t-1} of step t.
    tape : (T + 1, ..., 5 H, B)
        Five blocks a step as drawn above.
    chunk : int
        Steps whose local derivatives are worked out at once.
    """

    GATES = 3
    SLOTS = 5
    STATES = ("h_0",)

    def __init__(self, h: np.ndarray, tape: np.ndarray, chunk: int, activation: str = "tanh") -> None:
        H = h.shape[-2]
        self._h = h
        self._blocks = blocks = tape.reshape(*tape.shape[:-2], 5, H, tape.shape[-1])
        now = tape[:-1]
        self.preactivation = self.gradient = now[..., : 4 * H, :]
        self.recurrent_rows = 3 * H  # u, the input half of the candidate, does not see the state
        self.memory = None
        self.carry = list(blocks[..., 4, :, :])
        self._numbers = numbers = constants(h.dtype)
        gates, cap = (zeros(tape[0, ..., : 2 * H, :].shape, tape.dtype) for _ in range(2))
        cap[...] = numbers.cap
        scratch = zeros(h[0].shape, tape.dtype)
        r, z = gates[..., :H, :], gates[..., H:, :]
        self.forward_steps = [
            (e_rz, gates, r, z, e_z, m, a_n, n, scratch, h_prev, h_t, cap, numbers)
            for e_rz, e_z, m, a_n, n, h_prev, h_t in zip(
                now[..., : 2 * H, :],
                now[..., H : 2 * H, :],
                now[..., 2 * H : 3 * H, :],
                now[..., 3 * H : 4 * H, :],
                now[..., 4 * H :, :],
                h[:-1],
                h[1:],
                strict=True,
            )
        ]
        self.factors = zeros_per_step(chunk, (*h.shape[1:-2], 5, H, h.shape[-1]), h.dtype)
        self.factor_steps = [(step,) for step in self.factors]
        self.backward_steps = [(step,) for step in blocks[:-1]]

    @staticmethod
    def shapes(input_size: int, hidden_size: int) -> dict[str, tuple[int, ...]]:
        H = hidden_size
        return {"W_hh": (H, 3 * H), "W_xh": (input_size, 3 * H), "b_h": (3 * H,), "b_hn": (H,)}

    @staticmethod
    def pack(W: np.ndarray, extra: np.ndarray | None) -> tuple[np.ndarray, np.ndarray]:
        """Weights as the loop wants them: blocks r, z, m, u; forward (4H, K) with -r, -z, backward (K, 4H).

        m sees the state and its own bias only, u the input and its bias only: the rest of their columns is zero.
        """
        H = W.shape[-1] // 3
        backward = np.zeros((*W.shape[:-1], 4 * H), W.dtype)
        backward[..., : 2 * H] = W[..., : 2 * H]
        backward[..., :H, 2 * H : 3 * H] = W[..., :H, 2 * H :]
        backward[..., -1, 2 * H : 3 * H] = extra
        backward[..., H:, 3 * H :] = W[..., H:, 2 * H :]
        forward = np.swapaxes(backward, -1, -2).copy()
        forward[..., : 2 * H, :] *= -1
        return forward, backward

    @staticmethod
    def unpack(dW_loop: np.ndarray, dW: np.ndarray, d_extra: np.ndarray | None) -> None:
        """The gradient of the packed weights, written into the gradient of the parameters."""
        H = dW.shape[-1] // 3
        dW[..., : 2 * H] = dW_loop[..., : 2 * H]
        dW[..., :H, 2 * H :] = dW_loop[..., :H, 2 * H : 3 * H]
        dW[..., H:, 2 * H :] = dW_loop[..., H:, 3 * H :]
        if d_extra is not None:
            d_extra[...] = dW_loop[..., -1, 2 * H : 3 * H]

    @staticmethod
    def forward(e_rz, gates, r, z, e_z, m, a_n, n, scratch, h_prev, h, cap, numbers) -> None:
        open_gates(e_rz, gates, cap, numbers)  # (2) r and z, which arrive with their sign turned
        np.multiply(r, m, scratch)  # (3)
        np.add(a_n, scratch, a_n)
        np.tanh(a_n, n)
        np.multiply(e_z, n, scratch)  # (4) as z (e_z n + h_{t-1}), since 1 - z = e_z z
        np.add(scratch, h_prev, scratch)
        np.multiply(z, scratch, h)

    def activity(self) -> dict[str, np.ndarray]:
        """Gates and pre-activations of each step, (T, ..., H, B) by name, after a forward pass."""
        *e, m, a_n, n = (self._blocks[:-1, ..., k, :, :] for k in range(5))
        named = {"m": m, "n": n, "a_n": a_n}
        with np.errstate(divide="ignore"):  # e is 0 where a gate is as open as can be
            for name, e_gate in zip("rz", e, strict=True):
                named |= {name: 1 / (1 + e_gate), f"a_{name}": -np.log(e_gate)}
        return named

    def derivatives(self, start: int, stop: int) -> None:
        """Local derivatives of the steps start..stop - 1, the factors of dh; e and n are lost."""
        steps, numbers = self._blocks[start:stop], self._numbers
        e_rz, (m, a_n, n) = steps[..., :2, :, :], (steps[..., k, :, :] for k in range(2, 5))
        d_r, d_z, d_m, d_u, carry = (self.factors[: stop - start, ..., k, :, :] for k in range(5))
        r_z = self.factors[: stop - start, ..., :2, :, :]
        gates_again(e_rz, r_z, numbers)  # r and z where d_r and d_z will be, 1 - r and 1 - z where e was
        rest_r, rest_z = e_rz[..., 0, :, :], e_rz[..., 1, :, :]
        np.copyto(carry, d_z)  # (4') dh_{t-1}
        tanh_slope(a_n, n, d_u, numbers)  # (3') du
        np.multiply(d_u, rest_z, out=d_u)  # (4') dn
        np.multiply(d_u, d_r, out=d_m)  # (3') dm
        np.multiply(d_m, rest_r, out=d_r)  # (2') sigmoid' = r (1 - r), where r is already in dm
        np.multiply(d_r, m, out=d_r)  # (3') dr
        np.subtract(self._h[start:stop], n, out=n)
        np.multiply(d_z, rest_z, out=d_z)  # (2') sigmoid' = z (1 - z)
        np.multiply(d_z, n, out=d_z)  # (4') dz

    @staticmethod
    def backward(dh, factors, blocks) -> None:
        np.multiply(factors, dh[..., None, :, :], blocks)  # (4') to (2') at once
