"""Every way to combine the parts of a network, each held against the complex step along a random direction."""

from itertools import product

import numpy as np
import pytest

from rnnlab.engine.objective import Objective
from tests.engine.samples import CELLS, Sample, sample

STEP = 1e-20


def mismatch(drawn: Sample, seed: int = 1) -> float:
    """Worst relative error, over the models, along one random direction through all that can be moved.

    relu and Huber included: the complex step stays on the piece that it starts from.
    """
    objective = Objective(drawn.network, drawn.theta, drawn.batch, drawn.loss, drawn.states)
    direction = np.random.default_rng(seed).standard_normal(objective.point.shape)
    measured = np.imag(objective.value(objective.point + 1j * STEP * direction)) / STEP
    derived = (objective.gradient * direction).sum(axis=1)
    size = np.sqrt((objective.gradient**2).sum(axis=1))
    return float(np.max(np.abs(measured - derived) / np.maximum(size, 1e-12)))


@pytest.mark.parametrize("bidirectional", [False, True])
@pytest.mark.parametrize("layers", [1, 2])
@pytest.mark.parametrize(("cell", "activation"), CELLS)
def test_every_combination(cell, activation, layers, bidirectional):
    combinations = product(
        ["zero", "learned", "given"], ["last", "every"], [False, True], [1, 3], [False, True], [None, 2]
    )
    for initial_state, readout, tokens, batch_size, lengths, models in combinations:
        choice = {
            "initial_state": initial_state,
            "readout": readout,
            "tokens": tokens,
            "batch_size": batch_size,
            "lengths": lengths,
            "models": models,
        }
        drawn = sample(cell, activation, layers=layers, bidirectional=bidirectional, **choice)
        assert mismatch(drawn) < 1e-12, choice


@pytest.mark.parametrize("models", [None, 2])
@pytest.mark.parametrize("lengths", [False, True])
@pytest.mark.parametrize("readout", ["last", "every"])
@pytest.mark.parametrize("loss", ["half_squared_error", "huber", "cross_entropy", "binary_cross_entropy"])
@pytest.mark.parametrize(("cell", "activation"), CELLS)
def test_every_loss(cell, activation, loss, readout, lengths, models):
    drawn = sample(cell, activation, loss=loss, readout=readout, lengths=lengths, models=models, layers=2)
    assert mismatch(drawn) < 1e-12


@pytest.mark.parametrize("per_model", [False, True])
@pytest.mark.parametrize("batch_size", [1, 3])
@pytest.mark.parametrize("models", [None, 3])
@pytest.mark.parametrize("lengths", [False, True])
@pytest.mark.parametrize(("cell", "activation"), CELLS)
def test_gathered_tokens(cell, activation, lengths, models, batch_size, per_model):
    drawn = sample(
        cell, activation, tokens=True, input_size=97, lengths=lengths, models=models, batch_size=batch_size,
        per_model=per_model and models is not None, readout="every", initial_state="learned",
    )  # fmt: skip
    assert mismatch(drawn) < 1e-12


@pytest.mark.parametrize("lengths", [False, True])
@pytest.mark.parametrize("readout", ["last", "every"])
@pytest.mark.parametrize(("cell", "activation"), CELLS)
def test_each_model_has_sequences_of_its_own(cell, activation, readout, lengths):
    drawn = sample(cell, activation, readout=readout, lengths=lengths, models=2, per_model=True, initial_state="given")
    assert mismatch(drawn) < 1e-12


@pytest.mark.parametrize(("cell", "activation"), CELLS)
def test_more_steps_than_a_chunk_of_backpropagation(cell, activation):
    drawn = sample(cell, activation, steps=150, readout="every", layers=2, spread=0.3, initial_state="given")
    assert mismatch(drawn) < 1e-11


@pytest.mark.parametrize(("cell", "activation"), CELLS)
def test_a_single_step(cell, activation):
    assert mismatch(sample(cell, activation, steps=1, initial_state="given", bidirectional=True)) < 1e-12


@pytest.mark.parametrize("readout", ["last", "every"])
@pytest.mark.parametrize("cell", ["rnn", "lstm", "gru"])
def test_a_sequence_may_have_no_step_at_all(cell, readout):
    drawn = sample(cell, readout=readout, initial_state="learned", lengths=True)
    lengths = np.array([0, 5, 2])
    assert mismatch(drawn.but(batch=type(drawn.batch)(drawn.batch.inputs, drawn.batch.targets, lengths))) < 1e-12


@pytest.mark.parametrize("cell", ["rnn", "lstm", "gru"])
def test_learned_initial_states_get_no_gradient_where_others_are_given(cell):
    learned = sample(cell, initial_state="learned", layers=2)
    carried = sample(cell, initial_state="given", layers=2).states
    assert mismatch(learned.but(states=carried)) < 1e-12
    result = learned.but(states=carried).gradients()
    views = learned.network.layout.views(result.parameters)
    assert not views["layer0.h_0"].any()
    assert views["layer0.W_hh"].all()
