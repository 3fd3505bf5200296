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

Blocks of a step, so that every product of (2) to (4) runs over neighbours:

    forward    tanh(c_t)   e_o  e_i  e_f  a_g   g      c_{t-1}     e = exp(-a), of which a gate is 1 / (1 + e)
    backward   e           da_o da_i da_f da_g  carry  c_{t-1}     e = dh * o (1 - tanh(c_t)^2);  carry = dc_{t-1}

The gates themselves are needed once in each direction and are not kept. How every derivative stays right where a gate
is shut or open and where tanh saturates: `rnnlab.engine.activations`.

Source: Hochreiter and Schmidhuber 1997; Gers, Schmidhuber, Cummins 2000 (forget gate).
"""

import numpy as np

from rnnlab.engine.activations import constants, gates_again, open_gates, tanh_slope
from rnnlab.engine.buffers import zeros, zeros_per_step


class Lstm:
    """Forward and backward step of the LSTM on the blocks of a tape.

    Parameters
    ----------
    h : (T + 1, ..., H, B) view
        States; `h[t]` is h_{t-1} of step t.
    tape : (T + 1, ..., 7 H, B)
        Seven blocks a step as drawn above. `tape[T]` holds c_T in its last block.
    chunk : int
        Steps whose local derivatives are worked out at once.
    """

    GATES = 4
    SLOTS = 7
    STATES = ("h_0", "c_0")

    def __init__(self, h: np.ndarray, tape: np.ndarray, chunk: int, activation: str = "tanh") -> None:
        H = h.shape[-2]
        self._blocks = blocks = tape.reshape(*tape.shape[:-2], 7, H, tape.shape[-1])
        now, after = tape[:-1], tape[1:]
        self.preactivation = self.gradient = now[..., H : 5 * H, :]
        self.recurrent_rows = 4 * H
        self.memory = blocks[..., 6, :, :]  # c_{t-1}
        self.memory_gradient = blocks[..., 5, :, :]  # dc_{t-1}
        self.carry = None
        self._numbers = numbers = constants(h.dtype)
        gates, cap = (zeros(tape[0, ..., : 3 * H, :].shape, tape.dtype) for _ in range(2))
        cap[...] = numbers.cap
        products = zeros(tape[0, ..., : 2 * H, :].shape, tape.dtype)
        o, i_f, ig, fc = gates[..., :H, :], gates[..., H:, :], products[..., :H, :], products[..., H:, :]
        self.forward_steps = [
            (e_oif, gates, a_g, g, i_f, g_c, products, ig, fc, c, tanh_c, o, h_t, cap, numbers)
            for e_oif, a_g, g, g_c, c, tanh_c, h_t in zip(
                now[..., H : 4 * H, :],
                now[..., 4 * H : 5 * H, :],
                now[..., 5 * H : 6 * H, :],
                now[..., 5 * H :, :],
                after[..., 6 * H :, :],
                now[..., :H, :],
                h[1:],
                strict=True,
            )
        ]
        self.factors = zeros_per_step(chunk, (*h.shape[1:-2], 6, H, h.shape[-1]), h.dtype)
        self.memory_factor = self.factors[..., 5, :, :]  # of dc_{t-1}
        self.factor_steps = [(step[..., :2, :, :], step[..., 2:, :, :]) for step in self.factors]
        dc = zeros(h[0].shape, tape.dtype)
        self.backward_steps = [
            (e_o, e, i_f_g_carry, carry_next, dc, dc[..., None, :, :])
            for e_o, e, i_f_g_carry, carry_next in zip(
                blocks[:-1, ..., :2, :, :],
                blocks[:-1, ..., 0, :, :],
                blocks[:-1, ..., 2:6, :, :],
                self.memory_gradient[1:],
                strict=True,
            )
        ]

    @staticmethod
    def shapes(input_size: int, hidden_size: int) -> dict[str, tuple[int, ...]]:
        H = hidden_size
        return {"W_hh": (H, 4 * H), "W_xh": (input_size, 4 * H), "b_h": (4 * H,)}

    @staticmethod
    def pack(W: np.ndarray, extra: np.ndarray | None) -> tuple[np.ndarray, np.ndarray]:
        """Weights as the loop wants them: blocks o, i, f, g; forward (4H, K) with -o, -i, -f, backward (K, 4H)."""
        H = W.shape[-1] // 4
        backward = np.concatenate((W[..., 3 * H :], W[..., : 3 * H]), axis=-1)
        forward = np.swapaxes(backward, -1, -2).copy()
        forward[..., : 3 * H, :] *= -1
        return forward, backward

    @staticmethod
    def unpack(dW_loop: np.ndarray, dW: np.ndarray, d_extra: np.ndarray | None) -> None:
        """The gradient of the packed weights, written into the gradient of the parameters."""
        H = dW.shape[-1] // 4
        dW[..., 3 * H :] = dW_loop[..., :H]
        dW[..., : 3 * H] = dW_loop[..., H:]

    @staticmethod
    def forward(e_oif, gates, a_g, g, i_f, g_c, products, ig, fc, c, tanh_c, o, h, cap, numbers) -> None:
        open_gates(e_oif, gates, cap, numbers)  # (2) o, i, f, which arrive with their sign turned
        np.tanh(a_g, g)
        np.multiply(i_f, g_c, products)  # (3)
        np.add(ig, fc, c)
        np.tanh(c, tanh_c)  # (4)
        np.multiply(o, tanh_c, h)

    def activity(self) -> dict[str, np.ndarray]:
        """Gates, pre-activations and memory of each step, (T, ..., H, B) by name, after a forward pass."""
        tanh_c, *e, a_g, g, c_prev = (self._blocks[:-1, ..., k, :, :] for k in range(7))
        named = {"tanh_c": tanh_c, "g": g, "a_g": a_g, "c_prev": c_prev, "c": self.memory[1:]}
        with np.errstate(divide="ignore"):  # e is 0 where a gate is as open as can be
            for name, e_gate in zip("oif", e, strict=True):
                named |= {name: 1 / (1 + e_gate), f"a_{name}": -np.log(e_gate)}
        return named

    def derivatives(self, start: int, stop: int) -> None:
        """Local derivatives of the steps start..stop - 1, the factors of dh and of dc; e is lost."""
        steps, factors, numbers = self._blocks[start:stop], self.factors[: stop - start], self._numbers
        tanh_c, _, _, _, a_g, g, _ = (steps[..., k, :, :] for k in range(7))
        e, o, i, f, d_g, carry = (factors[..., k, :, :] for k in range(6))
        e_oif, g_c_prev, d_oif = steps[..., 1:4, :, :], steps[..., 5:, :, :], factors[..., 1:4, :, :]
        gates_again(e_oif, d_oif, numbers)  # the gates where their derivatives will be, and 1 - s where e was
        np.copyto(carry, f)  # (3') dc_{t-1}
        tanh_slope(a_g, g, d_g, numbers)  # (2')
        np.multiply(d_g, i, out=d_g)  # (3') dg
        tanh_slope(self.memory[start + 1 : stop + 1], tanh_c, e, numbers)  # (4') dc
        np.multiply(e, o, out=e)
        np.multiply(d_oif, e_oif, out=d_oif)  # (2') sigmoid' = s (1 - s)
        np.multiply(o, tanh_c, out=o)  # (4') do
        d_i_f = d_oif[..., 1:, :, :]
        np.multiply(d_i_f, g_c_prev, out=d_i_f)  # (3') di, df

    @staticmethod
    def backward(dh, of_dh, of_dc, e_o, e, i_f_g_carry, carry_next, dc, dc_block) -> None:
        np.multiply(of_dh, dh[..., None, :, :], e_o)  # (4') (2') da_o, and what dh adds to dc
        np.add(carry_next, e, dc)
        np.multiply(of_dc, dc_block, i_f_g_carry)  # (3') (2') da_i, da_f, da_g, and dc_{t-1}
