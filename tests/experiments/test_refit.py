"""`training.refit`: trained on all rows as any training on these rows, and resumed to its bytes; what uses which."""

import csv
import json
import os
import shutil
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import rnnlab
from rnnlab.config import load
from rnnlab.errors import ConfigError, DataError, RunFolderError, UsageError
from rnnlab.experiments import refit as refitting
from rnnlab.experiments.check import check
from rnnlab.experiments.doctor import examine
from rnnlab.experiments.forecast import forecast
from rnnlab.experiments.inspect import inspect
from rnnlab.experiments.resume import Length, resume
from rnnlab.experiments.train import train
from rnnlab.experiments.verify import verify
from rnnlab.runs import RunFolder, checkpoints, read_table
from tests.experiments.outcomes import outcome
from tests.experiments.test_resume import Writes

REFIT = "training.refit=all"
CASES = {
    "full batch": ["training.epochs=9"],
    "batches and a schedule": [
        "training.batch_size=7", "training.epochs=5", "training.optimizer={kind: adam, learning_rate: 0.02}",
        "training.schedule={kind: cosine, warmup: 4}", "training.clip={kind: norm, threshold: 0.1}",
    ],
    "early stopping": [
        "training.early_stopping={patience: 2, validation_fraction: 0.3}", "training.batch_size=7",
        "training.epochs=40", "training.optimizer={kind: adam, learning_rate: 0.1}",
    ],
    "ridge": ["training.fit={kind: ridge, alpha: 0.001}", "model.cell=rnn"],
    "changes": ["training.epochs=6", "data.target=difference", "data.scaler=standard", "model.dtype=float32"],
}  # fmt: skip


def start(folder: Path, *overrides: str, seeds: str = "3", **options) -> Path:
    config = load("small.yaml", overrides=overrides, seeds=seeds)
    run = train(config, runs_dir=folder / "runs", command=[], **options).run
    assert run is not None
    return run


def go_on(run: Path, length: Length = Length(), **options):  # noqa: B008
    return resume(run, length=length, command=["rnnlab", "resume"], **options)


def after(updates: int):
    asked = iter([False] * updates)
    return lambda: next(asked, True)


def arrays(run: Path) -> dict[str, bytes]:
    found = checkpoints.latest(run / "checkpoints" / "refit")
    assert found is not None
    return {name: value.tobytes() for name, value in found.arrays.items()}


def whole(run: Path) -> dict:
    """All that a run with a refit comes to."""
    record = RunFolder.open(run).record
    forecast(run, steps=4)
    return {
        **outcome(run),
        "refit": arrays(run),
        "record": {**(record.refit or {}), "checkpoint": None},
        "task.json": (run / "task.json").read_bytes(),
        "forecast.csv": (run / "forecast.csv").read_bytes(),
    }


def refit_of(run: Path) -> dict[str, Any]:
    """The entry of run.json."""
    found = RunFolder.open(run).record.refit
    assert found is not None
    return found


def updates_of_best(run: Path) -> dict[str, int]:
    """By seed: with early stopping, those up to the end of the epoch with the least validation loss."""
    rows = read_table(run / "metrics.csv")
    found = {}
    for seed in np.unique(rows["seed"]).tolist():
        mine = rows["seed"] == seed
        best = np.argmin(rows["validation_loss"][mine]) if "validation_loss" in rows else -1
        found[str(seed)] = int(rows["update"][mine][best])
    return found


@pytest.mark.parametrize("case", CASES)
def test_it_is_the_training_of_a_longer_series_that_is_tested_on_what_follows(folder, values, write_series, case):
    """With eight rows appended to be tested on, the same config trains on the same rows, update for update."""
    run = start(folder, *CASES[case], REFIT)
    made = updates_of_best(run)
    assert refit_of(run)["updates"] == made
    write_series([*values, *np.linspace(30, 33, 8)])
    longer = [*CASES[case], "data.test_rows=8", "training.early_stopping=null"]
    theta = checkpoints.latest(run / "checkpoints" / "refit").arrays["theta"]
    for place, (seed, updates) in enumerate(made.items()):
        total = [] if case == "ridge" else ["training.epochs=null", f"training.updates={updates}"]
        other = start(folder, *longer, *total, seeds=f"{seed},")
        np.testing.assert_array_equal(checkpoints.latest(other / "checkpoints").arrays["theta"][0], theta[place])


@pytest.mark.parametrize("case", ["full batch", "changes"])
def test_its_forecast_is_that_of_the_longer_training_from_the_same_rows(folder, values, write_series, case):
    run = start(folder, *CASES[case], REFIT)
    forecast(run, steps=4)
    plain = start(folder, *CASES[case])
    forecast(plain, steps=4)
    shutil.copy("series.csv", "as_it_was.csv")
    write_series([*values, *np.linspace(30, 33, 8)])
    longer = start(folder, *CASES[case], "data.test_rows=8")
    forecast(longer, data=Path("as_it_was.csv"), steps=4)
    ours, tested, expected = (read_table(one / "forecast.csv") for one in (run, plain, longer))
    for name in ("forecast", "seed_0", "seed_1", "seed_2", "naive", "window_map", "exponential_smoothing", "mean"):
        np.testing.assert_array_equal(ours[name], expected[name])
    assert not np.array_equal(ours["forecast"], tested["forecast"])
    # The intervals have the widths of the tested networks' errors, about the new forecasts.
    for name in ("forecast", "naive", "window_map"):
        half = (tested[f"{name}_high"] - tested[f"{name}_low"]) / 2
        np.testing.assert_allclose((ours[f"{name}_high"] - ours[f"{name}_low"]) / 2, half, rtol=1e-12)
        np.testing.assert_allclose((ours[f"{name}_high"] + ours[f"{name}_low"]) / 2, ours[name], rtol=1e-12)


@pytest.mark.parametrize("case", CASES)
def test_the_test_is_the_same_with_and_without_it(folder, case):
    runs = [start(folder, *CASES[case], *more) for more in ([], [REFIT])]
    plain, refitted = (outcome(run) for run in runs)
    assert plain == refitted


@pytest.mark.parametrize("case", CASES)
def test_it_passes_a_verification_that_repeats_its_last_updates(folder, case):
    run = start(folder, *CASES[case], REFIT)
    found = {check.name: check for check in verify(run).checks}
    assert all(check.result == "ok" for check in found.values()), found
    assert "byte for byte" in found["refit"].detail
    assert "of the tested networks" in found["metrics"].detail
    last = int(checkpoints.latest(run / "checkpoints" / "refit").arrays["done"])
    assert f"updates {max(1, last - 9)} to {last} on all rows" in found["refit"].detail


@pytest.mark.parametrize("case", ["full batch", "batches and a schedule", "early stopping"])
@pytest.mark.parametrize("every", ["1", "4", "null"])
def test_stopped_at_any_moment_it_ends_as_if_it_had_not(folder, case, every):
    straight = start(folder, *CASES[case], REFIT)
    first = read_table(straight / "gradient_norms.csv")["update"].max()
    last = max(refit_of(straight)["updates"].values())
    expected = whole(straight)
    options = [*CASES[case], REFIT, f"training.checkpoint.every={every}"]
    for stop in sorted({0, 1, 3, last - 2} & set(range(last - 1))):
        # Asked once before the first update, after each, and after each but the last of the refit.
        run = start(folder, *options, should_stop=after(int(first) + 1 + stop))
        record = RunFolder.open(run).record
        assert (record.status, record.refit) == ("interrupted", None)
        assert record.metrics == RunFolder.open(straight).record.metrics
        assert checkpoints.latest(run / "checkpoints" / "refit").arrays["done"] == stop + 1
        assert forecast(run, steps=2).refit is None
        go_on(run)
        assert whole(run) == expected
        assert verify(run).passed


@pytest.mark.parametrize("every", ["2", "null"])
def test_killed_between_any_two_writes_it_ends_as_if_it_had_not(folder, tmp_path, monkeypatch, every):
    options = ["training.epochs=14", REFIT, f"training.checkpoint.every={every}"]
    with monkeypatch.context() as patch:
        writes = Writes(patch)
        straight = start(folder, *options)
    expected = whole(straight)
    for last in range(writes.made - 1, 0, -3):
        place = tmp_path / f"killed-{last}"
        shutil.rmtree(place, ignore_errors=True)
        with monkeypatch.context() as patch:
            Writes(patch, last)
            with pytest.raises(SystemExit):
                start(place, *options)
        (run,) = (place / "runs").iterdir()
        if not (run / "config.yaml").exists() or not (run / "run.json").exists():  # no run was begun
            break
        status = RunFolder.open(run).record.current_status
        if status == "completed":  # only the plots, or the hashes of files, were missing
            assert whole(run) == expected
            continue
        go_on(run)
        assert whole(run) == expected


def test_lengthened_it_is_made_anew(folder):
    expected = whole(start(folder, "training.epochs=12", REFIT))
    run = start(folder, "training.epochs=7", REFIT)
    before = arrays(run)
    go_on(run, Length(epochs=12))
    assert whole(run) == expected
    assert arrays(run) != before
    assert verify(run).passed


def test_while_a_run_is_lengthened_the_old_refit_counts_for_nothing(folder):
    run = start(folder, "training.epochs=7", REFIT)
    go_on(run, Length(epochs=40), should_stop=after(3))
    assert RunFolder.open(run).record.refit is None
    found = forecast(run, steps=2)
    assert (found.refit, found.plain()["networks"]) == (None, "tested")


def spoil(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[-5] ^= 1
    path.write_bytes(content)


def test_a_damaged_one_is_found_and_the_tested_networks_forecast(folder):
    run = start(folder, "training.epochs=20", REFIT)
    plain = start(folder, "training.epochs=20")
    newest = max((run / "checkpoints" / "refit").glob("*.npz"))
    spoil(newest)
    found = forecast(run, steps=3)
    assert found.refit is None
    assert "The tested networks forecast, since those of all rows cannot be read" in found.warnings[0]
    np.testing.assert_array_equal(found.outlook.network.values, forecast(plain, steps=3).outlook.network.values)
    checks = {check.name: check for check in verify(run).checks}
    assert checks[f"checkpoint refit/{newest.stem}"].result == checks["refit"].result == "failed"
    assert str(verify(run).advice).startswith(f"`rnnlab resume {run}` trains the networks of all rows, if the data")
    assert [(one.kind, newest.stem in one.sentence) for one in examine(run.parent).findings] == [("checkpoint", True)]


@pytest.mark.parametrize("harm", ["newest damaged", "newest of another shape", "all gone", "what it learned gone"])
def test_networks_of_all_rows_that_are_lost_are_trained_again_by_resume(folder, harm):
    expected = whole(run := start(folder, "training.epochs=20", REFIT))
    files = run / "checkpoints" / "refit"
    if harm == "newest damaged":
        spoil(max(files.glob("*.npz")))
    elif harm == "newest of another shape":
        newest = checkpoints.load(max(files.glob("*.json")))
        for path in files.glob(f"{newest.path.stem}.*"):
            path.unlink()
        forged = newest.arrays | {"theta": newest.arrays["theta"][:, :-1]}
        assert checkpoints.save(files, forged, newest.metadata).stem == newest.path.stem
    elif harm == "all gone":
        shutil.rmtree(files)
    else:
        learned = json.loads((run / "task.json").read_text())
        del learned["refit"]
        (run / "task.json").write_text(json.dumps(learned))
    found = forecast(run, steps=3)
    assert found.refit is None
    assert found.warnings[0].endswith(f"/runs/{run.name}` trains them.")
    assert ("is not there" in found.warnings[0]) == (harm == "all gone")
    if harm == "all gone":
        (finding,) = examine(run.parent).findings
        assert "of all rows, is not there" in finding.sentence
        assert "`rnnlab resume" in str(finding.advice)
    go_on(run)
    assert whole(run) == expected
    assert not examine(run.parent).findings
    with pytest.raises(UsageError, match="nothing is left to do"):
        go_on(run)


def test_where_the_tested_networks_are_damaged_too_it_is_they_that_are_told(folder):
    run = start(folder, REFIT)
    shutil.rmtree(run / "checkpoints" / "refit")
    for path in (run / "checkpoints").glob("*.npz"):
        spoil(path)
    with pytest.raises(RunFolderError, match="has no good checkpoint") as refused:
        go_on(run)
    assert "repeats the run from the start" in str(refused.value.hint)


def test_a_completed_training_without_any_checkpoint_is_found(folder):
    run = start(folder)
    shutil.rmtree(run / "checkpoints")
    (finding,) = examine(run.parent).findings
    assert finding.sentence == "There is no checkpoint: the networks are lost."


def test_a_training_on_all_rows_that_was_stopped_is_told(folder):
    run = start(folder, "training.epochs=9", REFIT, should_stop=after(9 + 1 + 4))
    said = forecast(run, steps=2).warnings[0]
    assert "the training on all rows has not come to its end" in said
    assert said.endswith(f"/runs/{run.name}` trains them.")
    go_on(run)
    assert not any("come to its end" in one for one in forecast(run, steps=2).warnings)


def test_training_rows_that_have_changed_are_told(folder, values, write_series):
    run = start(folder)
    assert not forecast(run, steps=2).warnings
    later = values.copy()
    later[-1] += 1  # a test row
    write_series(later)
    assert not any("trained on" in one for one in forecast(run, steps=2).warnings)
    earlier = values.copy()
    earlier[3] += 1e-9
    for name, data in (("series.csv", None), ("other.csv", Path("other.csv"))):
        write_series(earlier, name)
        (said,) = [one for one in forecast(run, data=data, steps=2).warnings if "trained on" in one]
        assert "are not those that the networks were trained on: their values are others" in said
    write_series(values[1:], days=[date(2020, 1, 2) + timedelta(days=row) for row in range(59)])
    (said,) = [one for one in forecast(run, steps=2).warnings if "trained on" in one]
    assert "there are 47 rows, and there were 48" in said


@pytest.mark.parametrize("which", ["newest", "all"])
def test_it_goes_on_from_an_earlier_checkpoint_or_starts_over_where_they_are_damaged(folder, which):
    options = ["training.epochs=30", REFIT, "training.checkpoint.every=4"]
    expected = whole(start(folder, *options))
    run = start(folder, *options, should_stop=after(30 + 1 + 11))
    files = sorted((run / "checkpoints" / "refit").glob("*.npz"))
    assert len(files) == 2
    for path in files[-1:] if which == "newest" else files:
        spoil(path)
    warnings = go_on(run).warnings
    said = "An earlier checkpoint is used instead" if which == "newest" else "The training on all rows starts over"
    assert any(said in one for one in warnings)
    assert whole(run) == expected


def test_a_model_that_diverges_there_is_left_out_of_forecasts(folder, monkeypatch):
    advance = refitting.Refitting.advance

    def losing(self):
        for update in advance(self):
            self.lost[1] = True
            yield update

    monkeypatch.setattr(refitting.Refitting, "advance", losing)
    run = start(folder, REFIT)
    record = RunFolder.open(run).record
    assert refit_of(run)["diverged"] == [1]
    assert "On all rows, 1 seed of 3 diverged: `rnnlab forecast` does without." in record.warnings
    found = forecast(run, steps=2)
    columns = found.columns()
    assert np.isnan(columns["seed_1"]).all()
    np.testing.assert_allclose(columns["forecast"], (columns["seed_0"] + columns["seed_2"]) / 2, rtol=1e-12)
    assert "the median of 2 of 3 seeds" in " ".join(found.sentences)


def test_where_all_diverge_there_the_tested_networks_forecast_and_that_is_said(folder, monkeypatch):
    advance = refitting.Refitting.advance

    def losing(self):
        for update in advance(self):
            self.lost[:] = True
            yield update

    monkeypatch.setattr(refitting.Refitting, "advance", losing)
    run = start(folder, REFIT)
    log = (run / "log.txt").read_text()
    assert "`rnnlab forecast` uses the tested networks, since all of these diverged." in log
    assert "uses these networks" not in log
    found = forecast(run, steps=2)
    assert found.networks == "tested"
    assert "every one that was trained on all rows diverged" in " ".join(found.warnings)


def test_networks_that_a_rolling_evaluation_left_behind_are_told(folder):
    said = "The forecast is of the networks of the first fold, trained on 48 rows"
    rolling = "evaluation={kind: rolling, folds: 3}"
    assert said in " ".join(forecast(start(folder, rolling), steps=2).warnings)
    (refit,) = [one for one in forecast(start(folder, rolling, REFIT), steps=2).warnings if "first fold" in one]
    assert refit.startswith("The errors, and the widths of the intervals, are of the networks of the first fold")
    once = "evaluation={kind: rolling, folds: 3, retrain_every: 3}"
    assert said not in " ".join(forecast(start(folder, once), steps=2).warnings)


def test_rows_without_a_value_are_counted(folder, values, write_series):
    write_series(["" if row in (20, 53, 55) else value for row, value in enumerate(values)])
    said = " ".join(forecast(start(folder, "data.missing=interpolate"), steps=2).sentences)
    assert "Read 60 rows, daily" in said
    assert "; 3 of these without a value, filled in." in said
    assert "for the last 10 rows with a value, of 12" in said


def test_what_uses_which_networks_is_said(folder):
    run = start(folder, REFIT)
    entry = refit_of(run)
    assert entry == {
        "checkpoint": entry["checkpoint"],
        "rows": 60,
        "updates": {"0": 4, "1": 4, "2": 4},
        "diverged": [],
    }
    assert "Trained once more on all 60 rows, for 4 updates: `rnnlab forecast` uses" in (run / "log.txt").read_text()
    found = forecast(run, steps=2)
    plain = found.plain()
    assert (found.refit, plain["networks"], plain["intervals"]) == (60, "refit", "uncalibrated")
    assert found.verdict[-1].startswith("The forecast is of networks that were trained once more on all 60 rows")
    assert "which the tested models were not trained on" in found.verdict[0]
    assert inspect(run).plain()["networks"] == "tested"
    ordinary = start(folder)
    assert inspect(ordinary).plain()["networks"] == "trained"
    assert forecast(ordinary, steps=2).plain()["intervals"] == "calibrated"
    summary = check(load("small.yaml", overrides=[REFIT]))
    assert (summary.refit, check(load("small.yaml")).refit) == (True, False)


def test_rows_that_come_later_are_new_to_it(folder, values, write_series):
    run = start(folder, REFIT)
    write_series([*values, 30.0, 31.0])
    found = forecast(run, steps=2)
    assert "The models were trained before the last 2 rows came" in " ".join(found.warnings)
    assert found.outlook.rows == 14  # the test rows and the new ones: errors of the tested networks


def test_python_has_both_sets_of_parameters_in_memory_too(folder):
    kept = rnnlab.Run(RunFolder.open(start(folder, REFIT)))
    in_memory = rnnlab.train(load("small.yaml", overrides=[REFIT], seeds="3"), progress=False)
    assert kept.refit_parameters is not None
    for run in (kept, in_memory):
        tested, refit = run.parameters["layer0.W_hh"], run.refit_parameters["layer0.W_hh"]
        assert tested.shape == refit.shape
        assert not np.array_equal(tested, refit)
    np.testing.assert_array_equal(kept.refit_parameters["readout.W_ho"], in_memory.refit_parameters["readout.W_ho"])
    np.testing.assert_array_equal(
        rnnlab.forecast(in_memory).outlook.network.values, rnnlab.forecast(kept).outlook.network.values
    )
    assert rnnlab.train(load("small.yaml"), progress=False).refit_parameters is None


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize("data", [
    "{kind: text, text: abcabc, repeat: 9, chunk: 5}", "{kind: synthetic, task: adding, sequences: 9, length: 5}",
])  # fmt: skip
def test_other_data_cannot_be_refitted(data):
    Path("other.yaml").write_text(f"data: {data}\ntraining: {{refit: all}}\n")
    kind = data.split()[1].rstrip(",")
    message = (
        rf"other.yaml:2:\d+: training\.refit needs a series, data of kind prices or csv; got kind: {kind}\. Drop it"
    )
    with pytest.raises(ConfigError, match=message):
        load("other.yaml")
    with pytest.raises(ConfigError, match=r'training\.refit must be one of none, all; got "some"'):
        load("small.yaml", overrides=["training.refit=some"])


def test_rows_that_only_all_of_them_cannot_be_scaled_with_are_refused_before_anything_is_trained(folder, write_series):
    values = [1.0 + k % 3 for k in range(60)]
    write_series([*values[:50], *([1e308, -1e308] * 5)])
    options = ["data.target=price", "data.scaler=minmax", "training.epochs=1"]
    with pytest.raises(DataError):
        start(folder, *options, REFIT)
    assert not os.path.exists(folder / "runs")


def test_a_rolling_evaluation_is_refitted_too(folder):
    run = start(folder, "evaluation={kind: rolling, folds: 3}", "training.epochs=5", REFIT)
    plain = start(folder, "training.epochs=5", REFIT)
    assert arrays(run) == arrays(plain)
    checks = {check.name: check for check in verify(run).checks}
    assert checks["metrics"].result == "not checked"
    assert "networks of the later folds are not kept" in checks["metrics"].detail
    assert (checks["replay"].result, checks["refit"].result) == ("ok", "ok")
    with (run / "folds.csv").open() as file:
        assert {row["fold"] for row in csv.DictReader(file)} == {"1", "2", "3"}
    assert json.loads((run / "run.json").read_text())["refit"]["rows"] == 60


def test_a_model_that_diverged_in_the_first_training_has_no_say(folder):
    """Large weights of relu units: some seeds are lost at once, and would forecast with the weights they began with."""
    lossy = [REFIT, "training.optimizer={kind: sgd, learning_rate: 0.05}", "model.activation=relu",
             "model.init.W_hh={kind: normal, std: 4}", "training.epochs=8"]  # fmt: skip
    run = start(folder, *lossy, seeds="8")
    record: Any = RunFolder.open(run).record.plain()
    gone = sorted(map(int, record["diverged"]))
    assert 0 < len(gone) < 8, "else this proves nothing"
    assert refit_of(run)["diverged"] == []
    assert not any("On all rows" in sentence for sentence in record["warnings"])
    columns = forecast(run, steps=2).columns()
    for seed in range(8):
        assert np.isnan(columns[f"seed_{seed}"]).all() == (seed in gone)


def test_another_file_may_begin_after_all_rows_of_the_training(folder, write_series):
    """Baselines are fitted on its first half then, for the tested networks and for those of all rows."""
    run = start(folder, REFIT)
    days = [date(2021, 1, 1) + timedelta(days=k) for k in range(65)]
    other = write_series([20 + 0.1 * k + (k % 5) for k in range(65)], "other.csv", days)
    found = forecast(run, data=other, steps=3)
    assert np.isfinite(found.outlook.network.values).all()
    plain = start(folder)
    for name, course in forecast(plain, data=other, steps=3).outlook.rivals.items():
        np.testing.assert_array_equal(course.values, found.outlook.rivals[name].values)


def test_a_season_of_the_run_goes_with_another_file_of_its_frequency(folder, values, write_series):
    run = start(folder)
    days = [date(2021, 1, 1) + timedelta(days=k) for k in range(30)]
    found = forecast(run, data=write_series(values[:30], "other.csv", days))
    assert (found.season, found.outlook.steps) == (7, 7)
    assert "seasonal_naive" in found.outlook.rivals


def test_a_stop_between_the_last_checkpoint_and_the_end_of_the_run_keeps_what_verify_needs(folder, monkeypatch):
    kept = "training.epochs=20"
    whole = start(folder, REFIT, kept)
    monkeypatch.setattr(refitting, "_result", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
    with pytest.raises(KeyboardInterrupt):
        start(folder, REFIT, kept, seeds="3")
    monkeypatch.undo()
    monkeypatch.chdir(folder)
    stopped = max((folder / "runs").iterdir(), key=lambda path: path.stat().st_mtime_ns)
    assert stopped != whole
    go_on(stopped)
    assert refit_of(stopped)["checkpoint"] == refit_of(whole)["checkpoint"]
    assert {check.name: check.result for check in verify(stopped).checks}["refit"] == "ok"


def test_every_forecast_of_the_table_says_whose_it_is(folder):
    for overrides, networks, intervals in (([], "tested", "calibrated"), ([REFIT], "refit", "uncalibrated")):
        run = start(folder, *overrides)
        forecast(run, steps=2)
        table = read_table(run / "forecast.csv")
        assert (set(table["networks"]), set(table["intervals"])) == ({networks}, {intervals})
