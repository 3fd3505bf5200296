"""What a pass refuses: whatever would give a plausible number for a question that makes no sense."""

from dataclasses import replace

import numpy as np
import pytest

from rnnlab.engine.batch import Batch
from rnnlab.engine.losses import loss_function
from rnnlab.engine.sampling import Sampling
from tests.engine.samples import sample

T, B, I, H, O = 5, 3, 7, 4, 6  # noqa: E741


def refused(drawn, match, **changes):
    one = drawn.but(**changes)
    with pytest.raises(ValueError, match=match):
        one.gradients()
    with pytest.raises(ValueError, match=match):
        one.network.loss(one.theta, one.batch, one.loss, states=one.states)
    if "targets" not in match:
        with pytest.raises(ValueError, match=match):
            one.network.outputs(one.theta, one.batch, states=one.states)
        with pytest.raises(ValueError, match=match):
            one.network.activations(one.theta, one.batch, states=one.states)


@pytest.mark.parametrize("readout", ["last", "every"])
def test_shapes(readout):
    drawn = sample(readout=readout, initial_state="given", loss="half_squared_error")
    batch = drawn.batch
    refused(drawn, r"'theta' must have shape \(\d+,\) or \(R, \d+\)", theta=np.tile(drawn.theta, 2))
    refused(drawn, "'theta' must hold floating-point numbers", theta=drawn.theta.astype(int))
    refused(drawn, rf"'inputs' must have shape \(T, B, {I}\)", batch=replace(batch, inputs=batch.inputs[..., :1]))
    refused(drawn, "at least one step and one sequence", batch=replace(batch, inputs=batch.inputs[:0]))
    refused(drawn, "at least one step and one sequence", batch=replace(batch, inputs=batch.inputs[:, :0]))
    refused(drawn, "'targets' must have shape", batch=replace(batch, targets=batch.targets[..., :1]))
    refused(drawn, "'targets' must have shape", batch=replace(batch, targets=batch.targets[..., 0]))
    refused(drawn, "'lengths' must have shape", batch=replace(batch, lengths=np.array([1, 2])))
    refused(drawn, "'batch' must have no model axis", batch=replace(batch, per_model=True))
    refused(drawn, "'states' must be a list for each", states=drawn.states * 2)
    refused(drawn, "'states' must hold h of layer0", states=[drawn.states[0] * 2])
    refused(drawn, "'states' must have shape", states=[[drawn.states[0][0][:1]]])
    with pytest.raises(ValueError, match="A batch without targets has no loss"):
        drawn.but(batch=replace(batch, targets=None)).gradients()


def test_models_of_batch_and_parameters():
    drawn = sample(models=2, per_model=True, loss="half_squared_error")
    refused(drawn, "must have the 2 models of theta", batch=replace(drawn.batch, inputs=drawn.batch.inputs[:, :1]))


@pytest.mark.parametrize(("length", "got"), [(T + 1, "1 to 6"), (-1, "-1 to 3")])
def test_lengths(length, got):
    drawn = sample(lengths=True, loss="half_squared_error")
    lengths = np.array([1, length, 3])
    refused(
        drawn, f"'lengths' must lie from 0 to the {T} steps; got {got}", batch=replace(drawn.batch, lengths=lengths)
    )


@pytest.mark.parametrize("token", [-1, I, 99])
def test_tokens(token):
    drawn = sample(tokens=True, lengths=True, loss="half_squared_error")
    inputs = drawn.batch.inputs.copy()
    inputs[0, 1] = token
    refused(drawn, f"'inputs' must be tokens from 0 to {I - 1}; got {token}", batch=replace(drawn.batch, inputs=inputs))
    inputs = drawn.batch.inputs.copy()
    inputs[1:, int(np.argmin(drawn.batch.lengths))] = token  # behind the end of the shortest
    assert np.isfinite(drawn.but(batch=replace(drawn.batch, inputs=inputs)).gradients().loss)


@pytest.mark.parametrize("value", [-1, O])
@pytest.mark.parametrize("readout", ["last", "every"])
def test_classes(value, readout):
    drawn = sample(readout=readout, loss="cross_entropy")
    targets = drawn.batch.targets.copy()
    targets[..., 1] = value
    refused(
        drawn, f"'targets' must be classes from 0 to {O - 1}; got {value}", batch=replace(drawn.batch, targets=targets)
    )
    numbers = sample(readout=readout, loss="half_squared_error")
    refused(numbers, "'targets' must be classes of shape", loss=loss_function("cross_entropy"))
    refused(drawn, "'targets' must have shape", loss=loss_function("huber", delta=0.5))


def test_what_is_cut_from_a_batch_that_was_right_is_not_looked_at_again(monkeypatch):
    drawn = sample(tokens=True, readout="every", loss="cross_entropy")
    drawn.gradients()
    looked = []
    monkeypatch.setattr("rnnlab.engine.checks._check_range", lambda *arguments: looked.append(arguments))
    drawn.gradients()
    sampling = Sampling(drawn.batch, "every", batch_size=1, tbptt_steps=2)
    for update in range(sampling.updates_per_epoch):
        drawn.but(batch=sampling.minibatch(update).batch).gradients()
    assert looked == []
    drawn.but(batch=Batch(drawn.batch.inputs, drawn.batch.targets)).gradients()
    assert len(looked) == 2
