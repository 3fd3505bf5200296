"""Time rnnlab's training step beside PyTorch's, JAX's and the bare arithmetic: `make bench`."""

import argparse
import itertools
import os
import sys
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console

from tests.benchmarks import report, rounds
from tests.benchmarks.workloads import WORKLOADS

SIDES = ["rnnlab", "rnnlab1", "torch", "jax", "floor"]


def arguments(argv: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    parser.add_argument("--only", nargs="+", metavar="WORKLOAD", choices=list(WORKLOADS), default=list(WORKLOADS))
    parser.add_argument("--dtype", nargs="+", choices=["float64", "float32"], default=["float64", "float32"])
    parser.add_argument("--sides", nargs="+", choices=SIDES, default=SIDES, help="rnnlab1 is rnnlab on one thread")
    parser.add_argument("--rounds", type=int, default=9, metavar="N", help="rounds of all sides a workload (9)")
    parser.add_argument("--seconds", type=float, default=0.25, metavar="S", help="seconds a side and round (0.25)")
    parser.add_argument("--threads", type=int, default=rounds.default_threads(), metavar="N")
    parser.add_argument("--quick", action="store_true", help="3 rounds of 0.1 s: rough figures")
    parser.add_argument("--json", type=Path, metavar="FILE", help="where the figures go (runs/bench/<time>.json)")
    parser.add_argument(
        "--peer-python",
        default=os.environ.get("RNNLAB_BENCH_PYTHON", sys.executable),
        metavar="PATH",
        help="an interpreter that has torch and jax ($RNNLAB_BENCH_PYTHON, else this one)",
    )
    chosen = parser.parse_args(argv)
    if chosen.quick:
        chosen.rounds, chosen.seconds = 3, 0.1
    return chosen


def main() -> None:
    chosen, console = arguments(), Console(width=None if sys.stdout.isatty() else 100)
    told = Console(stderr=True)
    sides = rounds.start(chosen.sides, chosen.peer_python, chosen.threads)
    for side in sides:
        if side.absent:
            told.print(f"{side.name} is left out: {side.absent}. `make peers` installs the peers.", highlight=False)
    present = [side for side in sides if not side.absent]
    path = chosen.json or Path("runs/bench") / f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}.json"
    versions = {side.name: side.versions for side in present}
    setting = {"threads": chosen.threads, "rounds": chosen.rounds, "versions": versions}
    measurements = []
    for name, dtype in itertools.product(chosen.only, chosen.dtype):
        told.print(f"{name} {dtype} ...", style="dim", highlight=False)
        measurements.append(rounds.measure(present, name, dtype, rounds=chosen.rounds, seconds=chosen.seconds))
        report.save(path, measurements, setting)  # after each: a long run that is stopped keeps what it has
    for side in present:
        side.close()
    report.show(console, measurements, chosen.threads)
    told.print(f"figures: {path}", highlight=False)


if __name__ == "__main__":
    main()
