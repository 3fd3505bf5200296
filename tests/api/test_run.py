"""A run in Python: frames, arrays, figures."""

import re
import shutil
from datetime import UTC, datetime

import numpy as np
import pandas as pd
import pytest

import rnnlab
from rnnlab.errors import RunFolderError, UsageError
from rnnlab.plots.canvas import Picture, render
from rnnlab.runs import RunFolder
from tests.command_line import run_here

pytestmark = pytest.mark.usefixtures("folder")


@pytest.fixture
def trained():
    """Train the small experiment, in memory."""

    def train(overrides=(), seeds=2, runs=None):
        return rnnlab.train(rnnlab.load("small.yaml", overrides, seeds=seeds), runs, progress=False)

    return train


def test_metrics_have_a_row_per_seed(trained):
    run = trained(seeds=[5, 2])
    assert run.metrics.index.tolist() == [5, 2]
    assert run.metrics.index.name == "seed"
    assert run.metrics.loc[2, "rmse"] == run.record.metrics["rmse"].per_seed[1]
    assert run.baselines.loc["naive", "rmse"] == run.record.baselines["naive"]["rmse"]
    assert run.baselines.index.name == "baseline"
    assert list(run.metrics) == list(run.baselines)


def test_predictions_have_dates_and_a_column_per_seed(trained):
    run = trained(seeds=[5, 2])
    frame = run.predictions
    assert isinstance(frame.index, pd.DatetimeIndex)
    assert frame.index.is_monotonic_increasing
    assert list(frame) == ["actual", "naive", 2, 5, "median"]
    assert frame["median"].tolist() == pytest.approx(((frame[2] + frame[5]) / 2).tolist(), rel=1e-14)
    error = np.sqrt(((frame["median"] - frame["actual"]) ** 2).mean())
    assert run.combined["rmse"] == pytest.approx(error, rel=1e-12)
    assert list(run.combined.index) == list(run.metrics)
    rows = run.table("predictions.csv")
    assert len(frame) == len(rows) / 2
    error = np.sqrt(((frame[5] - frame["actual"]) ** 2).mean())
    assert error == pytest.approx(run.metrics.loc[5, "rmse"], rel=1e-12)
    persistence = np.sqrt(((frame["naive"] - frame["actual"]) ** 2).mean())
    assert persistence == pytest.approx(run.baselines.loc["naive", "rmse"], rel=1e-12)


def test_history_is_by_seed_and_epoch(trained):
    run = trained(seeds=[5, 2])
    losses = run.history["train_loss"].unstack("seed")
    assert losses.shape == (4, 2)
    assert (losses.iloc[-1] < losses.iloc[0]).all()
    assert run.gradient_norms.index.names == ["seed", "update"]
    assert run.gradient_norms.loc[(2, 1), "total"] == run.history.loc[(2, 1), "grad_norm"]


@pytest.mark.parametrize(("cell", "gates"), [("rnn", 1), ("gru", 3), ("lstm", 4)])
def test_parameters_by_name(trained, cell, gates):
    run = trained({"model.cell": cell})
    assert run.parameters["layer0.W_hh"].shape == (2, 3, 3 * gates)
    assert list(run.parameters) == list(run.network.layout.names)
    assert sum(one[0].size for one in run.parameters.values()) == run.theta.shape[1]
    with pytest.raises(ValueError, match="read-only"):
        run.parameters["layer0.W_hh"][0, 0, 0] = 1
    with pytest.raises(ValueError, match="read-only"):
        run.theta[0, 0] = 1
    with pytest.raises(KeyError, match=r"W_hx: the parameters are layer0\.W_hh"):
        run.parameters["W_hx"]
    assert not np.array_equal(run.initial_parameters["layer0.W_hh"], run.parameters["layer0.W_hh"])
    assert "layer0.W_hh (2, 3, " in repr(run.parameters)


def test_outputs_are_those_of_the_trained_networks(trained):
    run = trained()
    whole = run.outputs(run.sequences.inputs)
    assert whole.shape == (2, run.sequences.sequences, 1)
    np.testing.assert_array_equal(run.outputs(run.sequences.inputs[:, :3].tolist()), whole[:, :3])
    loss = 0.5 * np.square(whole - run.sequences.targets).sum(axis=-1).mean(axis=-1)
    after_next = run.network.loss(run.theta, run.sequences, rnnlab.build("small.yaml").loss)
    np.testing.assert_allclose(loss, after_next, rtol=1e-12)
    with pytest.raises(UsageError, match="inputs: "):
        run.outputs(np.zeros((4, 2)))


def test_gradient_flow_is_that_of_the_table(trained):
    run = trained({"training.log_gradient_flow_every": 1, "training.epochs": 2})
    rows = run.table("gradient_flow.csv")
    first = rows[rows["update"] == 1].drop(columns="update").set_index(["seed", "lag"])
    pd.testing.assert_frame_equal(run.gradient_flow(initial=True), first, rtol=1e-12)
    now = run.gradient_flow()
    assert now.index.names == ["seed", "lag"]
    assert now.loc[(0, 0), "jacobian"] == 1
    assert not np.allclose(now["total"], first["total"], rtol=1e-3)


@pytest.mark.painted
def test_plots_are_those_of_the_folder(trained, folder):
    made = trained({"training.log_gradient_flow_every": 1, "training.epochs": 12}, runs=folder / "kept")
    for run in (made, rnnlab.open(made.path)):
        assert sorted(run.plots) == ["forecast", "gradient_flow", "gradient_norms", "training"]
        for name in run.plots:
            kept = (made.path / "plots" / f"{name}.png").read_bytes()
            assert render(run.plot(name)) == kept, name
    figure = run.plot("forecast")
    assert isinstance(figure, Picture)
    assert figure._repr_png_() == render(figure)


@pytest.mark.painted
def test_plots_of_a_run_in_memory(trained):
    run = trained()
    assert sorted(run.plots) == ["forecast", "gradient_norms", "training"]
    assert run.plot("training.png").axes
    with pytest.raises(UsageError, match="no such plot: forcast; did you mean forecast"):
        run.plot("forcast")


@pytest.mark.painted
def test_a_plot_of_a_training_that_ended_within_an_epoch(folder, trained):
    made = trained(
        {"training.epochs": None, "training.updates": 50, "training.batch_size": 4, "training.shuffle": True},
        runs=folder / "kept",
    )
    kept = (made.path / "plots" / "training.png").read_bytes()
    assert render(rnnlab.open(made.path).plot("training")) == kept


def test_it_says_what_it_is(trained, folder):
    run = trained()
    assert repr(run) == f"<rnnlab.Run small in memory: completed, train, rmse {run.metrics['rmse'].median():.2f}>"
    kept = trained(seeds=1, runs=folder / "kept")
    assert repr(kept).startswith(f"<rnnlab.Run {kept.path.name}: completed, train, rmse ")
    assert "\n" not in repr(kept)
    assert (kept.name, kept.seeds, kept.status) == ("small", [0], "completed")
    pin = {"data.sha256": kept.record.data.sha256}
    assert kept.config == rnnlab.load("small.yaml", pin, seeds=1)
    assert run.config == rnnlab.load("small.yaml", pin, seeds=2)


def test_the_config_needs_neither_data_nor_checkpoint(trained, folder):
    path = trained(runs=folder / "kept").path
    shutil.rmtree(path / "checkpoints")
    (folder / "series.csv").unlink()
    assert rnnlab.open(path).config.model.hidden_size == 3


def test_tables_in_memory_are_those_of_the_folder(trained, folder):
    changes = {"training.log_gradient_flow_every": 1}
    run, kept = trained(changes), rnnlab.open(trained(changes, runs=folder / "kept").path)
    for name in ("metrics", "baselines", "history", "gradient_norms", "predictions"):
        ours, theirs = (getattr(one, name).drop(columns="seconds", errors="ignore") for one in (run, kept))
        pd.testing.assert_frame_equal(ours, theirs)
    pd.testing.assert_frame_equal(run.table("gradient_flow.csv"), kept.table("gradient_flow.csv"))


def test_the_record_of_a_run_that_goes_on_is_that_of_the_moment(folder):
    with RunFolder.create(folder, "slow", now=datetime.now(UTC), fields={"seeds": [0]}) as going:
        run = rnnlab.open(going.path)
        assert run.status == "running"
        going.finish("completed", datetime.now(UTC), headline="Done.")
    assert (run.status, run.headline) == ("completed", "Done.")


def test_tasks_without_a_series_have_no_predictions(folder):
    (folder / "echo.yaml").write_text(
        "data: {kind: synthetic, task: echo, sequences: 20, length: 8}\n"
        "model: {hidden_size: 3}\ntraining: {epochs: 1}\n"
    )
    run = rnnlab.train("echo.yaml", progress=False)
    with pytest.raises(RunFolderError, match=r"no predictions\.csv"):
        _ = run.predictions
    kept = rnnlab.train("echo.yaml", "kept", progress=False)
    with pytest.raises(RunFolderError, match=r"predictions\.csv"):
        _ = kept.predictions
    T, B, _ = run.sequences.inputs.shape
    assert run.outputs(run.sequences.inputs).shape == (T, 1, B, 1)


def test_a_seed_that_diverged_has_no_metrics():
    config = rnnlab.load("small.yaml", {"model.activation": "relu", "model.init.W_hh": {"kind": "normal", "rho": 3}, "training.optimizer.learning_rate": 0.5, "training.epochs": 30}, seeds=12)  # noqa: E501  # fmt: skip
    run = rnnlab.train(config, progress=False)
    lost = run.diverged
    assert 0 < len(lost) < 12
    assert run.metrics["rmse"].isna().to_numpy().nonzero()[0].tolist() == lost
    assert "forecast" in run.plots
    assert "transport" in run.gradient_flow()


def test_a_sweep_has_its_table_and_no_networks(folder):
    (folder / "s.yaml").write_text("data: {kind: text, text: abcabd, repeat: 9, chunk: 6}\nmodel: {hidden_size: 4}\ntraining: {updates: 3}\n")  # fmt: skip  # noqa: E501
    done = run_here(folder, "sweep-rho", "0.9", "1.1", "--config", "s.yaml", "--seeds", "2", "--quiet")
    run = rnnlab.open(done.stdout.strip())
    assert run.table("results.csv")["rho"].tolist() == [0.9, 0.9, 1.1, 1.1]
    assert run.gradient_norms.index.names == ["rho", "seed", "update"]
    assert run.gradient_norms.index.is_unique
    assert run.config.model.hidden_size == 4
    with pytest.raises(RunFolderError, match="must be a run of `rnnlab train`"):
        _ = run.parameters


def test_a_checkpoint_of_another_training_is_told(trained, folder):
    made = trained(runs=folder / "kept")
    other = trained({"training.optimizer": "adam"}, runs=folder / "kept")
    shutil.rmtree(made.path / "checkpoints")
    shutil.copytree(other.path / "checkpoints", made.path / "checkpoints")
    run = rnnlab.open(made.path)
    assert run.parameters["layer0.W_hh"].shape == (2, 3, 3)
    shutil.rmtree(made.path / "checkpoints")
    with pytest.raises(RunFolderError, match="has no checkpoint"):
        _ = rnnlab.open(made.path).parameters


def test_runs_are_listed(trained, folder, monkeypatch):
    assert rnnlab.list_runs().empty
    first = trained(runs=folder / "runs")
    second = trained({"name": "second"}, seeds=1, runs=folder / "runs")
    bad = folder / "runs" / "29991121T170305Z-bad-3f9a"
    bad.mkdir()
    (bad / "run.json").write_text("{")
    frame = rnnlab.list_runs()
    assert set(frame.index) == {first.path.name, second.path.name, bad.name}
    assert frame.index[-1] == bad.name
    assert frame.loc[first.path.name, "seeds"] == 2
    assert frame.loc[second.path.name, "name"] == "second"
    assert frame.loc[first.path.name, "rmse"] == first.metrics["rmse"].median()
    assert frame.loc[bad.name, "status"] == "unreadable"
    assert pd.isna(frame.loc[bad.name, "rmse"])
    assert str(frame["started"].dtype).startswith("datetime64")
    with pytest.warns(UserWarning, match=f"latest passes over {bad.name}, which cannot be read"):
        assert rnnlab.open("latest").name in ("small", "second")
    told = []
    rnnlab.open("small", on_warning=told.append)
    rnnlab.inspect("latest", on_warning=told.append)
    assert told == [f"latest passes over {bad.name}, which cannot be read."]
    shutil.rmtree(bad)
    monkeypatch.setenv("RNNLAB_RUNS", str(folder / "runs"))
    monkeypatch.chdir("/")
    assert rnnlab.open("latest").name in ("small", "second")
    assert rnnlab.open(second.path.name[:-2], folder / "runs").name == "second"
    assert rnnlab.find_run("latest").parent == folder / "runs"
    with pytest.raises(RunFolderError, match="There is no run"):
        rnnlab.open("nothing")
    with pytest.raises(RunFolderError, match="There is no run"):
        rnnlab.open("latest", folder / "nowhere")


def test_inspection_and_comparison(trained, folder):
    run = trained()
    found = rnnlab.inspect(run)
    assert found.plain()["run"] is None
    kept = [trained(runs=folder / "runs"), trained({"model.hidden_size": 4}, runs=folder / "runs")]
    same = rnnlab.inspect(kept[0])
    assert same.plain()["recurrences"] == found.plain()["recurrences"]
    assert (kept[0].path / "inspect.json").exists()
    for checkpoint in ("1", 1):
        again = rnnlab.inspect(kept[0].path.name, checkpoint=checkpoint)
        assert again.plain()["recurrences"] == found.plain()["recurrences"]
    compared = rnnlab.compare([kept[0], kept[1].path])
    assert compared.differences == ["model.hidden_size"]
    with pytest.raises(UsageError, match="is in memory"):
        rnnlab.compare([run, kept[0]])


def test_gradients_are_checked():
    assert rnnlab.gradcheck("small.yaml").check.passed


@pytest.mark.parametrize(
    ("filename", "change", "said"),
    [
        ("metrics.csv", ("seed", "sead"), "must have a column seed"),
        ("gradient_norms.csv", ("update", "x"), "must have a column update"),
        ("predictions.csv", ("actual", "x"), "must have a column actual"),
        ("predictions.csv", ("2020-", "1e999-"), "must have dates"),
        ("predictions.csv", ("2020-", "99999-"), "must have dates"),
    ],
)
def test_a_damaged_table_is_an_error_in_one_sentence(trained, tmp_path, filename, change, said):
    path = trained(runs=tmp_path / "runs").path
    text = (path / filename).read_text()
    changed = text.replace(*change) if change[0] in text else re.sub(r"^\d+-", change[1], text, flags=re.M)
    assert changed != text
    (path / filename).write_text(changed)
    run = rnnlab.open(path)
    table = {"metrics.csv": "history", "gradient_norms.csv": "gradient_norms", "predictions.csv": "predictions"}
    with pytest.raises(RunFolderError, match=f"'{filename}' {said}|{filename}.*{said}"):
        getattr(run, table[filename])


def test_a_day_that_is_there_twice_is_an_error(trained, tmp_path):
    path = trained(runs=tmp_path / "runs").path
    rows = (path / "predictions.csv").read_text().splitlines()
    (path / "predictions.csv").write_text("\n".join([*rows, rows[-1]]) + "\n")
    with pytest.raises(RunFolderError, match="one row for a date and a seed"):
        _ = rnnlab.open(path).predictions
