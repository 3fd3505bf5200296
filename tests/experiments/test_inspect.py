"""Inspecting a trained run: its own parameters before and after, measured as everything else is."""

import dataclasses
import json
import shutil
from typing import Any

import numpy as np
import pytest

from rnnlab.config import load
from rnnlab.dynamics import spectra
from rnnlab.errors import RunFolderError
from rnnlab.experiments.inspect import divergence_warning, inspect, inspection_figures, measure_trained
from rnnlab.experiments.train import train
from rnnlab.experiments.trained import load_run
from rnnlab.runs import RunFolder
from rnnlab.runs.tables import read_table
from tests.experiments.sweeps import small_config, sweep
from tests.painting import nothing_painted


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    config = small_config("training.optimizer.learning_rate=0.01", "training.checkpoint.every=2")
    with nothing_painted():
        return train(config, runs_dir=tmp_path_factory.mktemp("runs"), command=[]).run


def test_the_parameters_before_training_give_the_first_loss_on_record(run):
    trained = load_run(run)
    batch = trained.setup.sampling.minibatch(0).batch
    first = trained.setup.network.gradients(trained.setup.theta, batch, trained.setup.loss)
    norms = read_table(run / "gradient_norms.csv")
    np.testing.assert_allclose(
        np.linalg.norm(first.parameters, axis=1), norms["total"][norms["update"] == 1], rtol=1e-12
    )


def test_before_and_after_are_the_spectra_of_the_initial_and_the_trained_weights(run, tmp_path):
    trained, found = load_run(run), inspect(shutil.copytree(run, tmp_path / run.name))
    ((before, after),) = found.looks.values()
    for theta, look in ((trained.setup.theta, before), (trained.theta, after)):
        W_hh = trained.setup.network.layout.view(theta, "layer0.W_hh")
        np.testing.assert_allclose(look.diagnostics.spectral_radius, spectra.spectral_radius(W_hh), rtol=1e-12)
        assert look.quantities["spectral_radius"].median == pytest.approx(np.median(spectra.spectral_radius(W_hh)))
    assert not np.allclose(before.diagnostics.growth_rate, after.diagnostics.growth_rate, rtol=1e-6)


def test_a_checkpoint_is_taken_by_number_or_name(run):
    assert load_run(run).update == 6
    assert load_run(run, "1").update == 2
    assert load_run(run, "0001").update == load_run(run, "0001.npz").update == 2
    assert not np.array_equal(load_run(run, "1").theta, load_run(run).theta)


def test_a_checkpoint_that_is_not_there_is_named_beside_those_that_are(run):
    with pytest.raises(RunFolderError, match="got '9', there are 0001, 0002, 0003"):
        inspect(run, checkpoint="9")


@pytest.mark.painted
def test_it_leaves_its_plots_and_numbers_in_the_run_folder(run, tmp_path):
    run = shutil.copytree(run, tmp_path / run.name)
    found = inspect(run)
    assert [path.name for path in found.plots] == ["inspect_transport.png", "inspect_spectrum.png"]
    assert all(path.read_bytes().startswith(b"\x89PNG") for path in found.plots)
    content = json.loads((run / "inspect.json").read_text(), parse_constant=lambda word: pytest.fail(word))
    look = content["recurrences"]["layer0"]["after"]
    assert look["growth_rate"]["median"] == found.looks["layer0"][1].verdict.rate
    assert content["update"] == 6


def test_every_recurrence_of_a_stack_has_a_table_of_its_own(tmp_path):
    config = small_config("model.cell=gru", "model.activation=tanh", "model.layers=2", "model.dtype=float32")
    found = inspect(train(config, runs_dir=tmp_path, command=[]).run)
    assert list(found.looks) == ["layer0", "layer1"]
    low, high = (found.looks[name][0].quantities for name in ("layer0", "layer1"))
    assert np.isnan(low["lag_share"].median)
    assert 0 < high["lag_share"].median < 1
    assert {"gate_r", "gate_z"} <= set(low)
    assert "inspect_transport_layer1.png" in {path.name for path in found.plots}


@pytest.mark.parametrize(
    "text",
    [
        "data: {kind: synthetic, task: echo, delay: 2, sequences: 20, length: 8}\n"
        "model: {bidirectional: true, hidden_size: 4}\n",
        "data: {kind: synthetic, task: adding, sequences: 20, length: [6, 9]}\nmodel: {cell: lstm, hidden_size: 4}\n",
        "data: {kind: prices, symbol: AAPL, lookback: 7}\nmodel: {hidden_size: 4}\n",
    ],
)
def test_any_kind_of_network_can_be_inspected(tmp_path, text):
    (tmp_path / "c.yaml").write_text(text + "training: {updates: 3}\nseeds: 2\n")
    found = inspect(train(load(str(tmp_path / "c.yaml")), runs_dir=tmp_path / "runs", command=[]).run)
    for before, after in found.looks.values():
        assert np.isfinite([before.verdict.rate, after.verdict.rate]).all()


def test_data_that_have_changed_are_noticed(run, tmp_path):
    copy = shutil.copytree(run, tmp_path / run.name)
    record = json.loads((copy / "run.json").read_text())
    record["data"]["sha256"] = "0" * 64
    (copy / "run.json").write_text(json.dumps(record))
    assert load_run(copy).warnings == ("The data are not those of the training any more: their sha256 differs.",)
    assert load_run(run).warnings == ()


def test_a_config_that_no_longer_fits_the_checkpoint_is_refused(run, tmp_path):
    copy = shutil.copytree(run, tmp_path / run.name)
    text = (copy / "config.yaml").read_text()
    (copy / "config.yaml").write_text(text.replace("hidden_size: 8", "hidden_size: 9"))
    with pytest.raises(
        RunFolderError,
        match=r"must be float64 of shape \(3, 603\); it is float64 of shape \(3, 531\)",
    ):
        load_run(copy)


def test_one_update_is_one(run, tmp_path):
    from matplotlib.text import Text

    copy = shutil.copytree(run, tmp_path / run.name)
    inspect(copy)
    said = json.loads((copy / "inspect.json").read_text()) | {"update": 1}
    (copy / "inspect.json").write_text(json.dumps(said))
    draw = inspection_figures(RunFolder.open(copy))["inspect_transport.png"]
    words: list[Any] = draw().findobj(Text)
    assert any(word.get_text().endswith("before and after 1 update") for word in words)


def test_a_sweep_has_nothing_to_inspect_and_the_latest_training_is_named(run, tmp_path):
    swept = sweep(tmp_path, [0.9]).run
    with pytest.raises(RunFolderError, match="it is a sweep") as refused:
        inspect(swept)
    assert refused.value.hint.endswith("`rnnlab train CONFIG` makes a run to inspect.")
    trained = shutil.copytree(run, tmp_path / run.name)
    with pytest.raises(RunFolderError) as refused:
        inspect(swept)
    assert refused.value.hint.endswith(f"the latest run of train is {trained}: `rnnlab inspect {trained}`.")


def test_a_run_without_checkpoints_says_so(run, tmp_path):
    copy = shutil.copytree(run, tmp_path / run.name)
    shutil.rmtree(copy / "checkpoints")
    with pytest.raises(RunFolderError, match="has no checkpoint"):
        inspect(copy)


@pytest.fixture(scope="module")
def partly_diverged(tmp_path_factory):
    config = small_config(
        "model.init.W_hh.rho=1.9", "training.updates=60", "data.chunk=30", "data.repeat=40", seeds="12"
    )
    with nothing_painted():
        run = train(config, runs_dir=tmp_path_factory.mktemp("diverged"), command=[])
    assert 0 < len(run.record["diverged"]) < 12
    return run


def test_after_training_stand_the_models_that_did_not_diverge(partly_diverged, tmp_path):
    found = inspect(shutil.copytree(partly_diverged.run, tmp_path / partly_diverged.run.name))
    lost = sorted(int(seed) for seed in partly_diverged.record["diverged"])
    before, after = found.looks["layer0"]
    assert len(before.diagnostics.growth_rate) == 12
    assert len(after.diagnostics.growth_rate) == 12 - len(lost)
    kept = [seed for seed in range(12) if seed not in lost]
    weights = found.trained.setup.network.layout.view(found.trained.theta, "layer0.W_hh")[kept]
    np.testing.assert_allclose(after.diagnostics.spectral_radius, spectra.spectral_radius(weights), rtol=1e-10)
    plain: Any = found.plain()
    (warning,) = plain["warnings"]
    assert warning.startswith(f"{len(lost)} of 12 seeds diverged ({', '.join(map(str, lost[:10]))}")
    for look in (before, after):
        assert look.verdict.word != "critical" or 2 * len(lost) <= 12


def test_a_checkpoint_from_before_a_divergence_has_all_models(partly_diverged):
    trained = load_run(partly_diverged.run)
    first = min(one["update"] for one in partly_diverged.record["diverged"].values())
    early = dataclasses.replace(trained, update=first - 1)
    assert early.diverged == []
    assert len(trained.diverged) == len(partly_diverged.record["diverged"])


def test_the_verdict_is_that_of_the_models_that_did_not_diverge(partly_diverged):
    trained = load_run(partly_diverged.run)
    everyone = {str(seed): {"update": 1, "tensor": "loss"} for seed in range(11)}
    lone = 11
    theta = trained.theta.copy()
    theta[lone] = 0
    trained.setup.network.layout.view(theta, "layer0.W_hh")[lone] = np.eye(8)
    trained.setup.network.layout.view(theta, "layer0.W_xh")[lone] = 1
    store = RunFolder(trained.run, trained.record.changed({"diverged": everyone}))
    alone = dataclasses.replace(trained, theta=theta, store=store)
    look = measure_trained(alone, 0)
    assert look.verdict.rate == pytest.approx(0, abs=1e-12)
    assert look.verdict.word == "critical"
    assert divergence_warning(alone)[0].startswith("11 of 12 seeds diverged")
