"""A second opinion: an independent tape (autograd) over the printed formulas, on random networks of every make."""

import autograd
import autograd.numpy as anp
import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.engine import formulas
from tests.engine.samples import CELLS, Sample, sample

TOLERANCE = 1e-10


@st.composite
def samples(draw) -> tuple[Sample, str]:
    cell, activation = draw(st.sampled_from(CELLS))
    loss = draw(st.sampled_from(sorted(formulas.LOSSES)))
    drawn = sample(
        cell,
        activation,
        layers=draw(st.integers(1, 3)),
        bidirectional=draw(st.booleans()),
        initial_state=draw(st.sampled_from(["zero", "learned", "given"])),
        readout=draw(st.sampled_from(["last", "every"])),
        loss=loss,
        tokens=draw(st.booleans()),
        steps=draw(st.integers(1, 6)),
        batch_size=draw(st.integers(1, 4)),
        input_size=draw(st.integers(1, 5)),
        hidden_size=draw(st.integers(1, 5)),
        output_size=draw(st.integers(1, 4)),
        lengths=draw(st.booleans()),
        seed=draw(st.integers(0, 2**32 - 1)),
    )
    return drawn, loss


def by_formula(drawn: Sample, loss: str):
    """The loss as a function of parameters, inputs (T, B, I) and initial states, sequence by sequence."""
    architecture, batch = drawn.network.architecture, drawn.batch
    every = architecture.readout == "every"

    def value(theta, inputs, states):
        total = 0.0
        for b in range(batch.sequences):
            end = batch.steps if batch.lengths is None else batch.lengths[b]
            own = None if states is None else [tuple(state[b] for state in layer) for layer in states]
            o = formulas.outputs(architecture, theta, [x[b] for x in inputs[:end]], own)
            y = batch.targets[:end, b] if every else batch.targets[b][None]
            total = total + formulas.LOSSES[loss](o, y)
        return total / batch.sequences

    return value


def numbers(drawn: Sample) -> np.ndarray:
    batch = drawn.batch
    return np.eye(drawn.network.architecture.input_size)[batch.inputs] if batch.tokens else batch.inputs


@settings(max_examples=60)
@given(samples())
def test_loss_and_gradients_agree_with_the_tape(drawn_with_loss):
    drawn, loss = drawn_with_loss
    dense = not drawn.batch.tokens
    result = drawn.gradients(inputs=dense, initial=drawn.states is not None)
    value = by_formula(drawn, loss)
    point = (anp.array(drawn.theta), anp.array(numbers(drawn)), drawn.states)
    np.testing.assert_allclose(result.loss, value(*point), rtol=1e-12, atol=1e-14)
    wanted = (0, 1, 2) if drawn.states is not None else (0, 1)
    theta, inputs, *initial = autograd.grad(lambda *moved: value(*moved), wanted)(*point)
    assert_close(result.parameters, theta)
    if dense:
        assert_close(result.inputs, inputs)
    for ours, tapes in zip(result.initial or (), *initial, strict=False):
        for own, tape in zip(ours, tapes, strict=True):
            assert_close(own, tape)


@settings(max_examples=15)
@given(samples())
def test_outputs_agree_with_the_formulas(drawn_with_loss):
    drawn, _ = drawn_with_loss
    batch, architecture = drawn.batch, drawn.network.architecture
    outputs, _ = drawn.network.outputs(drawn.theta, batch, states=drawn.states)
    for b in range(batch.sequences):
        end = batch.steps if batch.lengths is None else batch.lengths[b]
        own = None if drawn.states is None else [tuple(state[b] for state in layer) for layer in drawn.states]
        expected = formulas.outputs(architecture, drawn.theta, numbers(drawn)[:end, b], own)
        ours = outputs[:end, b] if architecture.readout == "every" else outputs[b][None]
        np.testing.assert_allclose(ours, expected, rtol=1e-11, atol=1e-12)


def assert_close(ours, tape):
    scale = max(1e-3, np.abs(tape).max(initial=0))
    np.testing.assert_allclose(ours, tape, rtol=TOLERANCE, atol=TOLERANCE * scale)
