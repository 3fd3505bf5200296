"""Small experiments: a series in a CSV file, configs as text, whole runs here or by the executable."""

from collections.abc import Callable
from datetime import date, timedelta
from functools import partial
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from matplotlib.figure import Figure

from rnnlab.config import load
from rnnlab.experiments.train import train
from rnnlab.runs import RunFolder
from tests.command_line import EXECUTABLE, Run, run_here, run_process
from tests.painting import unpainted

__all__ = ["unpainted"]

CONFIG = """\
name: small
data: {kind: csv, path: series.csv, lookback: 4}
model: {hidden_size: 3}
training:
  optimizer: {kind: sgd, learning_rate: 0.05}
  epochs: 4
"""


@pytest.fixture
def values() -> np.ndarray:
    """A wave on a slope, 60 rows: the last ones lie above all before."""
    t = np.arange(60)
    return np.round(20 + 0.2 * t + 2 * np.sin(0.9 * t), 3)


@pytest.fixture
def write_series(tmp_path: Path) -> Callable[..., Path]:
    """Write (day, value) rows to a CSV file."""

    def write(values, name: str = "series.csv", days: list | None = None) -> Path:
        days = days or [date(2020, 1, 1) + timedelta(days=k) for k in range(len(values))]
        lines = ["date,value", *(f"{day},{value}" for day, value in zip(days, values, strict=True))]
        path = tmp_path / name
        path.write_text("\n".join(lines) + "\n")
        return path

    return write


@pytest.fixture
def folder(tmp_path: Path, values, write_series, monkeypatch) -> Path:
    """A folder with `small.yaml` and its `series.csv`, which the process works in."""
    write_series(values)
    (tmp_path / "small.yaml").write_text(CONFIG)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def run_of(folder: Path, monkeypatch) -> Callable[..., SimpleNamespace]:
    """Train a config with overrides KEY=VALUE: what came back, the run folder and its tables.

    The plots, which take most of the time and have tests of their own, are set out on request.
    """

    def run(
        *overrides: str, config: str | Path = "small.yaml", seeds: str | None = None, plots: bool = False, **options
    ) -> SimpleNamespace:
        if not plots:
            for name in ("training", "gradient_norms", "forecast"):
                monkeypatch.setattr(f"rnnlab.plots.{name}.{name}", lambda *_parts, **_options: Figure())
        chosen = load(config, overrides=overrides, seeds=seeds)
        summary = train(chosen, runs_dir=folder / "runs", command=["rnnlab", "train"], **options)
        opened = RunFolder.open(summary.run)
        return SimpleNamespace(
            config=chosen,
            summary=summary,
            path=summary.run,
            record=opened.record.plain(),
            table=opened.read_table,
            checkpoint=opened.latest_checkpoint,
        )

    return run


@pytest.fixture(scope="session")
def executable() -> Path:
    """The `rnnlab` that was installed beside the interpreter running the tests."""
    return EXECUTABLE


@pytest.fixture
def rnnlab(folder: Path) -> Run:
    """Carry out `rnnlab ARGUMENTS...` in the folder and in this process."""
    return partial(run_here, folder)


@pytest.fixture
def installed(folder: Path) -> Run:
    """Run the installed `rnnlab ARGUMENTS...` in the folder with its streams captured."""
    return partial(run_process, folder)
