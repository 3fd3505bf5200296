"""Plots drawn again from the files of a run: the same bytes where the files are whole, else as far as they go."""

import json
import os
import re
import shutil
import subprocess
import sys
import tracemalloc
from pathlib import Path

import numpy as np
import pytest

from rnnlab.config import load
from rnnlab.errors import ConfigError, DivergedError, RunFolderError, RunWriteError, UsageError
from rnnlab.experiments.inspect import inspect
from rnnlab.experiments.redraw import Drawn, plot
from rnnlab.experiments.stored import StoredTraining
from rnnlab.experiments.train import train
from rnnlab.runs import RunFolder, tables
from tests.experiments.shipped import FILES, IDS, brief, is_ridge
from tests.experiments.sweeps import sweep
from tests.painting import nothing_painted

ADDING = "data={{kind: synthetic, task: adding, length: {}, sequences: endless, held_out: 8}}"
BY_TWO = "training={{updates: {}, batch_size: 2, log_gradient_flow_every: 4}}"
STOPPING = ("training.early_stopping={patience: 3, validation_fraction: 0.1}", "training.optimizer.learning_rate=0.7")
VARIANTS = {
    "epochs": ["training.epochs=12"],
    "a lone seed": ["seeds=1", "training.epochs=12"],
    "minibatches": ["training.batch_size=4", "training.shuffle=true"],
    "ended within an epoch": ["training.epochs=null", "training.updates=100", "training.batch_size=4"],
    "endless": [ADDING.format(6), BY_TWO.format(30), "model.readout=last"],
    "different lengths": [ADDING.format([6, 9]), BY_TWO.format(12), "model.readout=last"],
    "early stopping": ["training.epochs=60", *STOPPING],
    "clipping": ["training.epochs=12", "training.clip={kind: norm, threshold: 0.2}"],
    "per parameter": ["training.epochs=12", "training.clip={kind: per_parameter, threshold: 0.1}"],
    "some diverge": ["training.epochs=14", "model.activation=relu", "training.optimizer.learning_rate=3.2", "seeds=6"],
    "ridge": ["training.fit=ridge"],
    "horizon": ["data.horizon=3", "data.target=difference"],
}


def only_files(run: Path) -> dict[str, bytes]:
    """The plots of a run, which is left without plots and without all but its record, its config and its tables."""
    kept = {path.name: path.read_bytes() for path in (run / "plots").iterdir()}
    for folder in ("plots", "checkpoints"):
        shutil.rmtree(run / folder, ignore_errors=True)
    return kept


def drawn_again(run: Path, **options) -> tuple[dict[str, bytes], Drawn]:
    drawn = plot(run, **options)
    return {path.name: path.read_bytes() for path in drawn.files}, drawn


def assert_redrawn(run: Path) -> None:
    kept = only_files(run)
    again, drawn = drawn_again(run)
    assert drawn.warnings == []
    assert sorted(again) == sorted(kept)
    assert [name for name in kept if again[name] != kept[name]] == []


@pytest.mark.painted
@pytest.mark.parametrize("file", FILES, ids=IDS)
def test_every_config_is_drawn_from_its_files_as_it_was_when_it_was_trained(run_of, file, tmp_path):
    flow = () if is_ridge(file) else ("training.log_gradient_flow_every=1",)
    run = run_of(*brief(file, tmp_path), *flow, config=file, seeds="2", plots=True)
    assert len(list((run.path / "plots").iterdir())) >= (1 if is_ridge(file) else 3)
    assert_redrawn(run.path)


@pytest.mark.painted
@pytest.mark.parametrize("changes", VARIANTS.values(), ids=VARIANTS)
def test_every_course_is_drawn_from_its_files_as_it_was(run_of, folder, changes):
    seeds = None if any(change.startswith("seeds") for change in changes) else "3"
    run = run_of(*changes, seeds=seeds, plots=True).path
    (folder / "series.csv").unlink()  # the data are not needed
    assert_redrawn(run)


@pytest.mark.painted
@pytest.mark.parametrize("size", [300, 5000])
def test_thinned_curves_and_tables_read_in_pieces_give_the_same_picture(run_of, monkeypatch, size):
    monkeypatch.setattr("rnnlab.experiments.observers.curves.MOST_POINTS", 16)
    monkeypatch.setattr("rnnlab.experiments.gradient_flow.MOST_LOOKS", 8)
    monkeypatch.setattr(tables, "AT_ONCE", size)
    changes = ["training.clip={kind: norm, threshold: 0.2}", "training.log_gradient_flow_every=2"]
    assert_redrawn(run_of("training.epochs=75", *changes, seeds="2", plots=True).path)


@pytest.mark.painted
@pytest.mark.parametrize("epochs", [3, 12])
@pytest.mark.parametrize("stops", [3, 25, 26])
def test_a_run_that_was_stopped_is_drawn_as_it_was(run_of, epochs, stops):
    asked = iter(range(10_000))
    changes = [f"training.epochs={epochs}", "training.batch_size=4", "training.log_gradient_flow_every=3"]
    run = run_of(*changes, seeds="2", plots=True, should_stop=lambda: next(asked) >= stops)
    assert run.record["status"] == "interrupted"
    assert_redrawn(run.path)


@pytest.mark.painted
@pytest.mark.parametrize("changes", [["training.epochs=15"], ["training.batch_size=4", "training.epochs=20"]])
def test_a_run_of_which_all_diverged_is_drawn_as_it_was(folder, changes):
    wild = ["model.activation=relu", "training.optimizer.learning_rate=10", "training.log_gradient_flow_every=1"]
    with pytest.raises(DivergedError) as caught:
        train(load("small.yaml", overrides=(*wild, *changes), seeds="3"), runs_dir=folder / "runs", command=[])
    assert caught.value.run is not None
    assert_redrawn(caught.value.run)


@pytest.mark.painted
@pytest.mark.parametrize(
    "changes",
    [(), ("model.cell=lstm", "model.activation=tanh"), ("training.updates=60", "training.log_gradient_flow_every=3")],
)
def test_a_sweep_is_drawn_from_its_files_as_it_was(tmp_path, changes):
    run = sweep(tmp_path, [0.5, 1.2, 40.0], *changes).run
    assert len(list((run / "plots").iterdir())) == 5
    assert_redrawn(run)


@pytest.mark.painted
def test_an_inspection_is_drawn_from_its_files_as_it_was(run_of):
    run = run_of("model.layers=2", "model.cell=gru", seeds="2")
    inspect(run.path)
    kept = only_files(run.path)
    names = [name for name in kept if name.startswith("inspect_")]
    assert sorted(names) == sorted(f"inspect_{what}_layer{k}.png" for what in ("transport", "spectrum") for k in (0, 1))
    again, _ = drawn_again(run.path, names=[name.removesuffix(".png") for name in names])
    assert again == {name: kept[name] for name in names}


# What is not whole


@pytest.fixture
def killed(run_of):
    """A run that was killed: its record says running, its process is gone."""

    def kill(*changes: str) -> Path:
        with nothing_painted():
            run = run_of(
                "training.epochs=20", "training.log_gradient_flow_every=2", *changes, seeds="3", plots=True
            ).path
        record = json.loads((run / "run.json").read_text()) | {"status": "running", "metrics": {}, "stopped_early": {}}
        record["process"]["pid"] = 2**31 - 2
        (run / "run.json").write_text(json.dumps(record))
        only_files(run)
        return run

    return kill


def cut_at(run: Path, name: str, lines: int, more: int = 0) -> None:
    text = (run / name).read_bytes().splitlines(keepends=True)
    os.truncate(run / name, sum(map(len, text[:lines])) + more)


@pytest.mark.parametrize("more", [0, 9])
def test_rows_that_a_killed_training_did_not_write_do_not_look_diverged(killed, more):
    run = killed()
    cut_at(run, "gradient_norms.csv", 1 + 3 * 7 + 2, more)  # the eighth update lacks a seed
    cut_at(run, "metrics.csv", 1 + 3 * 6 + 1, more)
    cut_at(run, "gradient_flow.csv", 1 + 3 * 4 * 4 + 5, more)
    told: list[str] = []
    stored = StoredTraining(load(run / "config.yaml"), RunFolder.open(run), told.append)
    course = stored.course
    assert (course.done, course.updates.count, course.epochs.count) == (7, 7, 6)
    assert np.isfinite(course.updates.values).all()
    assert stored.looks.updates == [1, 3, 5, 7]
    assert np.isfinite(stored.looks.transport).all()
    assert told == []
    assert {path.name for path in plot(run).files} == {"training.png", "gradient_norms.png", "gradient_flow.png"}


def test_a_lost_run_with_early_stopping_keeps_who_stopped(killed):
    run = killed("training.epochs=60", *STOPPING)
    rows = tables.read_table(run / "gradient_norms.csv")
    last = [rows["update"][rows["seed"] == seed].max() for seed in range(3)]
    assert len(set(last)) > 1
    stored = StoredTraining(load(run / "config.yaml"), RunFolder.open(run), pytest.fail)
    assert stored.course.stopped.tolist() == [one < max(last) for one in last]


def test_rows_that_a_full_disk_did_not_take_are_told(run_of):
    run = run_of("training.epochs=20", seeds="2").path
    lines = (run / "gradient_norms.csv").read_text().splitlines(keepends=True)
    (run / "gradient_norms.csv").write_text("".join(lines[:9] + lines[20:]))
    drawn = plot(run)
    assert drawn.warnings == [
        "gradient_norms.csv lacks rows, as where a disk was full: the plots show those that it has."
    ]
    assert len(drawn.files) == 3


def edit(run: Path, name: str, change) -> None:
    (run / name).write_text(change((run / name).read_text()))


def swap(old: str, new: str):
    return lambda table: table.write_text(table.read_text().replace(old, new))


def add(line: str):
    return lambda table: table.write_text(table.read_text() + line + "\n")


DAMAGE = {
    "no table": (Path.unlink, "there is no such file"),
    "empty": (lambda table: table.write_text(""), "column"),
    "text": (swap("\n1,2,", "\n1,two,"), "numbers"),
    "a long row": (add("1,2,3,4,5,6,7,8,9,10,11"), "numbers"),
    "a short row": (add("1,2"), "numbers"),
    "no total": (swap("total", "tutti"), "a column total"),
    "a strange seed": (swap("\n1,2,", "\n77,2,"), "the seeds of the run: got 77"),
    "disorder": (swap("\n1,3,", "\n1,1,"), "order"),
    "a far update": (swap("\n1,4,", "\n1,4e15,"), "lacks 3,9"),
    "half an update": (swap("\n1,4,", "\n1,3.5,"), "order"),
    "binary": (lambda table: table.write_bytes(bytes(range(256)) * 9), "gradient_norms.csv"),
    "a folder": (lambda table: (table.unlink(), table.mkdir()), "folder"),
}


@pytest.mark.parametrize(("damage", "said"), DAMAGE.values(), ids=DAMAGE)
def test_a_damaged_table_costs_its_plots_and_says_why(run_of, damage, said):
    run = run_of(seeds="2").path
    damage(run / "gradient_norms.csv")
    drawn = plot(run)
    assert [path.name for path in drawn.files] == ["forecast.png"]
    assert [re.match(r"\w+\.png could not be drawn: ", one) is not None for one in drawn.warnings] == [True, True]
    assert all(said in one and "\n" not in one for one in drawn.warnings)


def test_tables_of_old_are_drawn_without_what_they_lack(run_of):
    run = run_of(seeds="2", plots=True).path
    for name, columns in (("gradient_norms.csv", ["loss"]), ("predictions.csv", ["best_baseline", "median"])):
        for _ in columns:
            edit(run, name, lambda text: "".join(line.rpartition(",")[0] + "\n" for line in text.splitlines()))
        assert not any(column in (run / name).read_text() for column in columns)
    (run / "training_rows.csv").unlink()
    edit(run, "run.json", lambda text: text.replace('"train_range"', '"x"').replace('"combined"', '"y"'))
    drawn = plot(run)
    assert drawn.warnings == ["gradient_norms.csv has no column loss, as in runs of old: training.png shows no loss."]
    assert len(drawn.files) == 3


def test_metrics_that_are_gone_cost_the_loss_by_epoch(run_of):
    run = run_of("training.epochs=12", seeds="2").path
    (run / "metrics.csv").unlink()
    drawn = plot(run)
    assert len(drawn.files) == 3
    (told,) = drawn.warnings
    assert told.endswith("there is no such file. training.png shows the loss of each update.")


@pytest.mark.painted
@pytest.mark.parametrize("value", ["inf", "-inf", "nan", "", "1e308", "-1e-320"])
def test_any_number_in_a_table_is_drawn(run_of, value):
    run = run_of("training.epochs=12", "training.log_gradient_flow_every=1", seeds="2").path
    for name in ("gradient_norms.csv", "metrics.csv", "gradient_flow.csv"):
        header, *rows = (run / name).read_text().splitlines()
        rows[5:9] = [",".join([*row.split(",")[:3], *[value] * (row.count(",") - 2)]) for row in rows[5:9]]
        (run / name).write_text("\n".join([header, *rows, ""]))
    assert len(plot(run).files) == 4


@pytest.mark.slow
def test_a_million_rows_take_no_memory_of_their_own(run_of, monkeypatch):
    monkeypatch.setattr(tables, "AT_ONCE", 1 << 18)
    run = run_of(seeds="2").path
    header, *_ = (run / "gradient_norms.csv").read_text().splitlines()
    with open(run / "gradient_norms.csv", "w") as file:
        file.write(header + "\n")
        for update in range(1, 500_001):
            file.writelines(f"{seed},{update},0.5,1.0,0.1,0.2,0.3,0.4,0.5,1.25\n" for seed in (0, 1))
    tracemalloc.start()
    try:
        course = StoredTraining(load(run / "config.yaml"), RunFolder.open(run), lambda _: None).course
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert course.updates.count == 500_000
    assert peak < 24 << 20  # the numbers alone are 80 MB


# What is asked for


def test_names_are_checked(run_of):
    run = run_of(seeds="2").path
    with pytest.raises(UsageError, match="no such plot: trainin; did you mean training") as caught:
        plot(run, ["trainin"])
    assert caught.value.hint == "The plots of this run are training, gradient_norms, forecast."
    assert [path.name for path in plot(run, ["forecast.png", "training", "forecast"]).files] == [
        "forecast.png",
        "training.png",
    ]


@pytest.mark.parametrize("format", ["bmp", "", "PNG", "../x", "a\nb"])
def test_formats_are_checked(run_of, format):
    with pytest.raises(UsageError, match="the format must be one of png, pdf, svg; got "):
        plot(run_of().path, format=format)


@pytest.mark.painted
@pytest.mark.parametrize("format", ["pdf", "svg"])
def test_pdf_and_svg_are_the_same_every_time_and_have_text(run_of, tmp_path, format):
    run = run_of("training.epochs=12", "training.log_gradient_flow_every=1", seeds="2", plots=True).path
    first, _ = drawn_again(run, format=format, out=tmp_path / "a" / "b")
    assert sorted(first) == sorted(
        f"{name}.{format}" for name in ("training", "gradient_norms", "gradient_flow", "forecast")
    )
    code = f"import rnnlab; rnnlab.plot({str(run)!r}, format={format!r})"
    subprocess.run([sys.executable, "-c", code], check=True, env={**os.environ, "SOURCE_DATE_EPOCH": "99"})
    assert {path.name: path.read_bytes() for path in (run / "plots").glob(f"*.{format}")} == first
    assert all(b"Date" not in content and b"dc:date" not in content for content in first.values())
    if format == "svg":
        assert b">small: training</text>" in first["training.svg"]
        assert b"gradient norm</text>" in first["training.svg"]


def test_where_nothing_can_be_written_it_is_an_error_and_elsewhere_it_works(run_of, tmp_path):
    run = run_of(seeds="2").path
    (tmp_path / "file").write_text("")
    with pytest.raises(RunWriteError, match="a part of the path is a file"):
        plot(run, out=tmp_path / "file" / "below")
    if os.geteuid():
        run.chmod(0o500)
        with pytest.raises(RunWriteError, match="no permission"):
            plot(run)
    shutil.rmtree(run / "plots", ignore_errors=True)
    (run / "plots").write_text("")
    with pytest.raises(RunWriteError):
        plot(run)
    assert len(plot(run, out=tmp_path / "there").files) == 3


def test_a_run_without_plots_or_config_says_so(run_of):
    run = run_of("training.fit=ridge", "data={kind: synthetic, task: adding, length: 6}", seeds="2").path
    with pytest.raises(RunFolderError, match="it has no plots"):
        plot(run)
    (run / "config.yaml").unlink()
    with pytest.raises((RunFolderError, ConfigError), match=r"config\.yaml"):
        plot(run)
