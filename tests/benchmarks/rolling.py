"""How long a rolling evaluation of the stock experiment takes as a whole process: 50 folds, each with its training.

    python -m tests.benchmarks.rolling [--folds N] [--retrain-epochs E] [--seeds N] [--rounds N] [--json]

By default every training after the first goes on for 20 epochs from the networks of the fold before; 0 trains each
afresh. On two cores 50 folds are meant to take less than 60 seconds.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time

from tests.benchmarks.startup import RNNLAB


def seconds(folder: str, evaluation: str, seeds: int) -> float:
    start = time.perf_counter()
    command = ["train", "stock", "--seeds", str(seeds), "--set", f"evaluation={evaluation}", "--quiet"]
    subprocess.run([sys.executable, *RNNLAB, *command], cwd=folder, capture_output=True, check=True)
    return time.perf_counter() - start


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folds", type=int, default=50)
    parser.add_argument("--retrain-epochs", type=int, default=20)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    os.environ["PYTHONPATH"] = os.getcwd()
    epochs = asked.retrain_epochs or "null"
    evaluation = f"{{kind: rolling, folds: {asked.folds}, retrain_epochs: {epochs}}}"
    with tempfile.TemporaryDirectory() as folder:
        times = [seconds(folder, evaluation, asked.seeds) for _ in range(asked.rounds)]
    found = {"folds": asked.folds, "seeds": asked.seeds, "seconds": statistics.median(times), "each": times}
    if asked.json:
        print(json.dumps(found))
        return
    each = ", ".join(f"{one:.1f}" for one in times)
    print(f"{asked.folds} folds x {asked.seeds} seeds: {found['seconds']:.1f} s (median of {each})")


if __name__ == "__main__":
    main()
