"""The check of a config's own network: what of the config it follows, and what it says of the rest."""

import numpy as np
import pytest

from rnnlab.config import load
from rnnlab.engine.layers import lstm
from rnnlab.errors import ConfigError, DataError
from rnnlab.experiments.gradcheck import gradcheck
from tests.engine.test_mutations import FirstChunkOnly, MemoryThatDoesNotForget

STOCK = "data: {kind: prices, symbol: AAPL, lookback: 30}\nmodel: {hidden_size: 4}\n"
TEXT = "data: {kind: text, text: the quick brown fox, repeat: 30, chunk: 10}\nmodel: {hidden_size: 4}\n"


@pytest.fixture
def config(tmp_path):
    def write(text, *overrides):
        path = tmp_path / "small.yaml"
        path.write_text(text)
        return load(str(path), overrides=overrides)

    return write


def names(found):
    return [tensor.name for tensor in found.check.tensors]


@pytest.mark.parametrize("readout", ["last", "every"])
@pytest.mark.parametrize("cell", ["rnn", "lstm", "gru"])
def test_a_stock_config_passes_with_every_cell(config, cell, readout):
    if readout == "every":
        found = gradcheck(config("data: {kind: synthetic, task: sine}\nmodel: {hidden_size: 4}", f"model.cell={cell}"))
    else:
        found = gradcheck(config(STOCK, f"model.cell={cell}"))
    assert found.check.passed
    assert found.check.method == "complex step"
    assert found.check.worst.error < 1e-10
    assert all(tensor.largest > 0 for tensor in found.check.tensors)
    assert {"inputs", "initial layer0.h_0", "layer0.W_hh", "readout.W_ho"} < set(names(found))
    assert (found.seeds, found.steps, found.sequences, found.notes) == ([0], 20, 3, ())
    assert found.data_steps == (30 if readout == "last" else 50)


def test_the_network_is_the_configs_own(config):
    found = gradcheck(
        config(STOCK, "model.cell=gru", "model.layers=2", "model.bidirectional=true", "model.hidden_size=3", "seeds=7")
    )
    sizes = {tensor.name: tensor.size for tensor in found.check.tensors}
    assert sizes["layer1.reverse.W_xh"] == 6 * 9
    assert sizes["inputs"] == 20 * 3
    assert sizes["initial layer1.reverse.h_0"] == 3 * 3
    assert found.seeds == [0, 1]


def test_updates_of_one_sequence_are_checked_with_one_sequence(config):
    found = gradcheck(config(TEXT, "training.batch_size=1"))
    assert (found.sequences, found.steps) == (1, 10)
    assert found.check.passed


@pytest.mark.parametrize(
    ("text", "overrides", "note"),
    [
        (STOCK, ["model.dtype=float32"], "checked in float64"),
        (STOCK, ["model.activation=relu"], "relu has kinks"),
        (STOCK, ["training.loss=huber", "model.cell=gru"], "the Huber loss has kinks"),
        (STOCK, ["model.initial_state=learned"], "the initial state is learned"),
        (STOCK, ["training.l2=0.1"], "l2 is left out"),
        (STOCK, ["training.omega={alpha: 2.0}"], "omega is left out"),
        (TEXT, [], "inputs are tokens, which have no gradient"),
    ],
)
def test_what_the_reader_must_know_is_said(config, text, overrides, note):
    found = gradcheck(config(text, *overrides))
    assert [sentence for sentence in found.notes if sentence.startswith(note)]
    assert found.check.passed
    assert ("inputs" in names(found)) == (text is STOCK)


def test_zero_weights_hide_nothing(config):
    """With everything zero almost every gradient is zero too, and any mistake in it would pass."""
    zeros = [f"model.init.{name}=zeros" for name in ("W_hh", "W_xh", "W_ho")]
    found = gradcheck(config(STOCK, "model.cell=lstm", *zeros))
    assert found.check.passed
    assert all(tensor.largest > 0 for tensor in found.check.tensors)


def test_dead_units_are_said(config):
    """A constant bias far below zero closes every relu: nothing reaches the weights before it."""
    found = gradcheck(config(STOCK, "model.activation=relu", "model.init.b_h={kind: constant, value: -50}"))
    assert [sentence for sentence in found.notes if sentence.startswith("no gradient reaches layer0.W_hh")]


@pytest.mark.parametrize("mistake", [MemoryThatDoesNotForget, FirstChunkOnly])
def test_a_wrong_gradient_fails(config, monkeypatch, mistake):
    monkeypatch.setattr(lstm, "LstmStep", mistake)
    assert not gradcheck(config(STOCK, "model.cell=lstm")).check.passed


def test_the_same_config_gives_the_same_numbers(config):
    first, second = (gradcheck(config(STOCK, "model.activation=relu")) for _ in range(2))
    assert first == second
    assert gradcheck(config(STOCK, "model.activation=relu"), seed=1) != first


def test_a_large_network_is_checked_in_fewer_entries(config):
    found = gradcheck(config(STOCK, "model.cell=lstm", "model.hidden_size=100", "data.lookback=8"))
    W_hh = next(tensor for tensor in found.check.tensors if tensor.name == "layer0.W_hh")
    assert 5 <= W_hh.compared < 100 < W_hh.size
    assert np.isfinite(W_hh.error)
    assert found.check.passed


def test_a_network_too_large_for_memory_is_refused(config):
    with pytest.raises(ConfigError, match="hidden_size 1000000 would need"):
        gradcheck(config(STOCK, "model.hidden_size=1000000"))


def test_too_few_data_are_refused(config, tmp_path):
    (tmp_path / "few.csv").write_text("date,close\n2020-01-01,1\n2020-01-02,2\n")
    with pytest.raises(DataError):
        gradcheck(config("data: {kind: csv, path: few.csv}\n"))
