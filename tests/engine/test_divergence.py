"""The first tensor that is not finite, in the order of computation, made by hand at every place there is."""

from dataclasses import replace

import numpy as np
import pytest

from rnnlab.engine.batch import Batch
from rnnlab.engine.divergence import first_non_finite
from rnnlab.engine.optimizers import make_optimizer
from rnnlab.engine.sampling import Sampling
from rnnlab.engine.training import GradientDescent
from tests.engine.samples import sample


def named(one, theta=None, batch=None):
    with np.errstate(over="ignore", invalid="ignore"):
        return first_non_finite(
            one.network,
            one.theta if theta is None else theta,
            one.batch if batch is None else batch,
            one.loss,
            one.states,
        )


def with_value(one, name, value):
    theta = one.theta.copy()
    one.network.layout.view(theta, name)[...] = value
    return theta


@pytest.mark.parametrize("readout", ["last", "every"])
@pytest.mark.parametrize("cell", ["rnn", "lstm", "gru"])
def test_nothing_is_named_where_all_is_finite(cell, readout):
    assert named(sample(cell, layers=2, readout=readout, loss="half_squared_error")) == ""


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_a_parameter(value):
    one = sample("gru", layers=2, loss="half_squared_error")
    assert named(one, with_value(one, "layer1.b_hn", value)) == "layer1.b_hn"
    assert named(one, with_value(one, "readout.b_o", value)) == "readout.b_o"


@pytest.mark.parametrize("bidirectional", [False, True])
def test_a_state_with_its_step(bidirectional):
    one = sample("rnn", "identity", bidirectional=bidirectional, loss="half_squared_error", steps=6)
    inputs = one.batch.inputs.copy()
    inputs[3, 1] = 1e308
    batch = Batch(inputs, one.batch.targets)
    assert named(one, with_value(one, "layer0.W_xh", 10.0), batch) == "layer0.h at step 3"


def test_a_state_that_runs_backwards_has_the_sequences_own_steps():
    one = sample("rnn", "identity", bidirectional=True, loss="half_squared_error", steps=6)
    inputs = one.batch.inputs.copy()
    inputs[4, 0] = 1e308
    batch = Batch(inputs, one.batch.targets)
    theta = with_value(one, "layer0.reverse.W_xh", 10.0)
    one.network.layout.view(theta, "layer0.W_xh")[...] = 0
    assert named(one, theta, batch) == "layer0.reverse.h at step 4"


def test_the_lower_layer_comes_first():
    one = sample("rnn", "relu", layers=2, loss="half_squared_error")
    theta = with_value(one, "layer0.b_h", 1e300)
    one.network.layout.view(theta, "layer1.W_xh")[...] = 1e10
    assert named(one, theta) == "layer1.h at step 0"
    one.network.layout.view(theta, "layer0.W_hh")[...] = 1e10
    assert named(one, theta) == "layer0.h at step 1"


def test_the_outputs():
    one = sample("rnn", "identity", loss="half_squared_error")
    theta = with_value(one, "layer0.b_h", 1e200)
    one.network.layout.view(theta, "layer0.W_hh")[...] = 0
    one.network.layout.view(theta, "readout.W_ho")[...] = 1e200
    assert named(one, theta) == "outputs"


def test_the_loss():
    one = sample("rnn", loss="half_squared_error")
    assert named(one, with_value(one, "readout.b_o", 1e200)) == "loss"


def test_a_gradient():
    one = sample("rnn", "identity", loss="half_squared_error")
    theta = with_value(one, "layer0.b_h", 1e200)
    one.network.layout.view(theta, "layer0.W_hh")[...] = 0
    one.network.layout.view(theta, "readout.W_ho")[...] = 0
    one.network.layout.view(theta, "readout.b_o")[...] = 1e130  # the loss is 1e260, the gradient 1e130 h
    assert named(one, theta) == "gradient of readout.W_ho"


def test_given_states_count():
    one = sample("rnn", "identity", initial_state="given", loss="half_squared_error")
    one.states[0][0][...] = 1e308
    assert named(one, with_value(one, "layer0.W_hh", 10.0)) == "layer0.h at step 0"
    assert named(one.but(states=None), with_value(one, "layer0.W_hh", 10.0)) == ""


def test_large_weights_of_single_precision_have_not_grown():
    """Their squares overflow in float32; the norm does not."""
    drawn = sample("rnn", "identity", dtype="float32", models=2, loss="half_squared_error")
    drawn.network.layout.view(drawn.theta, "layer0.W_xh")[0, 0, 0] = 1e20  # of inputs that are 0
    batch = replace(drawn.batch, inputs=0 * drawn.batch.inputs)
    updates = list(
        GradientDescent(
            drawn.network, drawn.theta, Sampling(batch, "last"), drawn.loss, make_optimizer("sgd", drawn.theta.shape,
            drawn.theta.dtype), updates=2, learning_rate=lambda _update: 1e-30,
        )
    )  # fmt: skip
    assert all(update.diverged == {} for update in updates)
