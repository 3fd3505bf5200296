"""Runs side by side: the numbers are those of the runs, and what cannot be compared is said."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from rnnlab.config import load
from rnnlab.errors import DivergedError, UsageError
from rnnlab.experiments.comparison.compare import compare
from rnnlab.experiments.comparison.trainings import _course
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
    found = compare([runs[0], other])
    assert any("were trained on different data" in warning for warning in found.warnings)
    assert found.groups[0].verdicts.contests == []
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
    assert found[0].looks[0].verdict.word in ("vanishing", "critical", "mixed", "exploding")
    assert found[0].metrics["rmse"].per_seed == found[1].metrics["rmse"].per_seed
    assert found[0].baselines["naive"]["rmse"] > 0


def test_runs_that_see_windows_of_other_lengths_are_compared_on_the_same_rows(tmp_path):
    from rnnlab.cli.comparison_table import _baseline_rows
    from rnnlab.config import load

    config = tmp_path / "c.yaml"
    config.write_text("data: {kind: prices, symbol: AAPL}\nmodel: {hidden_size: 3}\ntraining: {epochs: 2}\nseeds: 3\n")
    made = [
        train(load(config, overrides=[f"data.lookback={n}"], name=f"x{n}"), runs_dir=tmp_path, command=[]).run
        for n in (5, 6)
    ]
    found = compare(made)
    assert found.warnings == []
    assert len(found.groups[0].verdicts.contests) == 1
    a, b = found.runs
    assert a.baselines["window_map"] != b.baselines["window_map"]
    shown = [row["run"] for row in _baseline_rows([a, b], {"rmse": 0})]
    assert shown[0] == "persistence"
    assert "linear window" not in shown


def test_an_interrupted_run_is_shown_with_a_warning(runs, tmp_path):
    calls = iter(range(99))
    stopped = train(small_config(), runs_dir=tmp_path, command=[], should_stop=lambda: next(calls) > 1).run
    found = compare([runs[0], stopped])
    assert found.runs[1].status == "interrupted"
    assert found.runs[1].metrics.keys() == found.runs[0].metrics.keys()
    assert any("is interrupted" in warning for warning in found.warnings)
    label = found.runs[1].label
    assert f"Growth rates are measured for completed runs only; {label} has none." in found.warnings
    assert found.runs[1].plain()["before"] is None


def test_one_run_is_no_comparison(runs):
    with pytest.raises(UsageError, match="at least two different runs; got 1"):
        compare([runs[0], runs[0]])


def test_a_sweep_beside_trainings_has_a_table_of_its_own(runs, swept):
    found = compare([runs[0], swept, runs[1]])
    assert [one.run for one in found.runs] == list(runs)
    assert [one.run for one in found.swept] == [swept]
    assert found.warnings == []
    (rates,) = found.swept[0].rates.values()
    table = read_table(swept / "results.csv")
    assert rates.tolist() == table["growth_rate"].tolist()
    summary = json.loads((swept / "summary.json").read_text())
    assert found.swept[0].word(0.9) == summary["rhos"][0]["verdict"]
    assert found.swept[0].plain()["rhos"][0]["growth_rate"] == summary["rhos"][0]["growth_rate"]


def test_runs_of_which_no_two_have_one_task_are_not_compared(runs, swept):
    (warning,) = compare([runs[0], swept]).warnings
    assert warning == "No two of these runs have the same task: there is no verdict."


def test_a_sweep_without_a_summary_keeps_its_rates(swept, tmp_path):
    cut = shutil.copytree(swept, tmp_path / swept.name)
    (cut / "summary.json").unlink()
    found = compare([swept, cut])
    assert found.swept[1].rates.keys() == found.swept[0].rates.keys()
    assert (found.swept[1].word(0.9), found.swept[1].steps) == (None, None)
    assert any("its verdicts are unknown" in warning for warning in found.warnings)


def test_a_run_by_two_paths_is_one(runs, monkeypatch):
    monkeypatch.chdir(runs[0].parent)
    with pytest.raises(UsageError, match="got 1"):
        compare([runs[0], Path(runs[0].name)])


def test_keys_that_differ_have_the_value_of_each_run(runs):
    (group,) = compare(runs).groups
    assert [(one.key, one.values) for one in group.differences] == [("training.clip.kind", ("none", "norm"))]
    assert group.recorded == []


def test_what_run_json_records_differently_is_found_whatever_it_is_called(runs, tmp_path):
    other = shutil.copytree(runs[0], tmp_path / runs[0].name)
    record = json.loads((other / "run.json").read_text())
    record["code"]["patch_sha256"] = "abc"
    record["environment"]["python"] = "9.9.9"
    (other / "run.json").write_text(json.dumps(record))
    (group,) = compare([runs[0], other]).groups
    assert [one.key for one in group.recorded] == ["code.patch_sha256", "environment.python"]


def test_a_damaged_table_of_losses_or_config_costs_no_more_than_itself(runs, tmp_path):
    other = shutil.copytree(runs[1], tmp_path / runs[1].name)
    (other / "metrics.csv").write_text("seed,epoch\n0,1,2\n")
    (other / "config.yaml").write_text("{")
    found = compare([runs[0], other])
    assert found.runs[1].loss is None
    assert (found.runs[1].looks, found.groups[0].differences) == (None, [])
    for said in ("its losses are unknown", "cannot be measured", "its config.yaml cannot be read"):
        assert any(said in warning for warning in found.warnings), said


@pytest.mark.painted
def test_the_overlay_has_a_panel_for_each_task_and_a_line_for_each_run(runs, swept):
    figure = compare([*runs, swept]).plot()
    losses, rates = figure.axes
    labels = [line.get_label() for line in losses.lines]
    assert len(labels) == 2
    table = read_table(runs[0] / "metrics.csv")
    middle = [np.median(table["train_loss"][table["update"] == update]) for update in np.unique(table["update"])]
    assert np.asarray(losses.lines[0].get_ydata()).tolist() == middle
    assert np.asarray(rates.lines[0].get_xdata()).tolist() == [0.9]


def test_there_is_nothing_to_draw_without_tables(runs, tmp_path):
    bare = [shutil.copytree(run, tmp_path / run.name) for run in runs]
    for run in bare:
        (run / "metrics.csv").unlink()
    with pytest.raises(UsageError, match="nothing to draw"):
        compare(bare).plot()


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
    assert warning.startswith("run1 and run2 were measured on different rows of the same data")


def test_a_run_that_diverged_was_not_measured_against_other_baselines(runs, tmp_path):
    with pytest.raises(DivergedError) as lost, nothing_painted():
        train(small_config("training.optimizer={kind: sgd, learning_rate: 1e300}"), runs_dir=tmp_path, command=[])
    assert lost.value.run is not None
    found = compare([lost.value.run, *runs])
    assert (found.runs[0].status, found.runs[0].baselines) == ("diverged", {})
    (warning,) = found.warnings
    assert warning == "gradients " + lost.value.run.name[-4:] + " diverged in every seed."


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
