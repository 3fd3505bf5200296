"""Small sweeps: a short text, few units, few updates."""

from pathlib import Path

from rnnlab.config import load
from rnnlab.experiments.sweep.rho import STARTER, SweepSummary, resume_sweep, sweep_rho
from rnnlab.runs import RunFolder
from rnnlab.tasks.task import build_task

SMALL = ("model.hidden_size=8", "data.chunk=12", "training.updates=6", "data.repeat=4")


def small_config(*overrides: str, seeds: str = "3"):
    """The bundled config, made small."""
    return load(STARTER, overrides=[*SMALL, *overrides], seeds=seeds)


def sweep(folder: Path, rhos, *overrides: str, seeds: str = "3", **options) -> SweepSummary:
    """A small sweep with its run in `folder`."""
    config = small_config(*overrides, seeds=seeds)
    return sweep_rho(config, rhos, runs_dir=folder, command=["rnnlab", "sweep-rho"], **options)


def resume(run: Path, **options) -> SweepSummary:
    """Go on with a sweep, as `rnnlab resume` does."""
    folder = RunFolder.open(run)
    with folder:
        folder.hold()
        config = load(run / "config.yaml")
        return resume_sweep(folder, config, build_task(config), command=["rnnlab", "resume"], **options)


def content(run: Path) -> dict[str, bytes]:
    """The files that a sweep promises byte for byte, by their names."""
    files = [*run.glob("*.csv"), run / "summary.json", *run.glob("plots/*")]
    return {str(path.relative_to(run)): path.read_bytes() for path in files if path.exists()}
