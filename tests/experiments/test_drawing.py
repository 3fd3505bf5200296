"""Plots come last, and none of them can fail a run."""

import json
import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

from rnnlab.errors import RunFolderError
from rnnlab.experiments.drawing import draw_plots
from rnnlab.experiments.inspect import inspect
from rnnlab.experiments.train import train
from rnnlab.runs import RunFolder
from rnnlab.runs.tables import Table
from tests.experiments.sweeps import small_config, sweep

# Python reads this file at its start where its folder is on the path: here the drawing ends the process.
KILLED_WHILE_DRAWING = """\
import os, sys, importlib.abc
class Finder(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name == "rnnlab.plots":
            os.kill(os.getpid(), 9)
sys.meta_path.insert(0, Finder())
"""


@pytest.fixture
def refused(monkeypatch):
    """A function that makes the drawing of every plot raise an error."""

    def refuse(error: BaseException) -> None:
        def render(*_):
            raise error

        monkeypatch.setattr("rnnlab.plots.canvas.render", render)

    return refuse


@pytest.mark.parametrize(
    ("error", "why"),
    [
        (MemoryError(), "there is not enough memory"),
        (OverflowError("too\nlarge."), "OverflowError: too large"),
        (ValueError(), "ValueError"),
        (OSError(28, "No space left on device"), "the disk is full"),
    ],
)
def test_a_plot_that_cannot_be_drawn_is_a_warning(run_of, refused, error, why):
    refused(error)
    told: list[str] = []
    run = run_of(plots=True, on_warning=told.append)
    sentences = [f"plots/{name}.png could not be drawn: {why}." for name in ("training", "gradient_norms", "forecast")]
    assert run.record["status"] == "completed"
    assert run.record["metrics"]["rmse"]["mean"] > 0
    assert [told.count(sentence) for sentence in sentences] == [1, 1, 1]
    assert [run.record["warnings"].count(sentence) for sentence in sentences] == [1, 1, 1]
    assert run.summary.record["warnings"] == run.record["warnings"]
    log = (run.path / "log.txt").read_text()
    assert all(f"warning: {sentence}" in log for sentence in sentences)


def test_one_plot_that_fails_costs_no_other(tmp_path, monkeypatch):
    monkeypatch.setattr("rnnlab.plots.canvas.render", lambda *_: b"png")
    run = RunFolder.create(tmp_path, "x", now=datetime.now(UTC))
    told: list[str] = []
    written = draw_plots(run, {"a.png": lambda: 1 / 0, "b.png": lambda: None}, told.append)  # type: ignore[dict-item]
    assert told == ["plots/a.png could not be drawn: ZeroDivisionError: division by zero."]
    assert [path.name for path in written] == ["b.png"]


def test_what_is_in_the_way_of_the_plots_is_named(tmp_path, monkeypatch):
    monkeypatch.setattr("rnnlab.plots.canvas.render", lambda *_: b"png")
    run = RunFolder.create(tmp_path, "x", now=datetime.now(UTC))
    (run.path / "plots").symlink_to(tmp_path / "nowhere")
    told: list[str] = []
    assert draw_plots(run, {"a.png": lambda: None}, told.append) == []  # type: ignore[dict-item]
    assert told == [f"plots/a.png could not be drawn: '{run.path / 'plots'}' must be a folder; it is a link."]


def test_a_log_that_takes_no_line_does_not_fail_the_run(run_of, refused, monkeypatch):
    refused(OSError(28, "No space left on device"))
    monkeypatch.setattr(RunFolder, "update", _until_finished(RunFolder.update))
    run = run_of(plots=True)
    assert run.record["status"] == "completed"
    assert run.summary.warnings[-1] == "plots/forecast.png could not be drawn: the disk is full."


def _until_finished(update):
    def full(self, **fields):
        if self.record.status == "completed":
            raise RunFolderError("the disk is full")
        update(self, **fields)

    return full


def test_an_interrupt_while_plots_are_drawn_leaves_the_run_completed(run_of, folder, refused):
    refused(KeyboardInterrupt())
    with pytest.raises(KeyboardInterrupt):
        run_of(plots=True)
    (run,) = (folder / "runs").iterdir()
    opened = RunFolder.open(run)
    assert opened.record.status == "completed"
    assert len(opened.read_table("predictions.csv")["date"]) > 0


@pytest.fixture
def at_drawing(monkeypatch, tmp_path):
    """The tables that are open, and the status of the run, at each plot."""
    opened: set[Path] = set()
    seen: list[tuple[set[Path], str]] = []
    append, close = Table.append_columns, Table.close

    def append_columns(self, columns):
        opened.add(self._file.path)
        append(self, columns)

    def closed(self):
        opened.discard(self._file.path)
        close(self)

    def render(*_):
        (run,) = tmp_path.iterdir()
        seen.append((set(opened), RunFolder.open(run).record.status))
        return b""

    monkeypatch.setattr(Table, "append_columns", append_columns)
    monkeypatch.setattr(Table, "close", closed)
    monkeypatch.setattr("rnnlab.plots.canvas.render", render)
    return seen


CONFIG = small_config("training.log_gradient_flow_every=2")


@pytest.mark.parametrize(
    ("make", "plots", "status"),
    [
        (lambda path: sweep(path, (0.9,)), 5, "completed"),
        (lambda path: train(CONFIG, runs_dir=path, command=[]), 3, "completed"),
        (lambda path: train(CONFIG, runs_dir=path, command=[], should_stop=lambda: True), 3, "interrupted"),
    ],
    ids=["sweep", "training", "training that was stopped"],
)
def test_every_table_is_closed_before_anything_is_drawn(at_drawing, tmp_path, make, plots, status):
    make(tmp_path)
    assert at_drawing == [(set(), status)] * plots


def test_an_inspection_has_written_its_numbers_before_it_draws(monkeypatch, tmp_path):
    run = train(CONFIG, runs_dir=tmp_path, command=[]).run
    monkeypatch.setattr("rnnlab.plots.canvas.render", lambda *_: (run / "inspect.json").read_bytes())
    assert inspect(run).warnings == []
    record, log = json.loads((run / "run.json").read_text()), (run / "log.txt").read_bytes()
    monkeypatch.setattr("rnnlab.plots.canvas.render", lambda *_: 1 / 0)
    (first, second) = inspect(run).warnings
    assert first == "plots/inspect_transport.png could not be drawn: ZeroDivisionError: division by zero."
    assert json.loads((run / "inspect.json").read_text())["warnings"] == [first, second]
    assert (run / "log.txt").read_bytes() == log  # another may train the run
    now = json.loads((run / "run.json").read_text())
    assert {**now, "files": None} == {**record, "files": None}


@pytest.mark.slow
@pytest.mark.parametrize("arguments", [("train", "small.yaml"), ("sweep-rho", "0.9", "1.1", "--seeds", "2")])
def test_a_process_killed_while_it_draws_has_written_everything(installed, folder, arguments):
    (folder / "start").mkdir()
    (folder / "start" / "sitecustomize.py").write_text(KILLED_WHILE_DRAWING)
    done = installed(*arguments, env={"PYTHONPATH": str(folder / "start")})
    assert done.returncode == -9, done.stderr
    (run,) = (folder / "runs").iterdir()
    opened = RunFolder.open(run)
    assert opened.record.status == "completed"
    name, rows = ("metrics.csv", 4) if arguments[0] == "train" else ("results.csv", 4)
    assert len(opened.read_table(name)["seed"]) == rows


@pytest.mark.slow
@pytest.mark.parametrize(
    "settings",
    [
        "text.usetex: True\n",
        "backend: TkAgg\naxes.formatter.use_locale: True\nfont.family: Nowhere Sans\n",
        "\x00\xff rubbish :: \nlines.linewidth: wide\n",
        "savefig.format: pdf\nsavefig.dpi: 9999999\nfigure.dpi: 1e9\n",
    ],
)
def test_nothing_of_the_users_matplotlib_reaches_a_run(installed, folder, settings):
    plain = installed("train", "small.yaml", "--quiet")
    (folder / "matplotlibrc").write_bytes(settings.encode("latin-1"))
    (folder / "home").mkdir()
    (folder / "home").chmod(0o500)
    done = installed(
        "train", "small.yaml", "--quiet",
        env={
            "MPLBACKEND": "module://matplotlib_inline.backend_inline",
            "MPLCONFIGDIR": os.path.join(os.devnull, "matplotlib"),
            "HOME": str(folder / "home"),
        },
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    for name in ("training", "gradient_norms", "forecast"):
        first, second = (Path(folder, one.stdout.strip(), "plots", f"{name}.png") for one in (plain, done))
        assert first.read_bytes() == second.read_bytes()


def test_the_summary_of_a_sweep_holds_the_warnings_of_plots_that_failed(refused, tmp_path):
    refused(ValueError("no"))
    swept = sweep(tmp_path, [0.9])
    assert "plots/growth.png could not be drawn: ValueError: no." in swept.warnings
    for stored in (json.loads((swept.run / "summary.json").read_text()), RunFolder.open(swept.run).record.plain()):
        assert stored["warnings"] == list(swept.warnings)
