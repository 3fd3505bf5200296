"""One sequence through a config's network: what of the config is kept, what is said, and what a wrong engine shows."""

import json
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

import rnnlab
from rnnlab.config import load
from rnnlab.display import unrolled
from rnnlab.engine.layers import lstm
from rnnlab.errors import ConfigError, DivergedError, UsageError
from rnnlab.experiments.setup import architecture_of, draw_parameters
from rnnlab.plain import plain
from rnnlab.tasks.task import build_task
from tests.engine.test_mutations import MemoryThatDoesNotForget

PRICES = "data: {kind: prices, symbol: AAPL, lookback: 5}\nmodel: {cell: gru}\n"
TEXT = "data: {kind: text, text: the quick brown fox, repeat: 4, chunk: 8}\nmodel: {activation: tanh}\n"


@pytest.fixture
def config(tmp_path):
    def write(text, *overrides):
        path = tmp_path / "small.yaml"
        path.write_text(text)
        return load(str(path), overrides=overrides)

    return write


def test_the_network_is_the_one_that_training_would_start_with(config):
    small = config(PRICES, "seeds=[5, 6]", "model.hidden_size=3", "model.layers=2", "model.dtype=float32")
    found = rnnlab.unroll(small, hidden=3)
    architecture = architecture_of(small, build_task(small))
    first = architecture.layout().views(draw_parameters(small, architecture)[0])
    assert found.seed == 5
    assert found.parameters.keys() == first.keys()
    for name, value in first.items():
        np.testing.assert_array_equal(found.parameters[name], value)
        assert found.parameters[name].dtype == np.float64
    assert "worked out in float64; training is in float32." in found.notes


def test_the_sequence_is_the_first_of_the_training_data(config):
    task = build_task(config(PRICES))
    found = rnnlab.unroll(config(PRICES), steps=2)
    np.testing.assert_array_equal(found.inputs, task.sequences.inputs[:2, 0])
    (output,) = found.numbers.outputs
    assert (found.steps, found.data_steps, output.time) == (2, 5, 2)
    np.testing.assert_array_equal(output.y, task.sequences.targets[0])
    assert found.notes == ("the target is that of the whole sequence of 5 steps; its later steps are left out.",)
    text = build_task(config(TEXT))
    found = rnnlab.unroll(config(TEXT), steps=3)
    assert found.tokens
    assert [int(output.y) for output in found.numbers.outputs] == text.sequences.targets[:3, 0].tolist()
    assert [output.time for output in found.numbers.outputs] == [1, 2, 3]
    assert "".join(found.names[token] for token in found.inputs) == "the"


@pytest.mark.parametrize("cell", ["rnn", "lstm", "gru"])
@pytest.mark.parametrize(
    "text",
    [
        PRICES,
        TEXT,
        "data: {kind: synthetic, task: order, length: 8}\n",
        "data: {kind: synthetic, task: adding, length: 6}\n",
        "data: {kind: synthetic, task: echo, length: 6}\n",
        "data: {kind: synthetic, task: sine}\n",
        "data: {kind: synthetic, task: logistic_map}\n",
        "data: {kind: synthetic, task: echo, length: 6, sequences: endless}\n",
        "data: {kind: synthetic, task: adding, length: [4, 6]}\ntraining: {loss: huber}\n",
    ],
)
def test_the_engine_agrees_on_every_task(config, text, cell):
    found = rnnlab.unroll(config(text, f"model.cell={cell}"), steps=6, hidden=3)
    assert found.passed
    assert max(one.difference for one in found.comparisons) < 1e-12
    assert {one.name for one in found.comparisons} == {*found.gradients} | ({"inputs"} if not found.tokens else set())
    assert any(one.largest > 0 for one in found.comparisons)
    assert found.endless == ("endless" in text)


def test_a_sequence_that_ends_before_says_so(config):
    found = rnnlab.unroll(config(PRICES), steps=9)
    assert (found.steps, found.data_steps) == (5, 5)
    assert found.notes == ("the sequence has 5 steps, fewer than 9.",)
    ragged = config("data: {kind: synthetic, task: adding, length: [3, 9]}\n")
    sequences = build_task(ragged).sequences
    assert sequences.lengths is not None
    assert rnnlab.unroll(ragged, steps=20).steps == sequences.lengths[0]


@pytest.mark.parametrize(
    ("override", "note"),
    [
        ("model.bidirectional=true", "what reads both directions has a row for every unit of each"),
        ("training.l2=0.1", "l2 is left out"),
        ("training.omega={alpha: 2.0}", "omega is left out"),
    ],
)
def test_what_the_reader_must_know_is_said(config, override, note):
    text = PRICES.replace("gru", "rnn")
    assert not [one for one in rnnlab.unroll(config(text)).notes if one.startswith(note)]
    found = rnnlab.unroll(config(text, override))
    assert [one for one in found.notes if one.startswith(note)]
    assert found.passed


def test_a_wrong_engine_is_found(config, monkeypatch):
    monkeypatch.setattr(lstm, "LstmStep", MemoryThatDoesNotForget)
    found = rnnlab.unroll(config(PRICES, "model.cell=lstm"))
    assert not found.passed
    differences = {one.name: one.difference for one in found.comparisons}
    assert differences["layer0.W_hh"] > 0.01
    assert differences["readout.W_ho"] < 1e-12


def test_as_json_it_holds_everything(config):
    found = rnnlab.unroll(config(PRICES, "model.cell=lstm", "model.bidirectional=true"))
    record: Any = found.plain()
    assert json.loads(json.dumps(record, allow_nan=False)) == record
    assert (record["schema_version"], record["name"], record["passed"]) == (1, "small", True)
    for one, told in zip(found.numbers.recurrences, record["recurrences"], strict=True):
        assert (told["name"], told["reverse"], told["worked"]) == (one.name, one.reverse, True)
        assert told["formulas"]["c_t"] == "f_t * c_{t-1} + i_t * g_t"
        assert told["formulas"]["dL/dW_hh"] == "sum_t h_{t-1}^T delta_t"
        assert told["initial"] == {"h_0": [0, 0], "c_0": [0, 0]}
        assert told["d_initial"]["dL/dc_0"] == plain(one.d_initial["c"])
        assert [step["t"] for step in told["steps"]] == [step.time for step in one.steps]
        for step, kept in zip(one.steps, told["steps"], strict=True):
            assert kept["terms"] == plain(step.terms)
            assert {key: kept[key] for key in (*step.forward, *step.backward)} == plain(step.forward | step.backward)
            assert (kept["x_t"], kept["dL/dx_t"]) == (plain(step.inputs), plain(step.d_inputs))
    (output,) = record["outputs"]
    assert output["l_t"] == record["loss"] == found.loss
    assert record["gradients"].keys() == record["engine"].keys() == {one["name"] for one in record["comparisons"]}


def test_numbers_that_cannot_be_are_refused(config):
    with pytest.raises(UsageError, match="'steps' must be at least 1; got 0"):
        rnnlab.unroll(config(PRICES), steps=0)
    with pytest.raises(UsageError, match="'hidden' must be at least 1; got -1"):
        rnnlab.unroll(config(PRICES), hidden=-1)
    with pytest.raises(ConfigError, match="hidden_size 1000000 would need"):
        rnnlab.unroll(config(PRICES), hidden=1_000_000)


def test_a_loss_that_is_not_finite_is_no_disagreement(config):
    text = "data: {kind: synthetic, task: sine}\nmodel: {cell: rnn, activation: identity}\n"
    with pytest.raises(DivergedError, match="the loss of 3 steps is not finite: inf"):
        rnnlab.unroll(config(text, "model.init.W_xh={kind: constant, value: 1e200}"))


def test_targets_that_count_for_more_or_nothing_are_taken_so(config, monkeypatch):
    """Weights and ignored classes, which a task of an installed package may give."""

    def weighted(weights, ignored):
        def build(config):
            task = build_task(config)
            shape = task.sequences.targets.shape
            counts = np.broadcast_to(np.array(weights)[:, None], shape)
            task.sequences = replace(task.sequences, weights=counts, ignored=ignored)
            return task

        monkeypatch.setattr("rnnlab.experiments.unroll.build_task", build)
        return rnnlab.unroll(small)

    small = config(TEXT)
    plain_loss = [float(output.loss) for output in rnnlab.unroll(small).numbers.outputs]
    second = int(build_task(small).sequences.targets[1, 0])
    weights = [0.5, 1, 2, 1, 1, 1, 1, 1]
    found = weighted(weights, second)
    assert found.passed
    assert [output.weight for output in found.numbers.outputs] == [0.5, 0, 2]
    assert [float(output.loss) for output in found.numbers.outputs] == [0.5 * plain_loss[0], 0, 2 * plain_loss[2]]
    assert not found.notes
    lines = unrolled.report(found, 100)
    assert [line for line in lines if line.startswith("  l_1 = 0.5000 * -log p_1[y_1]")]
    assert [line for line in lines if line.startswith("  l_2 = 0 * -log p_2[y_2]")]
    nothing = weighted([0, 0, 0, 1, 1, 1, 1, 1], None)
    assert nothing.passed
    assert nothing.loss == 0
    assert nothing.notes == ("none of these targets counts in the loss, so every gradient is 0: take more steps.",)


def test_a_gradient_that_is_not_finite_is_no_disagreement(config):
    """The loss is finite all the same: the gates are shut."""
    text = "data: {kind: synthetic, task: echo}\nmodel: {cell: gru, init: {W_hh: {kind: normal, std: 1.0e+160}}}\n"
    with pytest.raises(DivergedError, match="a gradient of 7 steps is not finite"):
        rnnlab.unroll(config(text), steps=7)
