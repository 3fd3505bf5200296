"""Where a model left the finite numbers: the first tensor, in the order of computation."""

import numpy as np
import pytest

from rnnlab.engine.batch import Batch
from rnnlab.engine.divergence import first_non_finite
from rnnlab.engine.losses import loss_function
from tests.engine.samples import sample


def first(drawn, **changes):
    drawn = drawn.but(**changes)
    with np.errstate(all="ignore"):
        return first_non_finite(drawn.network, drawn.theta, drawn.batch, drawn.loss, drawn.states)


@pytest.mark.parametrize("cell", ["rnn", "lstm", "gru"])
def test_nothing_where_all_is_finite(cell):
    assert first(sample(cell, layers=2, lengths=True, readout="every")) == ""


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("name", ["layer0.W_hh", "layer1.b_h", "readout.b_o"])
def test_a_parameter(name, bad):
    drawn = sample("gru", layers=2)
    drawn.network.layout.view(drawn.theta, name).flat[0] = bad
    assert first(drawn) == name


def test_the_step_at_which_a_state_overflows():
    """h_t = 1e100^(t+1) x: 1e300 at step 2, infinite at step 3."""
    drawn = sample("rnn", "identity", hidden_size=1, input_size=1, output_size=1)
    theta = np.array([1e100, 1e100, 0, 1e-300, 0])
    batch = Batch(np.array([1.0, 0, 0, 0, 0]).reshape(5, 1, 1), np.zeros((1, 1)))
    assert first(drawn, theta=theta, batch=batch) == "layer0.h at step 3"


def test_a_reverse_layer_names_the_step_of_the_sequence():
    drawn = sample("rnn", "identity", hidden_size=1, input_size=1, output_size=1, bidirectional=True)
    theta = np.array([0, 0, 0, 1e100, 1e100, 0, 0, 0, 0])
    batch = Batch(np.array([0.0, 0, 0, 0, 1]).reshape(5, 1, 1), np.zeros((1, 1)))
    assert first(drawn, theta=theta, batch=batch) == "layer0.reverse.h at step 1"


def test_outputs_and_loss():
    drawn = sample("rnn", hidden_size=1, input_size=1, output_size=1, steps=1, loss="half_squared_error")
    batch = Batch(np.ones((1, 1, 1)), np.zeros((1, 1)))
    assert first(drawn, theta=np.array([0, 20.0, 0, 1.5e308, 1.5e308]), batch=batch) == "outputs"
    assert first(drawn, theta=np.array([0, 20.0, 0, 1e200, 0]), batch=batch) == "loss"


def test_a_gradient_that_overflows_on_its_way_back():
    """Forward all is small; backward a factor of 1e60 a step makes 1e300 of 1 and then infinity."""
    drawn = sample("rnn", "identity", hidden_size=1, input_size=1, output_size=1, steps=8)
    theta = np.array([1e60, 1.0, 0, 1.0, 0])
    batch = Batch(np.zeros((8, 1, 1)), np.ones((1, 1)))
    assert first(drawn, theta=theta, batch=batch) == "gradient of layer0.W_hh"


def test_a_gradient_whose_norm_overflows():
    drawn = sample("rnn", "identity", hidden_size=1, input_size=1, output_size=1, steps=1)
    batch = Batch(np.zeros((1, 1, 1)), np.full((1, 1), 1e200))
    assert first(drawn, theta=np.array([0, 1.0, 0, 1.0, 0]), batch=batch) == "norm of the gradient"


def test_losses_have_no_gradient_to_blame_where_targets_are_not_finite():
    drawn = sample("rnn", loss="half_squared_error")
    batch = Batch(drawn.batch.inputs, np.full_like(drawn.batch.targets, np.nan))
    assert first(drawn, batch=batch, loss=loss_function("half_squared_error")) == "loss"
