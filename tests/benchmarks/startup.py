"""How long `rnnlab --help` takes as a whole process, beside Python alone and `import torch`, and what progress costs.

    python -m tests.benchmarks.startup [--rounds N] [--json]

The processes are started in turns, so that a drift of the machine hits all of them alike.
"""

import argparse
import json
import statistics
import subprocess
import sys
import time
from importlib.util import find_spec

from rnnlab.display import progress
from tests.display.test_progress import at

COMMANDS = {
    "rnnlab --help": ["-c", "from rnnlab.cli import main; main()", "--help"],
    "python -c pass": ["-c", "pass"],
    "python -c 'import torch'": ["-c", "import torch"],
}
CALLS = 100_000


def seconds(arguments: list[str]) -> float:
    start = time.perf_counter()
    subprocess.run([sys.executable, *arguments], capture_output=True, check=True)
    return time.perf_counter() - start


def seconds_of_an_update() -> float:
    """Of a progress display between two lines."""
    display, here = progress.Lines(every=3600), at(5)
    display.update(here)
    start = time.perf_counter()
    for _ in range(CALLS):
        display.update(here)
    return (time.perf_counter() - start) / CALLS


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--json", action="store_true")
    chosen = parser.parse_args()
    commands = {name: words for name, words in COMMANDS.items() if "torch" not in name or find_spec("torch")}
    times = {name: [] for name in commands}
    for _ in range(chosen.rounds):
        for name, words in commands.items():
            times[name].append(seconds(words))
    figures = {name: statistics.median(of_one) for name, of_one in times.items()}
    figures["an update of the progress display"] = seconds_of_an_update()
    if chosen.json:
        print(json.dumps(figures))
        return
    for name, figure in figures.items():
        print(f"{name:36} {1e3 * figure:10.4g} ms")


if __name__ == "__main__":
    main()
