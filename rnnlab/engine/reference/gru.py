"""Gated recurrent unit with the reset gate after the product; blocks r, z, n.

    (1) a^r_t, a^z_t = h_{t-1} W_hh + x_t W_xh + b_h, the first two blocks; the third is kept in two halves:
        m_t = h_{t-1} W_hh^n + b_hn;  u_t = x_t W_xh^n + b_h^n
    (2) r_t = sigmoid(a^r_t);  z_t = sigmoid(a^z_t)
    (3) n_t = tanh(u_t + r_t * m_t)
    (4) h_t = (1 - z_t) * n_t + z_t * h_{t-1}

    (4') dL/dn_t = dL/dh_t * (1 - z_t);  dL/dz_t = dL/dh_t * (h_{t-1} - n_t);  dL/dh_{t-1} gets dL/dh_t * z_t
    (3') delta^u_t = dL/dn_t * (1 - n_t^2);  delta^m_t = delta^u_t * r_t;  dL/dr_t = delta^u_t * m_t
    (2') delta^r_t = dL/dr_t * r_t * (1 - r_t);  delta^z_t = dL/dz_t * z_t * (1 - z_t)
    (1') dL/dh_{t-1} gets delta_t W_hh^T with delta_t = [delta^r_t, delta^z_t, delta^m_t]
         dL/dx_t = epsilon_t W_xh^T with epsilon_t = [delta^r_t, delta^z_t, delta^u_t]
         dL/dW_hh = sum_t h_{t-1}^T delta_t;  dL/dW_xh = sum_t x_t^T epsilon_t;  dL/db_h = sum_t epsilon_t

Source: Cho et al. 2014, arXiv:1406.1078, in the form of cuDNN, PyTorch and Keras (`reset_after`).
"""

import numpy as np

from rnnlab.engine.reference.cell import Backward, Cell, Formulas, Named, sigmoid


class GruCell(Cell):
    """The GRU's step."""

    gates = ("r", "z", "n")
    formulas = Formulas(
        forward={
            "a^r_t": "h_{t-1} W_hh^r + x_t W_xh^r + b_h^r",
            "a^z_t": "h_{t-1} W_hh^z + x_t W_xh^z + b_h^z",
            "m_t": "h_{t-1} W_hh^n + b_hn",
            "u_t": "x_t W_xh^n + b_h^n",
            "r_t": "sigmoid(a^r_t)",
            "z_t": "sigmoid(a^z_t)",
            "n_t": "tanh(u_t + r_t * m_t)",
            "h_t": "(1 - z_t) * n_t + z_t * h_{t-1}",
        },
        backward={
            "delta^u_t": "dL/dh_t * (1 - z_t) * (1 - n_t^2)",
            "delta^m_t": "delta^u_t * r_t",
            "delta^r_t": "delta^u_t * m_t * r_t * (1 - r_t)",
            "delta^z_t": "dL/dh_t * (h_{t-1} - n_t) * z_t * (1 - z_t)",
            "delta_t": "[delta^r_t, delta^z_t, delta^m_t]",
            "epsilon_t": "[delta^r_t, delta^z_t, delta^u_t]",
        },
        carried={"h": "delta_{t+1} W_hh^T + dL/dh_{t+1} * z_{t+1}"},
        terms={"W_hh": "h_{t-1}^T delta_t", "W_xh": "x_t^T epsilon_t", "b_h": "epsilon_t", "b_hn": "delta^m_t"},
        inputs="epsilon_t W_xh^T",
    )

    def forward(self, p: Named, x: np.ndarray, before: Named) -> dict[str, np.ndarray]:
        h_prev = before["h"]
        h_r, h_z, h_n = np.split(h_prev @ p["W_hh"], 3)
        x_r, x_z, x_n = np.split(x @ p["W_xh"] + p["b_h"], 3)
        a_r, a_z, m, u = h_r + x_r, h_z + x_z, h_n + p["b_hn"], x_n  # (1)
        r, z = sigmoid(a_r), sigmoid(a_z)  # (2)
        n = np.tanh(u + r * m)  # (3)
        h = (1 - z) * n + z * h_prev  # (4)
        return dict(zip(self.formulas.forward, (a_r, a_z, m, u, r, z, n, h), strict=True))

    def backward(self, p: Named, x: np.ndarray, before: Named, now: Named, d: Named) -> Backward:
        h_prev, dh = before["h"], d["h"]
        m, r, z, n = (now[symbol] for symbol in ("m_t", "r_t", "z_t", "n_t"))
        dn, dz = dh * (1 - z), dh * (h_prev - n)  # (4')
        delta_u = dn * (1 - n**2)  # (3')
        delta_m, dr = delta_u * r, delta_u * m  # (3')
        delta_r, delta_z = dr * r * (1 - r), dz * z * (1 - z)  # (2')
        delta = np.concatenate((delta_r, delta_z, delta_m))  # what reaches h_{t-1} W_hh
        epsilon = np.concatenate((delta_r, delta_z, delta_u))  # what reaches x_t W_xh + b_h
        dh_prev = delta @ p["W_hh"].T + dh * z  # (1') (4')
        dx = epsilon @ p["W_xh"].T  # (1')
        terms = {
            "W_hh": np.outer(h_prev, delta),  # (1')
            "W_xh": np.outer(x, epsilon),  # (1')
            "b_h": epsilon,  # (1')
            "b_hn": delta_m,  # (1')
        }
        values = (delta_u, delta_m, delta_r, delta_z, delta, epsilon)
        return Backward(dict(zip(self.formulas.backward, values, strict=True)), {"h": dh_prev}, dx, terms)
