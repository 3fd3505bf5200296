"""Time `rnnlab sweep-rho`, everything included, beside the same trainings one after the other in PyTorch.

python -m tests.benchmarks.sweep [--rounds 3] [--large] [--peer-python PATH] [--json FILE]
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from rnnlab.config import load
from rnnlab.experiments.setup import architecture_of, draw_parameters
from rnnlab.experiments.sweep.members import at_rho
from rnnlab.experiments.sweep.rho import STARTER
from rnnlab.runs.tables import read_table
from rnnlab.tasks.task import build_task

RHOS = (0.9, 0.99, 1.2)
SMALL = [*map(str, RHOS)]
LARGE = ["--from", "0.5", "--to", "2.0", "--num", "31", "--seeds", "20"]
GOALS = {"3 rhos x 10 seeds": 5.0, "31 rhos x 20 seeds": 60.0}


def sweep(arguments: list[str], folder: Path) -> tuple[float, float, Path]:
    """Seconds and peak MB of a whole process, and its run folder."""
    command = [sys.executable, "-m", "rnnlab", "sweep-rho", *arguments, "--quiet", "--runs-dir", str(folder)]
    began = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    run = process.stdout.read().strip()
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - began
    if os.waitstatus_to_exitcode(status) not in (0, 3):
        raise SystemExit(f"{' '.join(command)} failed")
    return seconds, usage.ru_maxrss / (1024 if sys.platform != "darwin" else 1 << 20), Path(run)


def write_problem(path: Path) -> None:
    """What the trainings of the small sweep start from, for the peer."""
    config = load(STARTER)
    problem = build_task(config)
    architecture = architecture_of(config, problem)
    theta = np.concatenate([draw_parameters(at_rho(config, rho, exact=False), architecture) for rho in RHOS])
    views = architecture.layout().views(theta)
    np.savez(
        path,
        inputs=problem.sequences.inputs,
        targets=problem.sequences.targets,
        updates=config.training.updates,
        learning_rate=config.training.optimizer.learning_rate,
        **{name.rpartition(".")[2]: value for name, value in views.items()},
    )


def peer(python: str, folder: Path, threads: int) -> tuple[float, float, np.ndarray] | str:
    """Seconds of the whole process, of its training loop alone, and the losses; or why there are none."""
    script, result = Path(__file__).with_name("sweep_torch.py"), folder / "torch.npz"
    began = time.perf_counter()
    done = subprocess.run(
        [python, str(script), str(folder / "problem.npz"), str(result), str(threads)], capture_output=True, text=True
    )
    if done.returncode:
        return done.stderr.strip().splitlines()[-1]
    return time.perf_counter() - began, json.loads(done.stdout)["seconds"], np.load(result)["losses"]


def disagreement(run: Path, losses: np.ndarray) -> float:
    """Largest relative difference of first and last losses between the two sides, of models that did not diverge."""
    table = read_table(run / "results.csv")
    ours = np.stack([table["loss_first"], table["loss_last"]], axis=1)
    kept = table["diverged"] != "true"
    return float(np.max(np.abs(ours - losses)[kept] / np.abs(losses)[kept]))


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.sweep", description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--large", action="store_true", help="the sweep of 620 models too")
    parser.add_argument("--peer-python", default=os.environ.get("RNNLAB_BENCH_PYTHON", sys.executable))
    parser.add_argument("--json", type=Path)
    chosen = parser.parse_args()
    figures: dict[str, object] = {"load_average": os.getloadavg(), "cpus": os.cpu_count()}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_problem(folder / "problem.npz")
        ours, theirs, note = [], [], ""
        for _ in range(chosen.rounds):  # in turns, so that a drift of the machine hits both alike
            seconds, peak, run = sweep(SMALL, folder / "runs")
            ours.append(seconds)
            found = [peer(chosen.peer_python, folder, threads) for threads in (1, 2)]
            absent = [one for one in found if isinstance(one, str)]
            if absent:
                note = absent[0]
                continue
            theirs.append(min(one[:2] for one in found if not isinstance(one, str)))
            note = f"losses agree to {disagreement(run, found[0][2]):.1e}"  # type: ignore[arg-type, index]
        figures["3 rhos x 10 seeds"] = {"seconds": ours, "peak_mb": peak}
        print(f"{'':28}{'seconds':>10}{'goal':>8}{'peak MB':>10}")
        line = "3 rhos x 10 seeds"
        print(f"rnnlab {line:21}{statistics.median(ours):10.2f}{GOALS[line]:8.0f}{peak:10.0f}   whole process")
        if theirs:
            whole, loop = (statistics.median(times) for times in zip(*theirs, strict=True))
            figures["torch, 30 models in turn"] = {
                "seconds": [one[0] for one in theirs],
                "loop": [one[1] for one in theirs],
            }
            print(f"PyTorch, same 30 in turn    {whole:10.2f}{'':18}   whole process, training alone: {loop:.2f}")
        print(f"  {note}")
        if chosen.large:
            line = "31 rhos x 20 seeds"
            seconds, peak, _ = sweep(LARGE, folder / "runs")
            figures[line] = {"seconds": seconds, "peak_mb": peak}
            print(f"rnnlab {line:21}{seconds:10.2f}{GOALS[line]:8.0f}{peak:10.0f}   whole process")
    if chosen.json:
        chosen.json.parent.mkdir(parents=True, exist_ok=True)
        chosen.json.write_text(json.dumps(figures, indent=2))


if __name__ == "__main__":
    main()
