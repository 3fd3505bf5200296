"""One step of a layer that brings no formulas of its own, by the layer's passes over a single step.

The sums over time, the layers and the loss are then worked out as for every cell; what happens inside a step is the
layer's own account of it: its forward and backward pass for the values and the terms, its row form for delta_t.
"""

import re

import numpy as np

from rnnlab.engine.layers.layer import Layer, Recurrence, Sizes, Trajectory
from rnnlab.engine.parameters import Layout
from rnnlab.engine.reference.cell import Backward, Cell, Formulas, Named


class StepwiseCell(Cell):
    """A layer, step by step.

    Parameters
    ----------
    layer : Layer
        Lines ``name_t = ...`` of its formulas stand beside the values that they name.
    """

    worked = False

    def __init__(self, layer: Layer) -> None:
        self.layer = layer
        self.states = tuple(state.name for state in layer.states(1))
        self.formulas = Formulas(
            forward=dict(re.findall(r"^\s*(\w+_t) = (.+?)\s*$", layer.formulas, re.MULTILINE)),
            backward={"delta_t": "dL/dh_t dh_t/d(h_{t-1} W_hh)"},
            carried={"h": "dL/dh_{t+1} dh_{t+1}/dh_t"},
            terms={"W_hh": "h_{t-1}^T delta_t"},
        )

    def forward(self, p: Named, x: np.ndarray, before: Named) -> dict[str, np.ndarray]:
        recurrence, _ = self._step(p, x, before)
        new = {f"{name}_t": state[1, :, 0] for name, state in zip(self.states, recurrence.states, strict=True)}
        others = {f"{name}_t": rows[0, :, 0] for name, rows in recurrence.activations().items()}
        return {symbol: values.copy() for symbol, values in (others | new).items()}

    def backward(self, p: Named, x: np.ndarray, before: Named, now: Named, d: Named) -> Backward:
        recurrence, layout = self._step(p, x, before)
        trajectory = self._trajectory(recurrence, p)
        adjoint = np.concatenate([d[state] for state in self.states])[None, None, None]
        delta = trajectory.pull_back(slice(0, 1), adjoint)[0][0, 0, 0]
        d_before = recurrence.backward(_nothing, [d[state][:, None] for state in self.states])
        d_theta = np.zeros(layout.size)
        recurrence.write_gradient(d_theta)
        terms = layout.views(d_theta)
        if "W_hh" in terms:
            terms["W_hh"] = np.outer(before["h"], delta)
        states = {name: one[:, 0].copy() for name, one in zip(self.states, d_before, strict=True)}
        return Backward({"delta_t": delta}, states, recurrence.input_gradient(0, 1)[0, :, 0].copy(), terms)

    def _step(self, p: Named, x: np.ndarray, before: Named) -> tuple[Recurrence, Layout]:
        """A pass of the layer over this step alone, and where its parameters lie."""
        input_size, hidden_size = len(x), len(before["h"])
        layout = Layout({name: p[name].shape for name in self.layer.parameters(input_size, hidden_size)})
        theta = np.concatenate([p[name].ravel() for name in layout.names])
        sizes = Sizes(1, 1, input_size, hidden_size, (), theta.dtype, lookup=False)
        recurrence = self.layer.recurrence(sizes, layout)
        recurrence.load(theta)
        recurrence.forward(x[None, :, None], [before[name][:, None] for name in self.states])
        return recurrence, layout

    def _trajectory(self, recurrence: Recurrence, p: Named) -> Trajectory:
        """The step as rows, a copy: the backward pass overwrites what it reads."""
        weights = {name: p[name][None] for name in p}
        activations = {name: _rows(values) for name, values in recurrence.activations().items()}
        return Trajectory(self.layer, weights, _rows(recurrence.h), activations)


def _nothing(_start: int, _stop: int) -> None:
    return None


def _rows(columns: np.ndarray) -> np.ndarray:
    """(T, F, B) to (T, 1, B, F)."""
    return np.swapaxes(columns, -1, -2)[:, None].copy()
