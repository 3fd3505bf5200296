"""A network over one sequence: forward, loss, backpropagation through time, and every term of every gradient.

    (5) o_t = h_t W_ho + b_o                                       at the last step, or at every one
    (6) L = sum_t l_t(o_t, y_t)

    (6') dL/do_t = dl_t/do_t
    (5') dL/dW_ho = sum_t h_t^T dL/do_t;  dL/db_o = sum_t dL/do_t;  dL/dh_t gets dL/do_t W_ho^T
         dL/dh_t = what the loss and the layers above say to h_t + what comes back through step t + 1
         dL/dW = sum_t of what step t says of W

(1) to (4) are the cell's. A recurrence that runs backwards visits t = T .. 1: its h_{t-1} is h_{t+1}.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from rnnlab.engine.architecture import Architecture
from rnnlab.engine.reference.cell import Cell, Named
from rnnlab.engine.reference.losses import Loss
from rnnlab.engine.reference.record import Output, Recurrence, Step, Unrolled
from rnnlab.engine.reference.stepwise import StepwiseCell


@dataclass(frozen=True)
class Visit:
    """A step on the way forward: t, x_t, the states before it, and what the cell worked out."""

    time: int
    inputs: np.ndarray
    before: dict[str, np.ndarray]
    forward: dict[str, np.ndarray]


def unroll(
    architecture: Architecture,
    parameters: Named,
    inputs: np.ndarray,
    targets: np.ndarray,
    loss: Loss,
    *,
    weights: np.ndarray | None = None,
    states: list[dict[str, np.ndarray]] | None = None,
) -> Unrolled:
    """Take one sequence through a network and its gradient back.

    Parameters
    ----------
    architecture : Architecture
    parameters : mapping of str to array
        By name in the network, ``layer0.W_hh`` (H, G H).
    inputs : (T, I) numbers or (T,) int tokens
        A token counts as the one-hot row that selects its row of W_xh.
    targets : (T, O) or (T,) int classes; (O,) or one class for a readout at the last step
    loss : Loss
    weights : (T,), or () for a readout at the last step, optional
        What each output counts; 1 if left out.
    states : per recurrence a dict of (H,) by state, optional
        Initial states; the architecture's own (zero or learned) if left out.
    """
    xs = _vectors(inputs, architecture.input_size)
    below, visits = list(xs), []
    for layer in range(architecture.layers):
        above = []
        for index in _of_layer(architecture, layer):
            start = _initial(architecture, parameters, index) if states is None else states[index]
            visits.append(_forward(architecture, index, parameters, below, start))
            above.append([visit.forward["h_t"] for visit in sorted(visits[-1], key=lambda visit: visit.time)])
        below = [np.concatenate(h) for h in zip(*above, strict=True)]
    outputs = _read(architecture, parameters, below, visits, targets, loss, weights)
    recurrences, d_below = _backward(architecture, parameters, visits, outputs)
    gradients = {f"{r.name}.{key}": gradient for r in recurrences for key, gradient in r.gradients.items()}
    gradients |= {f"readout.{key}": _sum([output.terms[key] for output in outputs]) for key in ("W_ho", "b_o")}
    total = np.sum([output.loss for output in outputs])  # (6)
    return Unrolled(tuple(recurrences), tuple(outputs), total, gradients, d_below)


def _vectors(inputs: np.ndarray, size: int) -> np.ndarray:
    """x_t of every step, (T, I): a token as a one-hot row."""
    return np.eye(size)[inputs] if np.issubdtype(inputs.dtype, np.integer) else inputs


def _of_layer(architecture: Architecture, layer: int) -> range:
    return range(layer * architecture.directions, (layer + 1) * architecture.directions)


def _cell(architecture: Architecture) -> Cell:
    """The layer's formulas, or its passes step by step where it brings none."""
    return architecture.layer.reference() or StepwiseCell(architecture.layer)


def _own(parameters: Named, name: str) -> dict[str, np.ndarray]:
    """The parameters of one part of the network by their bare names."""
    return {key.rpartition(".")[2]: value for key, value in parameters.items() if key.rpartition(".")[0] == name}


def _initial(architecture: Architecture, parameters: Named, index: int) -> dict[str, np.ndarray]:
    p = _own(parameters, architecture.recurrences()[index][0])
    return {state.name: p.get(state.initial, np.zeros(state.size)) for state in architecture.states}


def _forward(
    architecture: Architecture, index: int, parameters: Named, xs: list[np.ndarray], start: Mapping[str, np.ndarray]
) -> list[Visit]:
    """The steps of a recurrence in the order of its visits."""
    name, _, reverse = architecture.recurrences()[index]
    cell, p, before, visits = _cell(architecture), _own(parameters, name), dict(start), []
    times = range(1, len(xs) + 1)
    for t in reversed(times) if reverse else times:
        now = cell.forward(p, xs[t - 1], before)  # (1) to (4)
        visits.append(Visit(t, xs[t - 1], before, now))
        before = {state: now[f"{state}_t"] for state in cell.states}
    return visits


def _read(
    architecture: Architecture,
    parameters: Named,
    top: list[np.ndarray],
    visits: list[list[Visit]],
    targets: np.ndarray,
    loss: Loss,
    weights: np.ndarray | None,
) -> list[Output]:
    """Outputs and losses: at every step, or at the last from the state after each direction's last visit."""
    T, W_ho, b_o = len(top), parameters["readout.W_ho"], parameters["readout.b_o"]
    if architecture.readout == "every":
        reads = list(zip(range(1, T + 1), top, targets, strict=True))
    else:
        ends = [of_direction[-1].forward["h_t"] for of_direction in visits[-architecture.directions :]]
        reads = [(T, np.concatenate(ends), targets)]
    counts = np.ones(len(reads)) if weights is None else np.reshape(weights, len(reads))
    outputs = []
    for (t, h, y), weight in zip(reads, counts, strict=True):
        o = h @ W_ho + b_o  # (5)
        p = None if loss.probability is None else loss.probability(o)
        l = weight * loss.value(o, y) if weight else np.zeros(())  # (6)  # noqa: E741
        do = weight * loss.slope(o, y) if weight else np.zeros_like(o)  # (6')
        terms = {"W_ho": np.outer(h, do), "b_o": do}  # (5')
        outputs.append(Output(t, h, o, p, y, float(weight), l, do, terms))
    return outputs


def _backward(
    architecture: Architecture, parameters: Named, visits: list[list[Visit]], outputs: list[Output]
) -> tuple[list[Recurrence], np.ndarray]:
    """Every recurrence with its way back, and dL/dx_t."""
    a, T = architecture, len(visits[0])
    from_above: list[list[np.ndarray | None]] = [[None] * T for _ in range(a.directions)]  # dL/dh_t, or silence
    for output in outputs:
        d_read = np.split(output.do @ parameters["readout.W_ho"].T, a.directions)  # (5')
        for direction, d_h in enumerate(d_read):
            t = output.time if a.readout == "every" else visits[direction - a.directions][-1].time
            from_above[direction][t - 1] = d_h
    found: list[Recurrence] = []
    dx = np.zeros(0)
    for layer in reversed(range(a.layers)):
        both = [
            _backward_through(a, index, parameters, visits[index], from_above[direction])
            for direction, index in enumerate(_of_layer(a, layer))
        ]
        found = [one for one, _ in both] + found
        dx = _sum([d_inputs for _, d_inputs in both])
        if layer:
            from_above = [list(d_h) for d_h in np.split(dx, a.directions, axis=1)]
    return found, dx


def _backward_through(
    architecture: Architecture,
    index: int,
    parameters: Named,
    visits: list[Visit],
    from_above: list[np.ndarray | None],
) -> tuple[Recurrence, np.ndarray]:
    """Backpropagation through time: the steps of one recurrence from the last visit to the first, and dL/dx (T, I)."""
    name, _, reverse = architecture.recurrences()[index]
    cell, p = _cell(architecture), _own(parameters, name)
    carried = {state: np.zeros_like(visits[-1].forward[f"{state}_t"]) for state in cell.states}
    steps, dx = [], [np.zeros(0)] * len(visits)
    for visit in reversed(visits):
        above = from_above[visit.time - 1]
        dh = carried["h"] if above is None else above + carried["h"]
        back = cell.backward(p, visit.inputs, visit.before, visit.forward, carried | {"h": dh})
        values = {"dL/dh_t": dh} | back.values
        is_last = visit is visits[-1]
        steps.append(Step(visit.time, visit.inputs, visit.forward, values, above, is_last, back.inputs, back.terms))
        dx[visit.time - 1], carried = back.inputs, back.states
    steps.reverse()
    gradients = {key: _sum([step.terms[key] for step in steps]) for key in steps[0].terms}
    if architecture.initial_state == "learned":
        gradients |= {f"{state}_0": carried[state] for state in cell.states if f"{state}_0" in p}
    return Recurrence(name, cell, reverse, visits[0].before, carried, tuple(steps), gradients), np.array(dx)


def _sum(terms: list[np.ndarray]) -> np.ndarray:
    total = np.zeros_like(terms[0])
    for term in terms:
        total = total + term
    return total
