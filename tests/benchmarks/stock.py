"""Time whole processes, from start to exit: `rnnlab train configs/stock.yaml` beside the same job in PyTorch.

    python -m tests.benchmarks.stock [--rounds 5] [--peer-python PATH] [--json FILE]

Both read the prices, train five seeds for 300 epochs, forecast, and write records and three plots.
This module imports little: a child's peak memory is never counted below that of the process which started it.
"""

import argparse
import csv
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parents[2]
PRICES = ROOT / "rnnlab/data/prices/snapshots/AAPL.csv"
EPOCHS, SEEDS = 300, 5


def ours(folder: Path) -> dict:
    command = [sys.executable, "-m", "rnnlab", "train", "configs/stock.yaml", "--quiet", "--runs-dir", str(folder)]
    told, figures = timed(command)
    run = Path(told.strip())
    with open(run / "metrics.csv", encoding="utf-8") as file:
        seconds = float(list(csv.DictReader(file))[-1]["seconds"])
    metrics = json.loads((run / "run.json").read_text(encoding="utf-8"))["metrics"]
    return {**figures, "ms_per_epoch": 1e3 * seconds / EPOCHS / SEEDS, "rmse": metrics["rmse"]["per_seed"]}


def theirs(python: str, folder: Path) -> dict:
    script = Path(__file__).with_name("peer_stock_torch.py")
    told, figures = timed([python, str(script), str(PRICES), str(folder / "torch")])
    return {**figures, **json.loads(told)}


def timed(command: list[str]) -> tuple[str, dict]:
    """Standard output, seconds and peak megabytes of a process."""
    began = time.perf_counter()
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    told = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - began
    if os.waitstatus_to_exitcode(status):
        raise SystemExit(f"{' '.join(command)} failed")
    unit = 1 << 20 if sys.platform == "darwin" else 1 << 10
    return told, {"seconds": seconds, "peak_mb": usage.ru_maxrss / unit}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.stock", description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5, metavar="N")
    parser.add_argument("--peer-python", default=os.environ.get("RNNLAB_BENCH_PYTHON", sys.executable), metavar="PATH")
    parser.add_argument("--json", type=Path, metavar="FILE")
    chosen = parser.parse_args()
    needs = "import torch, pandas, matplotlib"
    absent = subprocess.run([chosen.peer_python, "-c", needs], capture_output=True).returncode != 0
    if absent:
        print(f"PyTorch is left out: `{needs}` fails in {chosen.peer_python}.")
    found: dict[str, list[dict]] = {"rnnlab": []} if absent else {"rnnlab": [], "PyTorch": []}
    with tempfile.TemporaryDirectory() as name:
        for _ in range(chosen.rounds + 1):  # the first round warms the file cache
            found["rnnlab"].append(ours(Path(name)))
            if not absent:
                found["PyTorch"].append(theirs(chosen.peer_python, Path(name)))
    print(f"configs/stock.yaml, {SEEDS} seeds x {EPOCHS} epochs, median of {chosen.rounds} whole processes")
    middle = {}
    for side, rounds in found.items():
        keys = ("seconds", "ms_per_epoch", "peak_mb")
        middle[side] = {key: statistics.median(each[key] for each in rounds[1:]) for key in keys}
        m, rmse = middle[side], statistics.mean(rounds[-1]["rmse"])
        print(
            f"  {side:8} {m['seconds']:6.2f} s   {m['ms_per_epoch']:6.3f} ms an epoch and seed   "
            f"{m['peak_mb']:5.0f} MB   RMSE {rmse:.1f} USD"
        )
    if not absent:
        whole, epoch = (middle["PyTorch"][key] / middle["rnnlab"][key] for key in ("seconds", "ms_per_epoch"))
        print(f"  rnnlab is {whole:.2f} times as fast in the whole and {epoch:.2f} times per epoch (goal: 2 and 2).")
    if chosen.json:
        chosen.json.write_text(json.dumps({"median": middle, "rounds": found}, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
