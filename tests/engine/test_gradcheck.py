"""The checker itself: what it accepts, what it measures by, and how exact it is."""

from functools import partial

import numpy as np
import pytest

from rnnlab.engine.batch import Batch
from rnnlab.engine.gradcheck import check_gradients
from rnnlab.engine.losses import LOSSES, huber, loss_function
from tests.engine.samples import CELLS, SMOOTH_CELLS, Sample, sample


def check(drawn: Sample, **options):
    return check_gradients(
        drawn.network,
        drawn.theta,
        drawn.batch,
        drawn.loss,
        states=drawn.states,
        rng=np.random.default_rng(3),
        **options,
    )


@pytest.mark.parametrize("readout", ["last", "every"])
@pytest.mark.parametrize(("cell", "activation"), CELLS)
def test_right_gradients_pass_entry_by_entry(cell, activation, readout):
    report = check(sample(cell, activation, layers=2, readout=readout, initial_state="given", lengths=True), entries=30)
    assert report.passed
    assert report.directions == 10
    assert all(tensor.compared == min(30, tensor.size) for tensor in report.tensors)
    assert all(tensor.largest > 1e-6 for tensor in report.tensors)


@pytest.mark.parametrize(("cell", "activation"), SMOOTH_CELLS)
def test_the_complex_step_agrees_to_rounding(cell, activation):
    report = check(sample(cell, activation, initial_state="given"))
    assert report.method == "complex step"
    assert report.direction_error < 1e-13
    assert report.worst.error < 1e-11


def test_differences_come_close():
    report = check(sample("rnn", "relu", initial_state="given"))
    assert report.method == "central differences"
    assert report.direction_error < 1e-8
    assert report.worst.error < 1e-7


@pytest.mark.parametrize("loss", LOSSES)
def test_only_kinks_need_differences(loss):
    smooth = "central differences" if loss == "huber" else "complex step"
    assert check(sample("rnn", "tanh", loss=loss), directions=1, entries=1).method == smooth
    assert check(sample("lstm", loss=loss), directions=1, entries=1).method == smooth
    assert check(sample("rnn", "relu", loss=loss), directions=1, entries=1).method == "central differences"


def test_gated_cells_have_no_relu_whatever_the_activation_says():
    assert check(sample("gru", "relu"), directions=1, entries=1).method == "complex step"


def test_names_are_those_of_parameters_inputs_and_initial_states():
    names = [tensor.name for tensor in check(sample("lstm", initial_state="given"), directions=1, entries=1).tensors]
    assert names == [
        "layer0.W_hh",
        "layer0.W_xh",
        "layer0.b_h",
        "readout.W_ho",
        "readout.b_o",
        "inputs",
        "initial layer0.h_0",
        "initial layer0.c_0",
    ]


def test_tokens_have_no_gradient():
    report = check(sample("gru", tokens=True), directions=1, entries=1)
    assert "inputs" not in [tensor.name for tensor in report.tensors]
    assert report.passed


def test_sizes_are_those_of_one_model():
    many = check(sample("gru", models=3, initial_state="given"), directions=1, entries=2)
    lone = check(sample("gru", initial_state="given"), directions=1, entries=2)
    assert [(t.name, t.size) for t in many.tensors] == [(t.name, t.size) for t in lone.tensors]
    assert [t.size for t in lone.tensors if t.name in ("inputs", "initial layer0.h_0")] == [5 * 3 * 7, 3 * 4]
    assert many.passed


def test_one_wrong_model_fails_the_ensemble(monkeypatch):
    drawn = sample("gru", models=3)
    right = drawn.network.gradients

    def wrong(*arguments, **options):
        result = right(*arguments, **options)
        result.parameters[1, 5] *= 1 + 1e-6
        return result

    monkeypatch.setattr(drawn.network, "gradients", wrong)
    assert not check(drawn).passed


@pytest.mark.parametrize("of", ["parameters", "inputs", "initial"])
def test_any_single_wrong_entry_is_found(monkeypatch, of):
    drawn = sample("lstm", initial_state="given")
    right = drawn.network.gradients

    def wrong(*arguments, **options):
        result = right(*arguments, **options)
        array = result.initial[0][1] if of == "initial" else getattr(result, of)
        array.flat[np.argmax(np.abs(array))] *= 1 + 1e-7
        return result

    monkeypatch.setattr(drawn.network, "gradients", wrong)
    report = check(drawn, entries=200)
    assert not report.passed
    assert [t.name for t in report.tensors if t.error > report.tolerance] == {
        "parameters": [report.worst.name], "inputs": ["inputs"], "initial": ["initial layer0.c_0"],
    }[of]  # fmt: skip


def test_a_wrong_entry_among_many_is_found_by_directions(monkeypatch):
    drawn = sample("gru")
    right = drawn.network.gradients

    def wrong(*arguments, **options):
        result = right(*arguments, **options)
        result.parameters[0] += 0.01  # an entry of layer0.W_hh that is not among those compared one by one
        return result

    monkeypatch.setattr(drawn.network, "gradients", wrong)
    assert check(drawn, entries=0).worst.name == "layer0.W_hh"


@pytest.mark.parametrize("activation", ["tanh", "relu"])
def test_gradients_that_are_not_finite_fail(monkeypatch, activation):
    drawn = sample("rnn", activation)
    right = drawn.network.gradients

    def wrong(*arguments, **options):
        result = right(*arguments, **options)
        result.parameters[3] = np.nan
        return result

    monkeypatch.setattr(drawn.network, "gradients", wrong)
    report = check(drawn)
    assert not report.passed
    assert report.worst.error == np.inf


def test_single_precision_is_checked_in_double():
    drawn = sample("lstm", dtype="float32", initial_state="given")
    report = check(drawn)
    assert report.method == "complex step"
    assert report.worst.error < 1e-11
    assert drawn.theta.dtype == np.float32


def test_a_point_on_a_kink_is_left_out_and_does_not_pass():
    """All weights zero: every pre-activation is exactly on the kink of relu, from wherever it is moved."""
    drawn = sample("rnn", "relu", initial_state="given")
    report = check(drawn.but(theta=np.zeros_like(drawn.theta)))
    bias = next(tensor for tensor in report.tensors if tensor.name == "layer0.b_h")
    assert (bias.compared, bias.on_kinks) == (0, bias.size)
    assert np.isnan(bias.error)
    assert np.isnan(report.worst.error)
    assert report.directions == 0
    assert not report.passed


def test_a_kink_beside_the_point_makes_the_step_shorter():
    """A unit 1e-5 above its kink: wide differences would straddle it and be off by a tenth and more."""
    drawn = sample("rnn", "relu", steps=1, batch_size=1, input_size=1, hidden_size=1, output_size=1)
    theta = np.array([0.0, 1.0, 1e-5, 1.0, 0.0])  # W_hh, W_xh, b_h, W_ho, b_o
    batch = Batch(np.zeros((1, 1, 1)), np.ones((1, 1)))
    report = check(drawn.but(theta=theta, batch=batch))
    assert report.passed
    assert all(tensor.compared == tensor.size for tensor in report.tensors)
    assert next(t for t in report.tensors if t.name == "layer0.b_h").largest == 1


def test_the_joint_of_the_huber_loss_is_a_kink():
    drawn = sample("rnn", "tanh", steps=1, batch_size=1, input_size=1, hidden_size=1, output_size=1)
    theta = np.array([0.0, 1.0, 0.5, 0.0, 2.0])
    batch = Batch(np.zeros((1, 1, 1)), np.zeros((1, 1)))
    for delta, on_kinks in ((2.0, 1), (2.1, 0), (1.9, 0)):
        report = check(drawn.but(theta=theta, batch=batch, loss=partial(huber, delta=delta)))
        assert next(t for t in report.tensors if t.name == "readout.b_o").on_kinks == on_kinks


@pytest.mark.parametrize("readout", ["last", "every"])
@pytest.mark.parametrize("models", [None, 2])
def test_huber_on_both_sides_of_its_joint(readout, models):
    drawn = sample("gru", readout=readout, models=models, lengths=True, loss="huber")
    outputs, _ = drawn.network.outputs(drawn.theta, drawn.batch)
    targets = drawn.batch.targets if models is None else drawn.batch.targets[..., None, :, :]
    inside = np.abs(outputs - targets) <= 0.7
    assert 0.1 < inside.mean() < 0.9
    assert check(drawn.but(loss=loss_function("huber", delta=0.7)), entries=20).passed


def test_the_same_generator_gives_the_same_report():
    drawn = sample("rnn", "relu", initial_state="given")
    assert check(drawn, entries=5) == check(drawn, entries=5)
