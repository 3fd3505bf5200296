"""Runs side by side: the numbers are those of the runs, and what cannot be compared is said."""

import shutil

import numpy as np
import pytest

from rnnlab.config import load
from rnnlab.errors import DivergedError, RunFolderError, UsageError
from rnnlab.experiments.compare import _course, compare
from rnnlab.experiments.inspect import inspect
from rnnlab.experiments.train import train
from rnnlab.runs.tables import read_table
from tests.experiments.sweeps import small_config, sweep
from tests.painting import nothing_painted


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs")
    variants = ((), ("training.clip={kind: norm, threshold: 1e-3}",))
    with nothing_painted():
        return [train(small_config(*changes), runs_dir=folder, command=[]).run for changes in variants]


@pytest.fixture(scope="module")
def swept(tmp_path_factory):
    with nothing_painted():
        return sweep(tmp_path_factory.mktemp("swept"), [0.9]).run


def test_each_run_has_the_rates_that_inspecting_it_gives(runs, tmp_path):
    for one in compare(runs).runs:
        ((before, after),) = inspect(shutil.copytree(one.run, tmp_path / one.run.name)).looks.values()
        assert one.looks[0].verdict == before.verdict
        assert one.looks[1].verdict == after.verdict


def test_clipping_loss_and_metrics_are_those_on_record(runs):
    plain, clipped = compare(runs).runs
    assert (plain.clipped, clipped.clipped) == (0.0, 1.0)
    table = read_table(plain.run / "metrics.csv")
    assert plain.loss[0] == pytest.approx(np.median(table["train_loss"][table["epoch"] == 1]))
    assert plain.loss[1] == pytest.approx(np.median(table["train_loss"][table["epoch"] == table["epoch"].max()]))
    assert plain.metrics["cross_entropy"].mean == pytest.approx(np.mean(plain.metrics["cross_entropy"].per_seed))
    assert "unigram" in plain.baselines


def test_the_order_is_that_of_the_arguments_and_repeats_count_once(runs):
    assert [one.run for one in compare([runs[1], runs[0], runs[1]]).runs] == [runs[1], runs[0]]


def test_runs_on_other_data_are_warned_about(runs, tmp_path):
    other = train(small_config("data.text=hello world", "data.repeat=9"), runs_dir=tmp_path, command=[]).run
    assert any("did not learn from the same data" in warning for warning in compare([runs[0], other]).warnings)
    assert compare(runs).warnings == []


def test_forecasts_are_compared_by_their_metrics(tmp_path):
    from rnnlab.config import load

    (tmp_path / "c.yaml").write_text(
        "data: {kind: prices, symbol: AAPL, lookback: 5}\nmodel: {hidden_size: 3}\ntraining: {epochs: 2}\nseeds: 2\n"
    )
    made = [
        train(load(str(tmp_path / "c.yaml"), name=name), runs_dir=tmp_path / "runs", command=[]).run
        for name in ("a", "b")
    ]
    found = compare(made).runs
    assert found[0].looks is None
    assert found[0].metrics["rmse"].per_seed == found[1].metrics["rmse"].per_seed
    assert found[0].baselines["naive"]["rmse"] > 0


def test_an_interrupted_run_is_shown_with_a_warning(runs, tmp_path):
    calls = iter(range(99))
    stopped = train(small_config(), runs_dir=tmp_path, command=[], should_stop=lambda: next(calls) > 1).run
    found = compare([runs[0], stopped])
    assert found.runs[1].status == "interrupted"
    assert found.runs[1].metrics.keys() == found.runs[0].metrics.keys()
    assert any("is interrupted" in warning for warning in found.warnings)


def test_one_run_is_no_comparison(runs):
    with pytest.raises(UsageError, match="at least two different runs; got 1"):
        compare([runs[0], runs[0]])


def test_a_sweep_is_refused_and_the_latest_training_is_named(runs, swept, tmp_path):
    with pytest.raises(RunFolderError, match="it is a sweep") as refused:
        compare([runs[0], swept])
    assert refused.value.hint == "Its own table is in results.csv."
    swept, latest = (shutil.copytree(one, tmp_path / one.name) for one in (swept, runs[1]))
    with pytest.raises(RunFolderError) as refused:
        compare([runs[0], swept])
    assert refused.value.hint == f"Its own table is in results.csv; the latest run of train is {latest}."


def test_a_sweep_among_runs_is_left_out_with_a_warning(runs, swept):
    found = compare([*runs[:2], swept])
    assert [one.run for one in found.runs] == list(runs[:2])
    assert f"{swept.name} is a sweep and left out; its own table is in its results.csv." in found.warnings


def test_first_and_last_loss_are_those_of_every_seed(tmp_path):
    (tmp_path / "metrics.csv").write_text(
        "seed,epoch,update,train_loss,learning_rate,grad_norm,clip_scale,seconds\n"
        + "".join(f"{seed},{epoch},{epoch},{loss},0.1,1,1,0\n" for seed, epoch, loss in
                  [(0, 1, 9.0), (1, 1, 5.0), (2, 1, 7.0), (0, 2, 3.0), (1, 2, 2.0), (0, 3, 1.0)])
    )  # fmt: skip
    assert _course(tmp_path) == ((7.0, 2.0), False)


def test_runs_measured_on_different_rows_are_told(tmp_path):
    days = np.datetime64("2020-01-01") + np.arange(200)
    rows = "".join(f"{day},{100 + k % 7}\n" for k, day in enumerate(days))
    (tmp_path / "s.csv").write_text(f"date,value\n{rows}")
    (tmp_path / "c.yaml").write_text(
        f"data: {{kind: csv, path: {tmp_path}/s.csv, lookback: 5}}\n"
        "model: {hidden_size: 2}\ntraining: {epochs: 1}\n"
    )
    runs = [
        train(load(tmp_path / "c.yaml", overrides=[f"data.train_fraction={share}"], name=f"run{k}"), runs_dir=tmp_path,
              command=[]).run
        for k, share in enumerate((0.8, 0.8, 0.6))
    ]  # fmt: skip
    assert compare(runs[:2]).warnings == []
    (warning,) = compare(runs[1:]).warnings
    assert warning.startswith("These runs were measured on different rows of the same data")


def test_a_run_that_diverged_was_not_measured_against_other_baselines(runs, tmp_path):
    with pytest.raises(DivergedError) as lost, nothing_painted():
        train(small_config("training.optimizer={kind: sgd, learning_rate: 1e300}"), runs_dir=tmp_path, command=[])
    assert lost.value.run is not None
    found = compare([lost.value.run, *runs])
    assert (found.runs[0].status, found.runs[0].baselines) == ("diverged", {})
    (warning,) = found.warnings
    assert "is diverged" in warning


def test_a_fit_in_closed_form_has_one_loss_and_no_clipping(tmp_path):
    (tmp_path / "c.yaml").write_text(
        "data: {kind: synthetic, task: adding, length: 6, sequences: 40}\nmodel: {hidden_size: 3}\n"
        "training: {fit: ridge}\nseeds: 2\n"
    )
    variants = ((), ("training.fit=gradient", "training.updates=3"))
    with nothing_painted():
        made = [
            train(load(tmp_path / "c.yaml", overrides=changes), runs_dir=tmp_path / "runs", command=[]).run
            for changes in variants
        ]
    fitted, descended = compare(made).runs
    after = np.median(read_table(fitted.run / "metrics.csv")["train_loss"])
    assert (fitted.fitted, fitted.clipped, fitted.loss) == (True, None, (after, after))
    assert (fitted.plain()["loss_first"], fitted.plain()["loss_last"]) == (None, after)
    assert (descended.fitted, descended.clipped) == (False, 0.0)
    assert descended.plain()["loss_first"] > descended.plain()["loss_last"]
