"""How long `rnnlab forecast FILE.csv` takes as a whole process: 5,000 business days of a random walk, no settings.

    python -m tests.benchmarks.one_file [--rows N] [--rounds N] [--json]

On two cores it is meant to take less than 20 seconds.
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

from tests.benchmarks.startup import RNNLAB


def write_walk(path: Path, rows: int) -> None:
    """A file of prices whose log returns are independent."""
    rng = np.random.default_rng(0)
    days = np.busday_offset("2004-01-05", np.arange(rows))
    prices = 100 * np.exp(np.cumsum(rng.normal(2e-4, 0.012, rows)))
    lines = [f"{day},{price:.2f}\n" for day, price in zip(days, prices, strict=True)]
    path.write_text("date,close\n" + "".join(lines), encoding="utf-8")


def seconds(folder: Path) -> float:
    start = time.perf_counter()
    subprocess.run([sys.executable, *RNNLAB, "forecast", "walk.csv"], cwd=folder, capture_output=True, check=True)
    return time.perf_counter() - start


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=5000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    os.environ["PYTHONPATH"] = os.getcwd()
    with tempfile.TemporaryDirectory() as folder:
        write_walk(Path(folder) / "walk.csv", asked.rows)
        times = [seconds(Path(folder)) for _ in range(asked.rounds)]
    found = {"rows": asked.rows, "seconds": statistics.median(times), "each": times}
    if asked.json:
        print(json.dumps(found))
        return
    each = ", ".join(f"{one:.1f}" for one in times)
    print(f"{asked.rows:,} rows: {found['seconds']:.1f} s (median of {each})")


if __name__ == "__main__":
    main()
