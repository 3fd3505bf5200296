"""JAX's training step: value and gradient over `lax.scan`, clipping and update, in one compiled function."""

import jax
import jax.numpy as jnp
import numpy as np

from tests.benchmarks.candidate import Candidate
from tests.benchmarks.workloads import CLIP_NORM, LEARNING_RATE, Problem, Workload

jax.config.update("jax_enable_x64", True)
jax.config.update("jax_platforms", "cpu")


def candidates(problem: Problem, _threads: int) -> list[Candidate]:
    """The scan unrolled or not, tokens looked up or one-hot; the product with the inputs is one, before the scan."""
    forms = [(unroll, look_up) for unroll in (1, 5) for look_up in (False, True)]
    if problem.workload.inputs == "numbers":
        forms = [(1, False), (5, False)]
    makers = (_ensemble, _sequential) if problem.workload.models else (_lone,)
    return [maker(problem, unroll, look_up) for maker in makers for unroll, look_up in forms]


def _lone(problem: Problem, unroll: int, look_up: bool) -> Candidate:
    value_and_grad = _value_and_grad(problem.workload, look_up, unroll)
    x, y = _batch(problem, look_up)
    update = jax.jit(lambda p, x, y: _clipped_sgd(p, value_and_grad(p, x, y)[1]), donate_argnums=0)
    state = [_parameters(problem, 0)]

    def step() -> None:
        state[0] = jax.block_until_ready(update(state[0], x, y))

    def gradients() -> tuple[float, np.ndarray]:
        loss, found = jax.jit(value_and_grad)(_parameters(problem, 0), x, y)
        return float(loss), _flat(found, problem)

    return Candidate(_name(problem, unroll, look_up), step, gradients)


def _sequential(problem: Problem, unroll: int, look_up: bool) -> Candidate:
    """An ensemble's models one after the other: what a lone model of batch one costs."""
    lone = _lone(problem, unroll, look_up)
    return Candidate(f"{lone.name}, one by one", lone.step, lone.gradients)


def _ensemble(problem: Problem, unroll: int, look_up: bool) -> Candidate:
    value_and_grad = _value_and_grad(problem.workload, look_up, unroll)
    x, y = _batch(problem, look_up)

    def one(p, x, y):
        return _clipped_sgd(p, value_and_grad(p, x, y)[1])

    update = jax.jit(jax.vmap(one, in_axes=(0, None, None)), donate_argnums=0)
    models = problem.workload.models
    state = [_stacked(problem, models)]

    def step() -> None:
        state[0] = jax.block_until_ready(update(state[0], x, y))

    def gradients() -> tuple[float, np.ndarray]:
        loss, found = jax.vmap(value_and_grad, in_axes=(0, None, None))(_stacked(problem, 2), x, y)
        return float(loss[0]), _flat({name: leaf[0] for name, leaf in found.items()}, problem)

    return Candidate(f"{_name(problem, unroll, look_up)}, vmap", step, gradients, models)


def _value_and_grad(w: Workload, look_up: bool, unroll: int):
    cell = {"rnn": _rnn, "lstm": _lstm, "gru": _gru}[w.cell]

    def loss(p, x, y):
        read = p["layer0.W_xh"][x] if look_up else x @ p["layer0.W_xh"]
        h_0 = jnp.zeros((w.B, w.H), read.dtype)
        initial = (h_0, h_0) if w.cell == "lstm" else h_0
        final, states = jax.lax.scan(cell(p, w), initial, read + p["layer0.b_h"], unroll=unroll)
        last = final[0] if w.cell == "lstm" else final
        outputs = (last if w.readout == "last" else states) @ p["readout.W_ho"] + p["readout.b_o"]
        return _loss(outputs, y, w)

    return jax.value_and_grad(loss)


def _rnn(p, w: Workload):
    phi = {"tanh": jnp.tanh, "relu": jax.nn.relu}[w.activation]

    def step(h, a):
        h = phi(h @ p["layer0.W_hh"] + a)
        return h, (h if w.readout == "every" else None)

    return step


def _lstm(p, w: Workload):
    def step(state, a):
        h, c = state
        i, f, g, o = jnp.split(h @ p["layer0.W_hh"] + a, 4, axis=-1)
        c = jax.nn.sigmoid(f) * c + jax.nn.sigmoid(i) * jnp.tanh(g)
        h = jax.nn.sigmoid(o) * jnp.tanh(c)
        return (h, c), (h if w.readout == "every" else None)

    return step


def _gru(p, w: Workload):
    def step(h, a):
        m_r, m_z, m_n = jnp.split(h @ p["layer0.W_hh"], 3, axis=-1)
        a_r, a_z, a_n = jnp.split(a, 3, axis=-1)
        r, z = jax.nn.sigmoid(a_r + m_r), jax.nn.sigmoid(a_z + m_z)
        n = jnp.tanh(a_n + r * (m_n + p["layer0.b_hn"]))
        h = (1 - z) * n + z * h
        return h, (h if w.readout == "every" else None)

    return step


def _loss(outputs, y, w: Workload):
    if w.loss == "half_squared_error":
        return 0.5 * jnp.sum((outputs - y) ** 2) / w.B
    right = jnp.take_along_axis(jax.nn.log_softmax(outputs), y[..., None], axis=-1)
    return -jnp.sum(right) / w.B


def _clipped_sgd(parameters, gradients):
    norm = jnp.sqrt(sum(jnp.vdot(g, g) for g in jax.tree.leaves(gradients)))
    factor = jnp.minimum(1.0, CLIP_NORM / norm) * LEARNING_RATE
    return jax.tree.map(lambda p, g: p - (factor * g).astype(p.dtype), parameters, gradients)


def _batch(problem: Problem, look_up: bool) -> tuple[jax.Array, jax.Array]:
    return jnp.asarray(problem.inputs if look_up else problem.dense_inputs()), jnp.asarray(problem.targets)


def _stacked(problem: Problem, models: int) -> dict[str, jax.Array]:
    each = [_parameters(problem, model) for model in range(models)]
    return jax.tree.map(lambda *leaves: jnp.stack(leaves), *each)


def _parameters(problem: Problem, model: int) -> dict[str, jax.Array]:
    return {name: jnp.asarray(value.copy()) for name, value in problem.parameters(model).items()}


def _flat(gradients: dict[str, jax.Array], problem: Problem) -> np.ndarray:
    layout = problem.workload.architecture.layout()
    flat = np.empty(layout.size, problem.dtype)
    for name, value in gradients.items():
        layout.view(flat, name)[...] = np.asarray(value)
    return flat


def _name(problem: Problem, unroll: int, look_up: bool) -> str:
    inputs = "" if problem.workload.inputs == "numbers" else ", looked up" if look_up else ", one-hot"
    return f"unroll {unroll}{inputs}"
