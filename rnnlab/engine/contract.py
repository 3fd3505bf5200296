"""What every layer must keep to, as a check: for those of the package, and for one that somebody adds.

    from rnnlab.engine.contract import check_layer
    check_layer(Leaky())

Each part of it holds the layer against something that it did not derive: the complex step where a step is analytic,
differences where it has kinks; the same sequences fed step by step, padded, alone; one face of the layer against the
other.
"""

from collections.abc import Callable

import numpy as np

from rnnlab.engine.architecture import Architecture
from rnnlab.engine.batch import Batch
from rnnlab.engine.gradcheck import check_gradients
from rnnlab.engine.layers.layer import Layer, Recurrence, Sizes
from rnnlab.engine.losses import loss_function
from rnnlab.engine.network import Network
from rnnlab.engine.parameters import Layout
from rnnlab.engine.trajectory import follow

T, B, I, H, O = 6, 3, 4, 5, 2  # noqa: E741
TINY_STEP, STEP = 1e-20, 1e-6
EXACT, DIFFERENCE = 1e-11, 1e-7  # tolerances of the complex step and of differences
SPREAD = 0.5


def check_layer(layer: Layer, *, seed: int = 0) -> None:
    """Hold a layer against its contract.

    Parameters
    ----------
    layer : Layer
    seed : int
        Of the random weights and sequences.

    Raises
    ------
    AssertionError
        Naming the part that does not hold.
    """
    for part in (
        _describes_itself,
        _passes_the_gradient_check,
        _gives_the_same_gradients_chunk_by_chunk,
        _takes_the_gradient_of_final_states,
        _streams_as_it_reads_at_once,
        _is_in_an_ensemble_what_it_is_alone,
        _does_not_see_padding,
        _has_the_jacobian_of_its_step,
        _takes_gradients_back_in_rows_as_in_columns,
        _takes_many_gradients_back_as_it_takes_each,
        _names_what_it_did,
    ):
        try:
            part(layer, np.random.default_rng(seed))
        except Exception as error:
            name = getattr(layer, "name", None) or type(layer).__name__
            what = part.__name__.strip("_").replace("_", " ")
            why = str(error) if isinstance(error, AssertionError) else f"{type(error).__name__}: {error}"
            raise AssertionError(f"layer {name!r}: not true that it {what}: {why}") from error


def _describes_itself(layer: Layer, _rng: np.random.Generator) -> None:
    _require(isinstance(layer, Layer), f"it must be a Layer; got {layer!r}")
    for key in ("name", "formulas"):
        given = getattr(layer, key, None)
        _require(isinstance(given, str) and bool(given.strip()), f"{key} must be a text; got {given!r}")
    states, parameters = layer.states(H), layer.parameters(I, H)
    names = [state.name for state in states]
    _require(names[:1] == ["h"] and len(set(names)) == len(names), f"its states must be h and others, got {names}")
    _require(states[0].size == H, f"h must have {H} units, got {states[0].size}")
    _require(bool(parameters), "it needs parameters")
    _require(layer.numbers_per_step(I, H) >= H and layer.work_per_step(I, H) >= 0, "it needs room for h at least")
    _require(not layer.additive or layer.slope is not None, "an additive layer needs the largest slope of its phi")


def _passes_the_gradient_check(layer: Layer, rng: np.random.Generator) -> None:
    for options in (
        {},
        {"models": 2, "readout": "every", "ragged": True},
        {"layers": 2, "bidirectional": True, "readout": "every"},
        {"initial_state": "learned", "tokens": True},
    ):
        network, theta, batch, states = _random(layer, rng, **options)
        loss = loss_function("half_squared_error")
        found = check_gradients(network, theta, batch, loss, states=states, rng=rng, directions=3, entries=8)
        where = f" with {options}" if options else ""
        _require(found.passed, f"{found.worst.name} is wrong by {found.worst.error:.1e} of its size{where}")


def _gives_the_same_gradients_chunk_by_chunk(layer: Layer, rng: np.random.Generator) -> None:
    """Chunks of one step, of several, and with a shorter one left; the gradient check proved them as one."""
    network, theta, batch, states = _random(layer, rng, models=2, readout="every", ragged=True)
    loss = loss_function("half_squared_error")

    def gradients(chunk: int) -> dict[str, np.ndarray]:
        chunked = Network(network.architecture, chunk=chunk)
        found = chunked.gradients(theta, batch, loss, states=states, inputs=True, initial=True)
        assert found.inputs is not None
        assert found.initial is not None
        initial = np.concatenate(found.initial[0], axis=-1)
        return network.layout.views(found.parameters) | {"inputs": found.inputs, "initial states": initial}

    at_once = gradients(T)
    for chunk in (1, 2, 4):
        for name, ours in gradients(chunk).items():
            _require_close(ours, at_once[name], layer, f"in chunks of {chunk} of {T} steps, for {name},")


def _takes_the_gradient_of_final_states(layer: Layer, rng: np.random.Generator) -> None:
    layout = Layout({name: parameter.shape for name, parameter in layer.parameters(I, H).items()})
    theta, inputs = SPREAD * rng.standard_normal(layout.size), rng.standard_normal((T, I, B))
    sizes = [state.size for state in layer.states(H)]
    initial, weights = ([rng.standard_normal((size, B)) for size in sizes] for _ in range(2))
    of_h = rng.standard_normal((T, H, B))

    def run(theta: np.ndarray, inputs: np.ndarray, initial: list[np.ndarray]) -> tuple[Recurrence, complex]:
        made = layer.recurrence(Sizes(T, B, I, H, (), theta.dtype, False), layout)
        made.load(theta)
        finals = made.forward(inputs, initial)
        value = sum((weight * final).sum() for weight, final in zip(weights, finals, strict=True))
        return made, value + (of_h * made.h[1:]).sum()

    made, _ = run(theta, inputs, initial)
    d_initial = [d.copy() for d in made.backward(lambda start, stop: of_h[start:stop], weights)]
    d_theta = np.zeros_like(theta)
    made.write_gradient(d_theta)
    gradient = [d_theta, made.input_gradient(0, T), *d_initial]
    directions = [rng.standard_normal(part.shape) for part in (theta, inputs, *initial)]
    analytic = sum((a * d).sum() for a, d in zip(gradient, directions, strict=True))

    def along(step: complex) -> complex:
        moved = [part + step * d for part, d in zip((theta, inputs, *initial), directions, strict=True)]
        return run(moved[0], moved[1], moved[2:])[1]

    _require_close(np.array(analytic), _derivative(layer, along), layer, "along a random direction")


def _streams_as_it_reads_at_once(layer: Layer, rng: np.random.Generator) -> None:
    network, theta, batch, states = _random(layer, rng, readout="every")
    whole, finals = network.outputs(theta, batch, states=states)
    for t in range(T):
        outputs, states = network.step(theta, states, batch.inputs[t])
        np.testing.assert_allclose(outputs, whole[t], rtol=1e-12, atol=1e-12)
    for streamed, final in zip(states or [], finals, strict=True):
        for ours, theirs in zip(streamed, final, strict=True):
            np.testing.assert_allclose(ours, theirs, rtol=1e-12, atol=1e-12)


def _is_in_an_ensemble_what_it_is_alone(layer: Layer, rng: np.random.Generator) -> None:
    network, theta, batch, states = _random(layer, rng, models=3)
    loss = loss_function("half_squared_error")
    together = network.gradients(theta, batch, loss, states=states)
    for r in range(3):
        own = None if states is None else [[state[r] for state in of_layer] for of_layer in states]
        alone = network.gradients(theta[r], batch, loss, states=own)
        np.testing.assert_allclose(together.loss[r], alone.loss, rtol=1e-12)
        np.testing.assert_allclose(together.parameters[r], alone.parameters, rtol=1e-10, atol=1e-12)


def _does_not_see_padding(layer: Layer, rng: np.random.Generator) -> None:
    network, theta, batch, states = _random(layer, rng, readout="every", ragged=True)
    assert batch.lengths is not None
    loss, padded = loss_function("half_squared_error"), batch.inputs.copy()
    for b, length in enumerate(batch.lengths):
        padded[length:, b] = np.nan
    one = network.gradients(theta, batch, loss, states=states)
    other = network.gradients(theta, Batch(padded, batch.targets, batch.lengths), loss, states=states)
    np.testing.assert_array_equal(one.parameters, other.parameters)
    longest = int(np.argmax(batch.lengths))
    _require(batch.lengths[longest] == T, "one sequence must have all steps")
    _, finals = network.outputs(theta, batch, states=states)
    for b, length in enumerate(batch.lengths):
        own = None if states is None else [[state[b : b + 1] for state in of_layer] for of_layer in states]
        _, alone = network.outputs(theta, Batch(batch.inputs[:length, b : b + 1]), states=own)
        for ours, theirs in zip(finals, alone, strict=True):
            for state, expected in zip(ours, theirs, strict=True):
                np.testing.assert_allclose(state[b : b + 1], expected, rtol=1e-12, atol=1e-12)


def _has_the_jacobian_of_its_step(layer: Layer, rng: np.random.Generator) -> None:
    network, theta, batch, states = _random(layer, rng, sequences=1)
    trajectory, sizes = follow(network, theta, batch, states=states), [state.size for state in layer.states(H)]
    assert states is not None
    S, cuts = sum(sizes), np.cumsum(sizes)[:-1]
    given = np.concatenate([state[0] for state in states[0]])
    for t in range(T):
        x = batch.inputs[t]

        def advance(state: np.ndarray, x: np.ndarray = x) -> np.ndarray:
            parts = [part[None] for part in np.split(state, cuts)]
            _, after = network.step(theta.astype(state.dtype), [parts], x.astype(state.dtype))
            return np.concatenate([part[0] for part in after[0]])

        v, u = rng.standard_normal((2, S))

        def along(step: complex, given: np.ndarray = given, u: np.ndarray = u, advance=advance) -> np.ndarray:
            return advance(given + step * u)

        pushed = trajectory.push_forward(t, u[None, None, None])[0, 0, 0]
        _require_close(pushed, _derivative(layer, along), layer, f"J v at step {t}")
        _, pulled = trajectory.pull_back(slice(t, t + 1), v[None, None, None])
        _require_close(np.array(pulled[0, 0, 0] @ u), np.array(v @ pushed), layer, f"v^T J at step {t}")
        given = advance(given)


def _takes_gradients_back_in_rows_as_in_columns(layer: Layer, rng: np.random.Generator) -> None:
    network, theta, batch, states = _random(layer, rng, models=2)
    loss = loss_function("half_squared_error")
    result = network.gradients(theta, batch, loss, states=states, initial=True, flow=True)
    assert result.flow is not None
    assert result.initial is not None
    trajectory = follow(network, theta, batch, states=states)
    adjoint = np.zeros((1, 2, B, trajectory.state_size))
    adjoint[0, ..., :H] = result.flow[0][-1]
    for t in range(T - 1, -1, -1):
        _, adjoint = trajectory.pull_back(slice(t, t + 1), adjoint)
    np.testing.assert_allclose(adjoint[0], np.concatenate(result.initial[0], axis=-1), rtol=1e-9, atol=1e-12)


def _takes_many_gradients_back_as_it_takes_each(layer: Layer, rng: np.random.Generator) -> None:
    network, theta, batch, states = _random(layer, rng, models=2)
    trajectory = follow(network, theta, batch, states=states)
    adjoint, tangent = rng.standard_normal((2, T, 2, B, trajectory.state_size))
    da, before = trajectory.pull_back(slice(0, T), adjoint)
    for t in range(T):
        now = slice(t, t + 1)
        for ours, theirs in zip((da, before), trajectory.pull_back(now, adjoint[now]), strict=True):
            np.testing.assert_allclose(ours[now], theirs, rtol=1e-10, atol=1e-12)
        _, pulled = trajectory.pull_back(now, adjoint)
        np.testing.assert_allclose(pulled[now], before[now], rtol=1e-10, atol=1e-12)
        np.testing.assert_allclose(trajectory.carry_back(t, adjoint), pulled, rtol=1e-10, atol=1e-12)
        along = (adjoint * trajectory.push_forward(t, tangent)).sum(axis=-1)
        np.testing.assert_allclose(along, (pulled * tangent).sum(axis=-1), rtol=1e-9, atol=1e-12)


def _names_what_it_did(layer: Layer, rng: np.random.Generator) -> None:
    network, theta, batch, states = _random(layer, rng, models=2)
    trajectory = follow(network, theta, batch, states=states)
    for name, values in trajectory.activations.items():
        _require(values.shape[:3] == (T, 2, B), f"{name} must be (T, R, B, F), got {values.shape}")
    known = ", ".join(trajectory.activations)
    for gate in layer.gates:
        _require(gate in trajectory.activations, f"the gate {gate} must be one of its activations: {known}")
        values = trajectory.activations[gate]
        _require(bool(np.all((values >= 0) & (values <= 1))), f"the gate {gate} must lie between 0 and 1")
    flat = layer.saturated(trajectory)
    _require(
        flat.shape == (T, 2, B, H) and flat.dtype == bool, f"saturated must be (T, R, B, H) bool, got {flat.shape}"
    )


def _random(
    layer: Layer,
    rng: np.random.Generator,
    *,
    models: int | None = None,
    ragged: bool = False,
    tokens: bool = False,
    sequences: int = B,
    initial_state: str = "zero",
    **options,
):
    """A network of the layer with random weights, and a random batch with random initial states."""
    network = Network(Architecture(I, H, O, cell=layer, initial_state=initial_state, **options))
    ensemble = () if models is None else (models,)
    theta = SPREAD * rng.standard_normal((*ensemble, network.layout.size))
    inputs = rng.integers(I, size=(T, sequences)) if tokens else rng.standard_normal((T, sequences, I))
    every = network.architecture.readout == "every"
    targets = rng.standard_normal((T, sequences, O) if every else (sequences, O))
    lengths = np.array([T, 1, T - 2][:sequences]) if ragged else None
    states = None
    if initial_state == "zero":
        sizes = [state.size for state in layer.states(H)]
        states = [
            [rng.standard_normal((*ensemble, sequences, size)) for size in sizes]
            for _ in network.architecture.recurrences()
        ]
    return network, theta, Batch(inputs, targets, lengths), states


def _derivative(layer: Layer, along: Callable[[complex], np.ndarray | complex]) -> np.ndarray:
    if layer.smooth:
        return np.imag(along(1j * TINY_STEP)) / TINY_STEP
    return np.asarray(along(STEP) - along(-STEP)).real / (2 * STEP)  # type: ignore[operator]


def _require(true: bool, what: str) -> None:
    if not true:
        raise AssertionError(what)


def _require_close(ours: np.ndarray, theirs: np.ndarray, layer: Layer, what: str) -> None:
    error = float(np.abs(ours - theirs).max() / max(1.0, float(np.abs(theirs).max())))
    _require(error <= (EXACT if layer.smooth else DIFFERENCE), f"{what} it is wrong by {error:.1e}")
