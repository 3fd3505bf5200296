"""The vanilla recurrence (Elman 1990).

(1) a_t = h_{t-1} W_hh + x_t W_xh + b_h
(2) h_t = phi(a_t)

(2') delta_t = dL/dh_t * phi'(a_t)                                     delta_t = dL/da_t
(1') dL/dh_{t-1} gets delta_t W_hh^T;  dL/dx_t = delta_t W_xh^T
     dL/dW_hh = sum_t h_{t-1}^T delta_t;  dL/dW_xh = sum_t x_t^T delta_t;  dL/db_h = sum_t delta_t
"""

import numpy as np

from rnnlab.engine.reference.cell import Backward, Cell, Formulas, Named, sigmoid

PHI = {
    "tanh": np.tanh,
    "sigmoid": sigmoid,
    "relu": lambda a: np.where(a.real > 0, a, 0),
    "identity": lambda a: a,
}
SLOPE = {
    "tanh": lambda a: 1 - np.tanh(a) ** 2,
    "sigmoid": lambda a: sigmoid(a) * (1 - sigmoid(a)),
    "relu": lambda a: np.where(a.real > 0, 1.0, 0.0),
    "identity": lambda a: np.ones_like(a),
}
FORMULA = {"tanh": "tanh(a_t)", "sigmoid": "sigmoid(a_t)", "relu": "max(a_t, 0)", "identity": "a_t"}
DELTA_FORMULA = {
    "tanh": "dL/dh_t * (1 - tanh(a_t)^2)",
    "sigmoid": "dL/dh_t * sigmoid(a_t) * (1 - sigmoid(a_t))",
    "relu": "dL/dh_t * (1 where a_t > 0, else 0)",
    "identity": "dL/dh_t",
}


class VanillaCell(Cell):
    """h_t = phi(h_{t-1} W_hh + x_t W_xh + b_h), phi one of tanh, sigmoid, relu, identity."""

    def __init__(self, activation: str = "tanh") -> None:
        self.phi, self.slope = PHI[activation], SLOPE[activation]
        self.formulas = Formulas(
            forward={"a_t": "h_{t-1} W_hh + x_t W_xh + b_h", "h_t": FORMULA[activation]},
            backward={"delta_t": DELTA_FORMULA[activation]},
            carried={"h": "delta_{t+1} W_hh^T"},
            terms={"W_hh": "h_{t-1}^T delta_t", "W_xh": "x_t^T delta_t", "b_h": "delta_t"},
            inputs="delta_t W_xh^T",
        )

    def forward(self, p: Named, x: np.ndarray, before: Named) -> dict[str, np.ndarray]:
        h_prev = before["h"]
        a = h_prev @ p["W_hh"] + x @ p["W_xh"] + p["b_h"]  # (1)
        h = self.phi(a)  # (2)
        return {"a_t": a, "h_t": h}

    def backward(self, p: Named, x: np.ndarray, before: Named, now: Named, d: Named) -> Backward:
        h_prev, a, dh = before["h"], now["a_t"], d["h"]
        delta = dh * self.slope(a)  # (2')
        dh_prev = delta @ p["W_hh"].T  # (1')
        dx = delta @ p["W_xh"].T  # (1')
        terms = {"W_hh": np.outer(h_prev, delta), "W_xh": np.outer(x, delta), "b_h": delta}  # (1')
        return Backward({"delta_t": delta}, {"h": dh_prev}, dx, terms)
