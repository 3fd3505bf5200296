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

Blocks of a step:   forward   r   z   m   u, then n     -
                    backward  da_r da_z dm  du          carry = dh * z

Source: Cho et al. 2014, arXiv:1406.1078, in the form of cuDNN, PyTorch and Keras (`reset_after`).
"""

import numpy as np

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
        scratch = zeros(h[0].shape, tape.dtype)
        self.forward_steps = [
            (rz, r, z, m, n, scratch, h_prev, h_t)
            for rz, r, z, m, n, h_prev, h_t in zip(
                now[..., : 2 * H, :],
                now[..., :H, :],
                now[..., H : 2 * H, :],
                now[..., 2 * H : 3 * H, :],
                now[..., 3 * H : 4 * H, :],
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
        """Weights as the loop wants them: blocks r, z, m, u; forward (4H, K) with r, z halved, backward (K, 4H).

        m sees the state and its own bias only, u the input and its bias only: the rest of their columns is zero.
        """
        H = W.shape[-1] // 3
        backward = np.zeros((*W.shape[:-1], 4 * H), W.dtype)
        backward[..., : 2 * H] = W[..., : 2 * H]
        backward[..., :H, 2 * H : 3 * H] = W[..., :H, 2 * H :]
        backward[..., -1, 2 * H : 3 * H] = extra
        backward[..., H:, 3 * H :] = W[..., H:, 2 * H :]
        forward = np.swapaxes(backward, -1, -2).copy()
        forward[..., : 2 * H, :] *= 0.5
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
    def forward(rz, r, z, m, n, scratch, h_prev, h) -> None:
        np.tanh(rz, rz)  # (2) the blocks arrive halved
        np.multiply(rz, 0.5, rz)
        np.add(rz, 0.5, rz)
        np.multiply(r, m, scratch)  # (3)
        np.add(n, scratch, n)
        np.tanh(n, n)
        np.subtract(h_prev, n, scratch)  # (4) as n + z (h_{t-1} - n)
        np.multiply(z, scratch, scratch)
        np.add(n, scratch, h)

    def activity(self) -> dict[str, np.ndarray]:
        """Gates of each step, (T, ..., H, B) by name, after a forward pass: views."""
        return {name: self._blocks[:-1, ..., k, :, :] for k, name in enumerate(("r", "z", "m", "n"))}

    def derivatives(self, start: int, stop: int) -> None:
        """Local derivatives of the steps start..stop - 1, the factors of dh, from the gates."""
        r, z, m, n, _ = (self._blocks[start:stop, ..., k, :, :] for k in range(5))
        d_r, d_z, d_m, d_u, carry = (self.factors[: stop - start, ..., k, :, :] for k in range(5))
        rest = carry  # free until the end
        np.subtract(1, z, out=rest)
        np.multiply(n, n, out=d_u)  # (3') tanh' = 1 - n^2
        np.subtract(1, d_u, out=d_u)
        np.multiply(d_u, rest, out=d_u)  # (4') dn
        np.multiply(d_u, r, out=d_m)  # (3') dm
        np.multiply(rest, z, out=d_z)  # (2') sigmoid' = z (1 - z)
        np.subtract(self._h[start:stop], n, out=rest)
        np.multiply(d_z, rest, out=d_z)  # (4') dz
        np.subtract(1, r, out=d_r)  # (2') sigmoid' = r (1 - r)
        np.multiply(d_r, d_m, out=d_r)  # r is already in dm
        np.multiply(d_r, m, out=d_r)  # (3') dr
        np.copyto(carry, z)  # (4') dh_{t-1}

    @staticmethod
    def backward(dh, factors, blocks) -> None:
        np.multiply(factors, dh[..., None, :, :], blocks)  # (4') to (2') at once
