"""How long rnnlab's help, home screen, completion and lists take as whole processes, beside `import torch`.

    python -m tests.benchmarks.startup [--rounds N] [--torch PYTHON] [--json]

PYTHON is an interpreter that has PyTorch, where this one has not. The processes are started in turns, so that a drift
of the machine hits all of them alike.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from importlib.util import find_spec

from rnnlab.display import progress
from tests.display.test_progress import at

RNNLAB = ["-c", "from rnnlab.cli import main; main()"]
COMPLETE = {"_RNNLAB_COMPLETE": "complete_bash"}
# Name -> arguments of Python, and what is added to the environment.
COMMANDS: dict[str, tuple[list[str], dict[str, str]]] = {
    "rnnlab": (RNNLAB, {}),
    "rnnlab --help": ([*RNNLAB, "--help"], {}),
    "rnnlab train --help": ([*RNNLAB, "train", "--help"], {}),
    "rnnlab fetch --list": ([*RNNLAB, "fetch", "--list"], {}),
    "TAB after rnnlab": ([*RNNLAB, ""], COMPLETE),
    "TAB after inspect": ([*RNNLAB, "inspect", ""], COMPLETE),
    "TAB after --set model.": ([*RNNLAB, "train", "stock.yaml", "--set", "model."], COMPLETE),
    "TAB after --set model.cell=": ([*RNNLAB, "train", "stock.yaml", "--set", "model.cell="], COMPLETE),
    "TAB after fetch": ([*RNNLAB, "fetch", ""], COMPLETE),
    "python -c 'import rnnlab'": (["-c", "import rnnlab"], {}),
    "python -c pass": (["-c", "pass"], {}),
}
TORCH = "python -c 'import torch'"
CALLS = 100_000


def seconds(python: str, arguments: list[str], extra: dict[str, str]) -> float:
    start = time.perf_counter()
    subprocess.run([python, *arguments], env={**os.environ, **extra}, capture_output=True, check=True)
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
    parser.add_argument("--torch", metavar="PYTHON", default=sys.executable if find_spec("torch") else None)
    chosen = parser.parse_args()
    commands = {name: (sys.executable, *words) for name, words in COMMANDS.items()}
    if chosen.torch:
        commands[TORCH] = (chosen.torch, ["-c", "import torch"], {})
    for words in commands.values():  # compiles what is not compiled yet
        seconds(*words)
    times = {name: [] for name in commands}
    for _ in range(chosen.rounds):
        for name, words in commands.items():
            times[name].append(seconds(*words))
    figures = {name: statistics.median(of_one) for name, of_one in times.items()}
    figures["an update of the progress display"] = seconds_of_an_update()
    if chosen.json:
        print(json.dumps(figures))
        return
    for name, figure in figures.items():
        print(f"{name:36} {1e3 * figure:10.4g} ms")


if __name__ == "__main__":
    main()
