"""Long short-term memory with a forget gate; blocks i, f, g, o.

The output gate is o^gate_t, since o_t is the output of the network.

    (1) a^i_t, a^f_t, a^g_t, a^o_t = h_{t-1} W_hh + x_t W_xh + b_h
    (2) i_t = sigmoid(a^i_t);  f_t = sigmoid(a^f_t);  g_t = tanh(a^g_t);  o^gate_t = sigmoid(a^o_t)
    (3) c_t = f_t * c_{t-1} + i_t * g_t
    (4) h_t = o^gate_t * tanh(c_t)

    (4') dL/do^gate_t = dL/dh_t * tanh(c_t);  dL/dc_t = dL/dh_t * o^gate_t * (1 - tanh(c_t)^2) + dL/dc_{t+1} * f_{t+1}
    (3') dL/di_t = dL/dc_t * g_t;  dL/df_t = dL/dc_t * c_{t-1};  dL/dg_t = dL/dc_t * i_t
         dL/dc_{t-1} gets dL/dc_t * f_t
    (2') delta^i_t = dL/di_t * i_t * (1 - i_t), f and o alike;  delta^g_t = dL/dg_t * (1 - g_t^2)
    (1') as in the vanilla recurrence, with delta_t = [delta^i_t, delta^f_t, delta^g_t, delta^o_t]

Source: Hochreiter and Schmidhuber 1997; Gers, Schmidhuber, Cummins 2000 (forget gate).
"""

import numpy as np

from rnnlab.engine.reference.cell import Backward, Cell, Formulas, Named, sigmoid


class LstmCell(Cell):
    """The LSTM's step."""

    states = ("h", "c")
    gates = ("i", "f", "g", "o")
    formulas = Formulas(
        forward={
            **{f"a^{k}_t": f"h_{{t-1}} W_hh^{k} + x_t W_xh^{k} + b_h^{k}" for k in "ifgo"},
            "i_t": "sigmoid(a^i_t)",
            "f_t": "sigmoid(a^f_t)",
            "g_t": "tanh(a^g_t)",
            "o^gate_t": "sigmoid(a^o_t)",
            "c_t": "f_t * c_{t-1} + i_t * g_t",
            "h_t": "o^gate_t * tanh(c_t)",
        },
        backward={
            "dL/dc_t": "dL/dh_t * o^gate_t * (1 - tanh(c_t)^2) + {c}",
            "delta^i_t": "dL/dc_t * g_t * i_t * (1 - i_t)",
            "delta^f_t": "dL/dc_t * c_{t-1} * f_t * (1 - f_t)",
            "delta^g_t": "dL/dc_t * i_t * (1 - g_t^2)",
            "delta^o_t": "dL/dh_t * tanh(c_t) * o^gate_t * (1 - o^gate_t)",
            "delta_t": "[delta^i_t, delta^f_t, delta^g_t, delta^o_t]",
        },
        carried={"h": "delta_{t+1} W_hh^T", "c": "dL/dc_{t+1} * f_{t+1}"},
        terms={"W_hh": "h_{t-1}^T delta_t", "W_xh": "x_t^T delta_t", "b_h": "delta_t"},
        inputs="delta_t W_xh^T",
    )

    def forward(self, p: Named, x: np.ndarray, before: Named) -> dict[str, np.ndarray]:
        h_prev, c_prev = before["h"], before["c"]
        a_i, a_f, a_g, a_o = np.split(h_prev @ p["W_hh"] + x @ p["W_xh"] + p["b_h"], 4)  # (1)
        i, f, g, o = sigmoid(a_i), sigmoid(a_f), np.tanh(a_g), sigmoid(a_o)  # (2)
        c = f * c_prev + i * g  # (3)
        h = o * np.tanh(c)  # (4)
        values = (a_i, a_f, a_g, a_o, i, f, g, o, c, h)
        return dict(zip(self.formulas.forward, values, strict=True))

    def backward(self, p: Named, x: np.ndarray, before: Named, now: Named, d: Named) -> Backward:
        h_prev, c_prev, dh = before["h"], before["c"], d["h"]
        i, f, g, o, c = (now[symbol] for symbol in ("i_t", "f_t", "g_t", "o^gate_t", "c_t"))
        do = dh * np.tanh(c)  # (4')
        dc = dh * o * (1 - np.tanh(c) ** 2) + d["c"]  # (4')
        di, df, dg, dc_prev = dc * g, dc * c_prev, dc * i, dc * f  # (3')
        delta_i, delta_f = di * i * (1 - i), df * f * (1 - f)  # (2')
        delta_g, delta_o = dg * (1 - g**2), do * o * (1 - o)  # (2')
        delta = np.concatenate((delta_i, delta_f, delta_g, delta_o))
        dh_prev = delta @ p["W_hh"].T  # (1')
        dx = delta @ p["W_xh"].T  # (1')
        terms = {"W_hh": np.outer(h_prev, delta), "W_xh": np.outer(x, delta), "b_h": delta}  # (1')
        values = (dc, delta_i, delta_f, delta_g, delta_o, delta)
        return Backward(dict(zip(self.formulas.backward, values, strict=True)), {"h": dh_prev, "c": dc_prev}, dx, terms)
