"""The recurrences as the papers print them: row vectors, one sequence, one step, one gate at a time. For the tape."""

from typing import Any

import autograd.numpy

from rnnlab.engine.architecture import Architecture

np: Any = autograd.numpy  # wrapped NumPy, made as it is imported

PHI = {
    "tanh": np.tanh,
    "sigmoid": lambda a: 1 / (1 + np.exp(-a)),
    "relu": lambda a: np.where(a > 0, a, 0.0),
    "identity": lambda a: a,
}


def sigmoid(a):
    return PHI["sigmoid"](a)


def rnn(p, x, state, phi):
    (h,) = state
    return (phi(h @ p["W_hh"] + x @ p["W_xh"] + p["b_h"]),)


def lstm(p, x, state, _phi):
    h, c = state
    i, f, g, o = np.split(h @ p["W_hh"] + x @ p["W_xh"] + p["b_h"], 4)
    c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
    return sigmoid(o) * np.tanh(c), c


def gru(p, x, state, _phi):
    (h,) = state
    from_h, from_x = h @ p["W_hh"], x @ p["W_xh"] + p["b_h"]
    r_h, z_h, n_h = np.split(from_h, 3)
    r_x, z_x, n_x = np.split(from_x, 3)
    r, z = sigmoid(r_h + r_x), sigmoid(z_h + z_x)
    n = np.tanh(n_x + r * (n_h + p["b_hn"]))
    return ((1 - z) * n + z * h,)


STEPS = {"rnn": rnn, "lstm": lstm, "gru": gru}


def parameters(architecture: Architecture, theta):
    """The flat vector as {recurrence: {name: array}}; slices only, so that the tape can follow."""
    layout, named = architecture.layout(), {}
    for (name, shape), start in zip(layout.shapes.items(), layout.starts.tolist(), strict=True):
        part, _, key = name.rpartition(".")
        size = 1
        for axis in shape:
            size *= axis
        named.setdefault(part, {})[key] = theta[start : start + size].reshape(shape)
    return named


def outputs(architecture: Architecture, theta, x, states=None):
    """Outputs of one sequence x (T, I): (T, O), or (1, O) for a readout at the last step. States as (H,) each."""
    named = parameters(architecture, theta)
    step, phi = STEPS[architecture.cell], PHI[architecture.activation]
    sequence, index, lasts = list(x), 0, []
    for _ in range(architecture.layers):
        directions, lasts = [], []
        for name, _, reverse in architecture.recurrences()[index : index + architecture.directions]:
            p = named[name]
            state = own_state(architecture, p) if states is None else states[index]
            visited = []
            for x_t in reversed(sequence) if reverse else sequence:
                state = step(p, x_t, state, phi)
                visited.append(state[0])
            lasts.append(state[0])
            directions.append(visited[::-1] if reverse else visited)
            index += 1
        sequence = [np.concatenate(together) for together in zip(*directions, strict=True)]
    read = sequence if architecture.readout == "every" else [np.concatenate(lasts)]
    return np.stack([h @ named["readout"]["W_ho"] + named["readout"]["b_o"] for h in read])


def own_state(architecture: Architecture, p):
    keys = ("h_0", "c_0") if architecture.cell == "lstm" else ("h_0",)
    return tuple(p[key] if key in p else np.zeros(architecture.hidden_size) for key in keys)


def half_squared_error(o, y):
    return 0.5 * np.sum((o - y) ** 2)


def huber(o, y):
    d = np.abs(o - y)
    return np.sum(np.where(d <= 1, 0.5 * d**2, d - 0.5))


def cross_entropy(o, y):
    return sum(np.log(np.sum(np.exp(o_t))) - o_t[y_t] for o_t, y_t in zip(o, y, strict=True))


def binary_cross_entropy(o, y):
    p, rest = sigmoid(o), sigmoid(-o)  # 1 - p would lose the digits of what is all but certain
    return -np.sum(y * np.log(p) + (1 - y) * np.log(rest))


LOSSES = {
    "half_squared_error": half_squared_error,
    "huber": huber,
    "cross_entropy": cross_entropy,
    "binary_cross_entropy": binary_cross_entropy,
}
