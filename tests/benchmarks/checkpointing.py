"""What checkpoints cost: a training without any but the last, by default, and with one every second and every update.

    python -m tests.benchmarks.checkpointing [CONFIG] [--rounds N] [--set KEY=VALUE] [--json]

The trainings take turns in one process, each with a run folder of its own, so that a drift of the machine hits all of
them alike; what is timed is all of `train` but its plots.
"""

import argparse
import json
import statistics
import tempfile
import time
from pathlib import Path
from unittest.mock import patch

import rnnlab
from rnnlab.experiments import outcome

INTERVALS = {"the last alone": None, "default (30s)": "30s", "1s": "1s", "every update": 1}


def seconds(config: str, overrides: list[str], every: str | int | None) -> float:
    chosen = rnnlab.load(config, [*overrides, f"training.checkpoint.every={'null' if every is None else every}"])
    with tempfile.TemporaryDirectory() as folder, patch.object(outcome, "draw_plots"):
        start = time.perf_counter()
        rnnlab.train(chosen, Path(folder), progress=False)
        return time.perf_counter() - start


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("config", nargs="?", default="stock")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--set", action="append", default=[], dest="overrides")
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    taken: dict[str, list[float]] = {name: [] for name in INTERVALS}
    for _ in range(asked.rounds):
        for name, every in INTERVALS.items():
            taken[name].append(seconds(asked.config, asked.overrides, every))
    base = taken["the last alone"]
    found = {
        name: {
            "seconds": statistics.median(times),
            "ratio": statistics.median(one / other for one, other in zip(times, base, strict=True)),
        }
        for name, times in taken.items()
    }
    if asked.json:
        print(json.dumps(found))
        return
    print(f"{asked.config}: medians of {asked.rounds} rounds")
    for name, one in found.items():
        print(f"  {name:<16} {one['seconds']:7.3f} s   x {one['ratio']:.3f}")


if __name__ == "__main__":
    main()
