"""A run that is whole verifies, byte for byte; every damage is found, and named."""

import hashlib
import json
import re
import shutil
from datetime import UTC, datetime
from typing import Any

import pytest

from rnnlab.config import load
from rnnlab.errors import UsageError
from rnnlab.experiments import drawing
from rnnlab.experiments.inspect import inspect
from rnnlab.experiments.redraw import plot
from rnnlab.experiments.resume import Length, resume
from rnnlab.experiments.sweep import members
from rnnlab.experiments.train import train
from rnnlab.experiments.verify import FAILED, PASSED, SKIPPED, verify
from rnnlab.runs import RunFolder, read_table
from tests.experiments.sweeps import sweep
from tests.painting import nothing_painted

SERIES = "\n".join(["date,value", *(f"2020-{1 + n // 28:02d}-{1 + n % 28:02d},{20 + n % 7}" for n in range(60))]) + "\n"
TEXT = "data: {kind: text, text: the quick brown fox, repeat: 5, chunk: 5, train_fraction: 0.6}"
CSV = "data: {kind: csv, path: series.csv, lookback: 4}"
ORDER = "data: {kind: synthetic, task: order, length: 6, sequences: 20}"
KINDS = {
    "text": (TEXT, []),
    "csv": (CSV, []),
    "order": (ORDER, []),
    "adding": ("data: {kind: synthetic, task: adding, length: [4, 6], sequences: 20}", []),
    "endless": ("data: {kind: synthetic, task: echo, length: 8, sequences: endless, held_out: 20}", []),
    "float32": (TEXT, ["model.dtype=float32", "model.cell=lstm"]),
    "stateful": (TEXT, ["training.stateful=true", "training.tbptt_steps=2"]),
    "stopping early": (CSV, ["training.early_stopping={patience: 1}", "training.optimizer=adam"]),
    "stopped between checkpoints": (
        CSV,
        [
            "training.early_stopping={patience: 2, validation_fraction: 0.3}",
            "training.checkpoint.every=7",
            "training.optimizer={kind: adam, learning_rate: 0.3}",
            "training.updates=90",
            "training.batch_size=20",
        ],
    ),
    "minibatches": (CSV, ["training.batch_size=16", "training.log_gradient_flow_every=2"]),
    "ridge": (CSV, ["training.fit=ridge", "training.updates=null"]),
    "bundled": ("data: {kind: prices, symbol: AAPL, start: 2012-01-01}", ["training.updates=3"]),
}


def trained(folder, data, *overrides):
    (folder / "series.csv").write_text(SERIES)
    (folder / "small.yaml").write_text(
        f"name: small\nseeds: 2\n{data}\nmodel: {{hidden_size: 3}}\n"
        "training: {updates: 25, checkpoint: {every: 10}}\n"
    )
    with nothing_painted():
        return train(load(folder / "small.yaml", overrides=overrides), runs_dir=folder / "runs", command=[]).run


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """A run on a CSV file, to copy and to damage; its folders were moved after the training."""
    folder = tmp_path_factory.mktemp("whole")
    run = trained(folder, CSV, "training.batch_size=16")
    return folder.rename(folder.with_name("moved")) / "runs" / run.name


@pytest.fixture
def run(whole, tmp_path):
    """A copy of it with its data."""
    shutil.copytree(whole.parents[1], tmp_path / "moved")
    return tmp_path / "moved" / "runs" / whole.name


def failures(run, **options):
    return {check.name: check.detail for check in verify(run, **options).checks if check.result == FAILED}


@pytest.mark.parametrize("kind", KINDS)
def test_what_was_trained_verifies_byte_for_byte(tmp_path, kind):
    data, overrides = KINDS[kind]
    found = verify(trained(tmp_path, data, *overrides))
    assert {check.name: check.detail for check in found.checks if check.result != PASSED} == {}
    assert (found.passed, found.differences, found.tolerance, found.worst) == (True, [], None, 0.0)
    assert "byte for byte" in found.checks[-1].detail


def test_a_replay_ends_with_the_next_checkpoint_and_compares_its_arrays(run):
    replay = verify(run).checks[-1].detail
    assert replay.startswith("updates 21 to 25 from checkpoint 0002: ")
    assert "10 rows of gradient_norms.csv and all arrays of checkpoint 0003" in replay
    assert verify(run, updates=2).checks[-1].detail.startswith("updates 21 to 22 from checkpoint 0002: ")


def test_with_one_checkpoint_the_replay_begins_at_the_start(tmp_path):
    run = trained(tmp_path, TEXT, "training.checkpoint={every: 1000}")
    assert verify(run).checks[-1].detail.startswith("updates 1 to 10 from the start: ")


def test_nothing_in_the_run_folder_changes(run):
    def content():
        return {path: (path.stat().st_mtime_ns, path.read_bytes()) for path in run.rglob("*") if path.is_file()}

    before = content()
    assert verify(run).passed
    assert content() == before


def flip(path, place):
    content = bytearray(path.read_bytes())
    content[place] ^= 1
    path.write_bytes(content)


@pytest.mark.parametrize(
    ("file", "place", "check"),
    [
        ("checkpoints/0003.npz", 900, "checkpoint 0003"),
        ("checkpoints/0001.npz", 900, "checkpoint 0001"),
        ("checkpoints/0002.json", 25, "checkpoint 0002"),
        ("metrics.csv", 200, "metrics.csv"),
        ("gradient_norms.csv", -3, "gradient_norms.csv"),
        ("predictions.csv", 200, "predictions.csv"),
        ("config.yaml", -5, "config.yaml"),
        ("log.txt", 5, "log.txt"),
        ("run.json", 0, "run.json"),
    ],
)
def test_a_flipped_bit_is_found(run, file, place, check):
    flip(run / file, place)
    assert check in failures(run)


def test_another_metric_of_the_median_forecast_is_found(run):
    store = RunFolder.open(run)
    combined: Any = store.record.plain()["combined"]
    store.update(combined={**combined, "metrics": {**combined["metrics"], "mae": 1.25}})
    assert "run.json, combined.mae: 1.25 is recorded, " in failures(run)["metrics"]


def test_a_changed_patch_is_found(run):
    """Of rnnlab's own source or, as here, of the working folder."""
    store = RunFolder.open(run)
    patch = {"file": "folder.patch", "sha256": "0" * 64}
    store.update(folder={"patch": patch})
    assert "folder.patch" in failures(run)
    store.write("folder.patch", "")
    store.update(folder={"patch": {**patch, "sha256": hashlib.sha256(b"").hexdigest()}})
    assert failures(run) == {}


def test_plots_and_the_files_of_inspect_are_hashed_whenever_they_are_written(run):
    def results():
        return {check.name: check.result for check in verify(run).checks}

    for act in (lambda: None, lambda: plot(run), lambda: inspect(run), lambda: plot(run, format="svg")):
        act()
        assert set(results().values()) == {PASSED}
    hashed = (
        "plots/training.png",
        "plots/training.svg",
        "plots/inspect_spectrum.png",
        "inspect.json",
        "inspect_lags.csv",
    )
    for name in hashed:
        before = (run / name).read_bytes()
        (run / name).write_bytes(before + b" ")
        assert name in failures(run)
        (run / name).unlink()
        assert "no such file" in failures(run)[name]
        (run / name).write_bytes(before)
    assert failures(run) == {}


def test_a_plot_whose_drawing_was_killed_has_no_hash(run, monkeypatch):
    class Killed(BaseException):
        pass

    def kill(*_):
        (run / "plots" / "training.png").write_bytes(b"another plot")
        raise Killed

    monkeypatch.setattr(drawing, "_render", kill)
    with pytest.raises(Killed):
        plot(run)
    found = {check.name: check for check in verify(run).checks}
    assert found["other files"].result == SKIPPED
    assert "no sha256 is recorded of plots/" in found["other files"].detail
    assert verify(run).passed


def test_lines_that_the_log_was_given_later_are_told(run):
    with (run / "log.txt").open("a") as log:
        log.write("error: there was no more\n")
    details = {check.name: check.detail for check in verify(run).checks}
    assert details["log.txt"] == "sha256 as recorded; lines were added since"
    (run / "log.txt").write_text("error: there was no more\n")
    assert "log.txt" in failures(run)


def test_of_a_run_of_old_it_says_what_has_no_hash(run):
    record = json.loads((run / "run.json").read_text())
    del record["files"]
    (run / "run.json").write_text(json.dumps(record))
    found = verify(run)
    (rest,) = [check for check in found.checks if check.name == "other files"]
    assert rest.result == SKIPPED
    assert rest.detail.startswith("no sha256 is recorded of log.txt, plots/")
    assert found.passed


@pytest.mark.parametrize(
    ("entry", "wrong"),
    [
        (5, set()),
        ([1], set()),
        ({"../c": {"sha256": "0"}}, {"../c"}),
        ({"log.txt": 5}, {"log.txt"}),
        ({"a": {"sha256": None}}, {"a"}),
    ],
)
def test_files_that_run_json_cannot_mean_are_one_sentence(run, entry, wrong):
    RunFolder.open(run).update(files=entry)
    assert set(failures(run)) == wrong
    plot(run)
    inspect(run)


@pytest.mark.parametrize("again", [inspect, plot])
def test_what_was_damaged_is_found_after_other_files_were_written_anew(tmp_path, again):
    import rnnlab

    run = trained(tmp_path, TEXT)
    made = rnnlab.open(run)
    assert made.path is not None
    (run / "log.txt").write_bytes(b"other" + (run / "log.txt").read_bytes()[5:])
    again(made.path)
    assert "log.txt" in failures(run)


def test_the_hashes_of_one_store_are_those_of_what_it_wrote_last(tmp_path):
    with RunFolder.create(tmp_path, "x", now=datetime.now(UTC)) as store:
        store.write("a.txt", "a")
        store.finish("completed", datetime.now(UTC))
        store.seal()
    (store.path / "a.txt").write_text("b")
    recorded = store.record.files["a.txt"]
    with store.rewriting(lambda name: name == "c.txt"):
        store.write("c.txt", "c")
    assert RunFolder.open(store.path).record.files["a.txt"] == recorded
    assert "c.txt" in RunFolder.open(store.path).record.files


def test_a_baseline_that_a_later_version_has_is_not_missed_in_a_run_of_old(run):
    record = json.loads((run / "run.json").read_text())
    del record["baselines"]["window_map"]
    (run / "run.json").write_text(json.dumps(record))
    assert verify(run).passed


@pytest.mark.parametrize("file", ["config.yaml", "metrics.csv", "checkpoints/0003.npz"])
def test_a_missing_file_is_found(run, file):
    (run / file).unlink()
    name = "checkpoint 0003" if file.endswith("npz") else file
    assert "no such file" in failures(run)[name]


def test_without_any_checkpoint_a_run_that_ended_fails(run):
    shutil.rmtree(run / "checkpoints")
    assert failures(run) == {"checkpoints": "there is none"}


def test_a_changed_setting_is_found_by_the_hash_and_nothing_is_replayed(run):
    config = run / "config.yaml"
    config.write_text(config.read_text().replace("hidden_size: 3", "hidden_size: 4"))
    found = verify(run)
    assert {check.name for check in found.checks if check.result == FAILED} == {"config.yaml"}
    assert {check.name: check.result for check in found.checks}["replay"] == SKIPPED


@pytest.mark.parametrize("change", [("name: small", "name: other"), ("  sha256: ", "  sha256: 00000000 #")])
def test_keys_without_influence_must_agree_with_the_record_all_the_same(run, change):
    config = run / "config.yaml"
    config.write_text(config.read_text().replace(*change))
    assert "config.yaml" in failures(run)


def test_a_run_may_be_kept_elsewhere_and_with_other_checkpoints(run):
    """The path of the data and how often a checkpoint is written decide about no number."""
    config = run / "config.yaml"
    config.write_text(config.read_text().replace("every: 10", "every: 11"))
    assert failures(run) == {}


def test_changed_data_are_found(run):
    series = run.parents[1] / "series.csv"
    series.write_text(series.read_text().replace("2020-01-05,24", "2020-01-05,25"))
    assert re.fullmatch(
        r"file .*series\.csv: sha256 \w{12}\.\.\. is recorded; it is \w{12}\.\.\.", failures(run)["data"]
    )


def test_changed_data_come_with_what_to_do(run):
    series = run.parents[1] / "series.csv"
    series.write_text(series.read_text() + "2031-01-01,5\n")
    assert f"`rnnlab train {run / 'config.yaml'}`" in (verify(run).advice or "")


def test_data_that_are_gone_are_named(run):
    (run.parents[1] / "series.csv").unlink()
    assert "series.csv" in failures(run)["data"]


def changed_record(run, change):
    """Change run.json and keep its other entries."""
    path = run / "run.json"
    content = json.loads(path.read_text())
    change(content)
    path.write_text(json.dumps(content))


def test_a_changed_metric_is_named_with_its_seed(run):
    def change(content):
        content["metrics"]["rmse"]["per_seed"][1] += 1e-12

    changed_record(run, change)
    assert failures(run)["metrics"].startswith("run.json, metrics.rmse, seed 1: ")


def test_the_first_difference_of_a_replay_is_named(run):
    """A forged row, whose hash was forged too."""
    path = run / "gradient_norms.csv"
    lines = path.read_text().splitlines(keepends=True)
    row = next(n for n, line in enumerate(lines) if line.startswith("1,23,"))
    cells = lines[row].split(",")
    lines[row] = ",".join([*cells[:2], "0.5", *cells[3:]])
    path.write_text("".join(lines))
    changed_record(run, lambda content: content.pop("tables"))
    found = verify(run)
    first = found.mismatch
    assert first is not None
    assert (first.file, first.row, first.column) == ("gradient_norms.csv", {"seed": "1", "update": "23"}, "total")
    assert (first.recorded, first.replayed) == ("0.5", cells[2])
    assert first.relative == pytest.approx(abs(0.5 - float(cells[2])) / max(0.5, float(cells[2])))
    assert found.checks[-1].result == FAILED
    assert "seed 1, update 23, total: 0.5 is recorded" in found.checks[-1].detail


def test_a_forged_checkpoint_is_found_by_the_replay(run):
    """Its hash is right, and its parameters are not those that the training leads to."""
    from rnnlab.runs import checkpoints

    found = checkpoints.load(run / "checkpoints" / "0003.json")
    theta = found.arrays["theta"].copy()
    theta[1, 2] += 1e-9
    for end in (".json", ".npz"):
        (run / "checkpoints" / f"0003{end}").unlink()
    checkpoints.save(run / "checkpoints", found.arrays | {"theta": theta}, found.metadata)
    first = verify(run).mismatch
    assert first is not None
    assert (first.file, first.column) == ("checkpoints/0003.npz", "theta[1, 2]")


def test_elsewhere_numbers_may_differ_within_the_tolerance(run):
    """The CPU is another, and a norm in the last digit."""
    path = run / "gradient_norms.csv"
    lines = path.read_text().splitlines(keepends=True)
    row = next(n for n, line in enumerate(lines) if line.startswith("1,23,"))
    cells = lines[row].split(",")
    cells[2] = f"{cells[2][:-2]}{(int(cells[2][-2]) + 1) % 10}{cells[2][-1]}"
    lines[row] = ",".join(cells)
    path.write_text("".join(lines))
    changed_record(run, lambda content: content.pop("tables"))
    assert "replay" in failures(run)
    changed_record(run, lambda content: content["environment"].update(cpu="Z80"))
    found = verify(run)
    assert found.passed
    assert [one.what for one in found.differences] == ["CPU"]
    assert 0 < found.worst < 1e-13
    assert found.tolerance == 1e-6


def test_a_run_of_an_older_version_is_verified_as_far_as_it_goes(run):
    """Without the hashes that this version writes."""

    def change(content):
        for name in ("tables", "config", "code", "environment"):
            content.pop(name)

    changed_record(run, change)
    config = run / "config.yaml"
    config.write_text("".join(line for line in config.read_text().splitlines(True) if "  sha256:" not in line))
    path = run.parents[1] / "series.csv"
    text = config.read_text()
    old = next(line for line in text.splitlines() if line.startswith("  path:"))
    config.write_text(text.replace(old, f"  path: {path}"))
    found = verify(run)
    assert found.passed
    assert [check.name for check in found.checks if check.result == SKIPPED] == ["config.yaml"]
    assert {one.recorded for one in found.differences} == {"not recorded"}


def test_a_diverged_run_verifies(tmp_path):
    from rnnlab.errors import DivergedError

    (tmp_path / "series.csv").write_text(SERIES)
    with pytest.raises(DivergedError) as caught:
        trained(tmp_path, CSV, "training.optimizer={kind: sgd, learning_rate: 1e200}", "training.clip=none")
    assert caught.value.run is not None
    assert failures(caught.value.run) == {}


def test_a_run_that_was_stopped_verifies(tmp_path):
    (tmp_path / "series.csv").write_text(SERIES)
    (tmp_path / "small.yaml").write_text(f"name: small\n{CSV}\ntraining: {{updates: 25, batch_size: 16}}\n")
    asked = iter([False] * 8 + [True] * 100)
    with nothing_painted():
        summary = train(load(tmp_path / "small.yaml"), runs_dir=tmp_path, command=[], should_stop=lambda: next(asked))
    assert summary.record["status"] == "interrupted"
    assert failures(summary.run) == {}


def test_a_run_that_goes_on_is_left_alone(run):
    with (
        RunFolder.create(run.parent, "small", now=datetime.now(UTC)) as store,
        pytest.raises(UsageError, match="running"),
    ):
        verify(store.path)


def test_at_least_one_update_is_replayed(run):
    with pytest.raises(UsageError, match="updates must be a whole number of at least 1; got 0"):
        verify(run, updates=0)


@pytest.fixture(scope="module")
def swept(tmp_path_factory):
    return sweep(tmp_path_factory.mktemp("runs"), [0.5, 1.5]).run


def test_a_sweep_is_measured_again(swept):
    found = verify(swept)
    assert found.passed
    assert found.worst == 0
    assert "rows of results.csv" in found.checks[-1].detail


@pytest.mark.parametrize("column", ["growth_rate", "loss_first"])
def test_a_forged_result_of_a_sweep_is_named(swept, tmp_path, column):
    run = shutil.copytree(swept, tmp_path / swept.name)
    path = run / "results.csv"
    header, first, *others = path.read_text().splitlines()
    cells = first.split(",")
    place = header.split(",").index(column)
    cells[place] = repr(float(cells[place]) * (1 + 1e-12))
    path.write_text("\n".join([header, ",".join(cells), *others]) + "\n")
    assert "results.csv" in failures(run)
    changed_record(run, lambda content: content.pop("tables"))
    first = verify(run).mismatch
    assert first is not None
    assert (first.file, first.column) == ("results.csv", column)


def test_a_run_that_was_lengthened_verifies(run):
    resume(run, length=Length(updates=40), command=[])
    found = verify(run)
    assert {check.name: check.detail for check in found.checks if check.result != PASSED} == {}
    assert found.checks[-1].detail.startswith("updates 31 to 40 from checkpoint 0005: ")


def test_the_start_is_not_replayed_where_its_learning_rates_were_those_of_a_shorter_total(tmp_path):
    once = "training.checkpoint={every: 1000, keep: 1, best: false}"
    run = trained(tmp_path, TEXT, once, "training.schedule={kind: cosine}")
    assert verify(run).checks[-1].result == PASSED
    resume(run, length=Length(updates=40), command=[])
    found = verify(run)
    assert found.passed
    assert (found.checks[-1].name, found.checks[-1].result) == ("replay", SKIPPED)


def test_a_sweep_that_was_stopped_before_a_model_was_measured_is_whole(tmp_path):
    run = sweep(tmp_path, [0.5], "training.checkpoint.every=1", should_stop=lambda: True).run
    found = verify(run)
    assert found.checks[-1].detail == "no model has been measured"
    assert (found.checks[-1].result, found.passed) == (SKIPPED, True)
    resume(run, command=[])
    (run / "results.csv").unlink()
    assert {"results.csv", "replay"} <= failures(run).keys()


def test_of_a_sweep_that_was_stopped_the_updates_that_it_made_are_replayed(tmp_path):
    calls = iter([False] * 4)
    run = sweep(tmp_path, [0.5], "training.checkpoint.every=1", should_stop=lambda: next(calls, True)).run
    made = int(read_table(run / "results.csv")["updates"][0])
    assert 0 < made < 6
    found = verify(run)
    assert (found.checks[-1].result, found.passed) == (PASSED, True)
    assert f"updates 1 to {made}: 3 rows of results.csv and {3 * made} rows" in found.checks[-1].detail


def test_of_a_sweep_whose_first_models_failed_others_are_replayed(tmp_path, monkeypatch):
    draw = members.draw_setup

    def short_of_memory(config, task, which, exact):
        if which[0] == (0.5, 0):
            raise MemoryError
        return draw(config, task, which, exact)

    monkeypatch.setattr(members, "MOST_MODELS", 2)
    with monkeypatch.context() as patch:
        patch.setattr(members, "draw_setup", short_of_memory)
        run = sweep(tmp_path, [0.5, 1.5]).run
    found = verify(run)
    assert found.passed, found.mismatch
    assert found.checks[-1].detail.startswith("2 of 6 models measured before training")
