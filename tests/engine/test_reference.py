"""The plain formulas: the engine held against them, they against the complex step, their texts against the numbers."""

import ast
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rnnlab.engine import reference
from rnnlab.engine.architecture import Architecture
from rnnlab.engine.batch import Batch
from rnnlab.engine.layers import LAYERS, Gru, Lstm, Rnn
from rnnlab.engine.losses import loss_function
from rnnlab.engine.network import Network
from rnnlab.engine.reference.losses import LOSSES
from rnnlab.engine.reference.network import unroll
from rnnlab.engine.reference.record import Recurrence
from rnnlab.engine.reference.stepwise import StepwiseCell
from tests.engine.samples import CELLS, Sample, sample
from tests.formula_text import evaluate, filled
from tests.plugins.leaky.rnnlab_leaky.layer import Leaky

TINY = 1e-20
MAKES = [(layers, both, readout) for layers in (1, 2) for both in (False, True) for readout in ("last", "every")]


class Silent:
    """A layer that brings no formulas, for the passes step by step."""

    def reference(self):
        return None


class SilentRnn(Silent, Rnn): ...


class SilentLstm(Silent, Lstm): ...


class SilentGru(Silent, Gru): ...


def names_of_states(architecture: Architecture) -> list[str]:
    return [state.name for state in architecture.states]


def by_formula(drawn: Sample, loss: str, *, theta=None, inputs=None, states=None, weights=None, **options):
    """The reference on the one sequence of a sample, at its own point or at another."""
    architecture = drawn.network.architecture
    theta = drawn.theta if theta is None else theta
    if states is None and drawn.states is not None:
        states = [
            {name: state[0] for name, state in zip(names_of_states(architecture), of_layer, strict=True)}
            for of_layer in drawn.states
        ]
    targets: Any = drawn.batch.targets
    return unroll(
        architecture,
        drawn.network.layout.views(theta),
        drawn.batch.inputs[:, 0] if inputs is None else inputs,
        targets[:, 0] if architecture.readout == "every" else targets[0],
        LOSSES[loss](**options),
        weights=weights,
        states=states,
    )


def assert_same(ours, theirs, what=""):
    scale = max(1e-3, float(np.abs(theirs).max(initial=0)))
    assert np.shape(ours) == np.shape(theirs), what
    assert np.abs(ours - theirs).max(initial=0) <= 1e-12 * scale, what


def assert_engine_agrees(drawn: Sample, unrolled) -> None:
    result = drawn.gradients(inputs=not drawn.batch.tokens, initial=True, flow=True)
    assert_same(result.loss, unrolled.loss, "loss")
    parameters = drawn.network.layout.views(result.parameters)
    assert parameters.keys() == unrolled.gradients.keys()
    for name, gradient in parameters.items():
        assert_same(gradient, unrolled.gradients[name], name)
    if not drawn.batch.tokens:
        assert_same(result.inputs[:, 0], unrolled.d_inputs, "inputs")
    for k, one in enumerate(unrolled.recurrences):
        assert_same(result.flow[k][:, 0], np.array([step.backward["dL/dh_t"] for step in one.steps]), one.name)
        for state, gradient in zip(one.cell.states, result.initial[k], strict=True):
            assert_same(gradient[0], one.d_initial[state], f"{one.name} {state}_0")


@pytest.mark.parametrize(("layers", "bidirectional", "readout"), MAKES)
@pytest.mark.parametrize(("cell", "activation"), CELLS)
def test_the_engine_computes_the_formulas(cell, activation, layers, bidirectional, readout):
    """With every loss, initial state and kind of input: outputs, loss, states, dL/dh_t, all gradients."""
    for seed, (loss, initial, tokens) in enumerate(
        product(LOSSES, ("zero", "learned", "given"), (False, True)), start=100
    ):
        drawn = sample(
            cell,
            activation,
            layers=layers,
            bidirectional=bidirectional,
            readout=readout,
            loss=loss,
            initial_state=initial,
            tokens=tokens,
            batch_size=1,
            spread=0.4,
            seed=seed,
        )
        unrolled = by_formula(drawn, loss)
        assert_engine_agrees(drawn, unrolled)
        outputs, _ = drawn.network.outputs(drawn.theta, drawn.batch, states=drawn.states)
        assert_same(outputs.reshape(-1, 6), np.array([output.o for output in unrolled.outputs]), "outputs")
        for what, one in zip(
            drawn.network.activations(drawn.theta, drawn.batch, states=drawn.states), unrolled.recurrences, strict=True
        ):
            assert_same(what["h"][1:, 0], np.array([step.forward["h_t"] for step in one.steps]), "states")


@pytest.mark.parametrize(("cell", "activation"), CELLS)
@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("readout", ["last", "every"])
def test_the_formulas_are_the_derivative_of_their_own_loss(cell, activation, loss, readout):
    """Complex step along random directions of each tensor and of all: the loops may not err with the engine."""
    drawn = sample(
        cell, activation, layers=2, bidirectional=True, readout=readout, loss=loss, initial_state="given",
        batch_size=1, steps=4, input_size=3, hidden_size=2, output_size=4, seed=7,
    )  # fmt: skip
    unrolled, layout, rng = by_formula(drawn, loss), drawn.network.layout, np.random.default_rng(11)
    gradients = unrolled.gradients | {"inputs": unrolled.d_inputs}
    gradients |= {f"{one.name} {state}": d for one in unrolled.recurrences for state, d in one.d_initial.items()}
    names = names_of_states(drawn.network.architecture)
    for moved in [[name] for name in gradients for _ in range(2)] + [list(gradients)] * 3:
        direction = {name: rng.standard_normal(d.shape) * (name in moved) for name, d in gradients.items()}
        states = [
            {
                name: state[0] + 1j * TINY * direction[f"{one.name} {name}"]
                for name, state in zip(names, of, strict=True)
            }
            for one, of in zip(unrolled.recurrences, drawn.states or [], strict=True)
        ]
        theta = drawn.theta + 1j * TINY * np.concatenate([direction[name].ravel() for name in layout.names])
        inputs = drawn.batch.inputs[:, 0] + 1j * TINY * direction["inputs"]
        along = np.imag(by_formula(drawn, loss, theta=theta, inputs=inputs, states=states).loss) / TINY
        expected = sum(np.sum(direction[name] * d) for name, d in gradients.items())
        assert along == pytest.approx(expected, rel=1e-11, abs=1e-13), moved


@pytest.mark.parametrize(("cell", "activation"), CELLS)
def test_every_gradient_is_the_sum_of_its_terms(cell, activation):
    drawn = sample(
        cell, activation, readout="every", loss="cross_entropy", batch_size=1, initial_state="given", steps=3
    )
    unrolled = by_formula(drawn, "cross_entropy")
    (one,) = unrolled.recurrences
    assert [step.time for step in one.steps] == [1, 2, 3]
    assert set(one.steps[0].terms) == set(one.cell.formulas.terms)
    before = one.initial["h"]
    for step in one.steps:
        np.testing.assert_array_equal(step.terms["W_hh"], before[:, None] * step.backward["delta_t"])
        before = step.forward["h_t"]
    for name in one.gradients:
        total = sum(step.terms[name] for step in one.steps)
        np.testing.assert_array_equal(total, unrolled.gradients[f"layer0.{name}"])
        assert np.abs(total).max() > 0
    for name in ("W_ho", "b_o"):
        total = sum(output.terms[name] for output in unrolled.outputs)
        np.testing.assert_array_equal(total, unrolled.gradients[f"readout.{name}"])


def test_a_reverse_recurrence_visits_the_steps_from_the_last():
    drawn = sample(bidirectional=True, readout="last", loss="half_squared_error", batch_size=1, steps=3)
    forward, reverse = by_formula(drawn, "half_squared_error").recurrences
    assert (forward.name, forward.reverse, [step.time for step in forward.steps]) == ("layer0", False, [1, 2, 3])
    assert (reverse.name, reverse.reverse, [step.time for step in reverse.steps]) == ("layer0.reverse", True, [3, 2, 1])
    assert [step.is_last for step in reverse.steps] == [False, False, True]
    assert [step.above is None for step in reverse.steps] == [True, True, False]


@pytest.mark.parametrize("readout", ["last", "every"])
@pytest.mark.parametrize(("cell", "activation"), CELLS)
def test_a_single_step_is_a_sequence_too(cell, activation, readout):
    drawn = sample(
        cell, activation, layers=2, bidirectional=True, readout=readout, loss="huber", batch_size=1, steps=1
    )  # fmt: skip
    assert_engine_agrees(drawn, by_formula(drawn, "huber"))


def test_weights_and_ignored_targets_count_as_in_the_engine():
    drawn = sample(readout="every", loss="cross_entropy", batch_size=1, steps=4)
    weights, targets = np.array([0.5, 2.0, 0.0, 3.0]), np.array([1, 0, 2, -1])
    batch = Batch(drawn.batch.inputs, targets[:, None], weights=weights[:, None], ignored=-1)
    counts = weights * (targets != -1)
    unrolled = by_formula(drawn.but(batch=batch), "cross_entropy", weights=counts)
    assert [float(output.loss) > 0 for output in unrolled.outputs] == [True, True, False, False]
    assert_engine_agrees(drawn.but(batch=batch), unrolled)
    last = sample(readout="last", loss="half_squared_error", batch_size=1)
    batch = Batch(last.batch.inputs, last.batch.targets, weights=np.array([2.5]))
    unrolled = by_formula(last.but(batch=batch), "half_squared_error", weights=np.array(2.5))
    assert_engine_agrees(last.but(batch=batch), unrolled)


@pytest.mark.parametrize("delta", [0.1, 2.0])
def test_the_line_of_the_huber_loss_begins_where_it_is_told(delta):
    drawn = sample(loss="huber", readout="every", batch_size=1).but(loss=loss_function("huber", delta=delta))
    unrolled = by_formula(drawn, "huber", delta=delta)
    sizes = np.array([abs(output.o - output.y) for output in unrolled.outputs])
    assert (sizes > delta).any()
    assert (sizes < delta).any()
    ends = {0.1: "0.1 (|d| - 0.05)", 2.0: "2 (|d| - 1)"}
    assert LOSSES["huber"](delta).formula == f"sum 0.5 d^2 where |d| <= {delta:g}, else {ends[delta]}; d = o_t - y_t"
    assert_engine_agrees(drawn, unrolled)


@pytest.mark.parametrize(
    ("silent", "own"), [(SilentRnn("relu"), Rnn("relu")), (SilentLstm(), Lstm()), (SilentGru(), Gru())]
)
def test_passes_step_by_step_come_to_the_same_as_the_formulas(silent, own):
    found = []
    for layer in (silent, own):
        drawn = sample(batch_size=1, loss="huber", readout="every")
        network = Network(Architecture(7, 4, 6, layer, layers=2, bidirectional=True, readout="every"))
        theta = np.random.default_rng(3).standard_normal(network.layout.size) * 0.5
        drawn = drawn.but(network=network, theta=theta)
        found.append(by_formula(drawn, "huber"))
        assert_engine_agrees(drawn, found[-1])
    assert isinstance(found[0].recurrences[0].cell, StepwiseCell)
    assert not found[0].recurrences[0].cell.worked
    assert found[1].recurrences[0].cell.worked
    for ours, theirs in zip(found[0].recurrences, found[1].recurrences, strict=True):
        for one, other in zip(ours.steps, theirs.steps, strict=True):
            assert one.terms.keys() == other.terms.keys()
            for name in one.terms:
                assert_same(one.terms[name], other.terms[name], name)
            assert_same(one.backward["delta_t"], other.backward["delta_t"], "delta_t")
            assert_same(one.forward["h_t"], other.forward["h_t"], "h_t")


def test_a_layer_of_somebody_else_is_worked_out_step_by_step():
    network = Network(Architecture(7, 4, 6, Leaky(0.4), layers=2, initial_state="learned", readout="every"))
    theta = np.random.default_rng(5).standard_normal(network.layout.size) * 0.5
    drawn = sample(batch_size=1, loss="cross_entropy", readout="every").but(network=network, theta=theta)
    unrolled = by_formula(drawn, "cross_entropy")
    assert_engine_agrees(drawn, unrolled)
    cell = unrolled.recurrences[0].cell
    assert cell.formulas.forward == {
        "a_t": "h_{t-1} W_hh + x_t W_xh + b_h",
        "h_t": "(1 - leak) h_{t-1} + leak tanh(a_t)",
    }
    assert list(unrolled.recurrences[0].steps[0].forward) == ["a_t", "h_t"]


def test_a_wrong_row_form_does_not_go_unnoticed():
    class Wrong(Leaky):
        def pull_back(self, trajectory, steps, adjoint):
            da, before = super().pull_back(trajectory, steps, adjoint)
            return 1.01 * da, before

    network = Network(Architecture(7, 4, 6, Wrong(), readout="every"))
    theta = np.random.default_rng(5).standard_normal(network.layout.size) * 0.5
    drawn = sample(batch_size=1, loss="cross_entropy", readout="every").but(network=network, theta=theta)
    with pytest.raises(AssertionError, match=r"layer0\.W_hh"):
        assert_engine_agrees(drawn, by_formula(drawn, "cross_entropy"))


def test_every_layer_of_the_package_has_its_formulas():
    assert [make().reference().worked for make in LAYERS.values()] == [True, True, True]


def names_of(one: Recurrence, parameters) -> dict[str, Any]:
    """Everything that formulas of a recurrence speak of, by its symbol."""
    p = {key.rpartition(".")[2]: value for key, value in parameters.items() if key.rpartition(".")[0] == one.name}
    names: dict[str, Any] = dict(p)
    for name in ("W_hh", "W_xh", "b_h"):
        blocks = np.split(p[name], max(1, len(one.cell.gates)), axis=-1)
        names |= {f"{name}^{gate}": block for gate, block in zip(one.cell.gates, blocks, strict=False)}
    start = one.steps[0].time + (1 if one.reverse else -1)
    names |= {f"{state}_{start}": value for state, value in one.initial.items()}
    for step in one.steps:
        names |= {filled(symbol, step.time): value for symbol, value in (step.forward | step.backward).items()}
        names |= {f"x_{step.time}": step.inputs}
    return names


@pytest.mark.parametrize(("cell", "activation"), CELLS)
def test_every_formula_gives_the_number_beside_it(cell, activation):
    drawn = sample(
        cell, activation, readout="every", loss="cross_entropy", batch_size=1, initial_state="given", steps=3
    )
    (one,) = by_formula(drawn, "cross_entropy").recurrences
    formulas, names = one.cell.formulas, names_of(one, drawn.network.layout.views(drawn.theta))

    def close(formula, t, number):
        left, _, right = (
            filled(formula, t).rpartition("^T ") if formula.count(" ") == 1 else ("", "", filled(formula, t))
        )
        worth = evaluate(right, names)
        worth = np.outer(evaluate(left, names), worth) if left else worth
        np.testing.assert_allclose(worth, number, rtol=1e-12, atol=1e-14, err_msg=formula)

    for step in one.steps:
        t = step.time
        assert list(step.forward) == list(formulas.forward)
        assert list(step.backward) == ["dL/dh_t", *formulas.backward]
        assert list(step.terms) == list(formulas.terms)
        for symbol, formula in formulas.forward.items():
            close(formula, t, step.forward[symbol])
        for symbol, formula in formulas.backward.items():
            carried = "" if step.is_last else f" + {formulas.carried.get('c')}"
            close(formula.replace(" + {c}", carried), t, step.backward[symbol])
        for name, formula in formulas.terms.items():
            close(formula, t, step.terms[name])
        np.testing.assert_allclose(evaluate(filled(formulas.inputs, t), names), step.d_inputs, rtol=1e-12, atol=1e-14)
        if not step.is_last:
            close(formulas.carried["h"], t, step.backward["dL/dh_t"] - step.above)


def test_the_cells_share_no_arithmetic_with_the_engine():
    folder = Path(reference.__file__).parent
    for path in folder.glob("*.py"):
        found = set()
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom):
                found.add(node.module)
            elif isinstance(node, ast.Import):
                found |= {alias.name for alias in node.names}
        ours = {name for name in found if name.startswith("rnnlab.") and not name.startswith("rnnlab.engine.reference")}
        allowed = {
            "network": {"rnnlab.engine.architecture"},
            "stepwise": {"rnnlab.engine.layers.layer", "rnnlab.engine.parameters"},
        }
        assert ours == allowed.get(path.stem, set()), path.name
