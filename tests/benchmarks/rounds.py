"""All sides timed in turns, one process per side: A B C A B C ..., so that a drift of the machine hits all alike."""

import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

ROOT = Path(__file__).parents[2]
AGREEMENT = {"float64": 1e-10, "float32": 2e-3}  # of loss and gradient, relative to the largest entry


@dataclass
class Measurement:
    """One workload in one precision on all sides.

    Attributes
    ----------
    rounds : side -> list of float
        Median seconds a training step and model, one per round.
    forms : side -> str
        The way of writing the step that was fastest on that side.
    failures : side -> str
    disagreement : side -> float
        Largest difference of loss and gradient from rnnlab's, relative to the largest entry.
    """

    workload: str
    dtype: str
    rounds: dict[str, list[float]] = field(default_factory=dict)
    forms: dict[str, str] = field(default_factory=dict)
    failures: dict[str, str] = field(default_factory=dict)
    disagreement: dict[str, float] = field(default_factory=dict)

    def median(self, side: str) -> float:
        return statistics.median(self.rounds[side])

    def ratio(self, side: str, other: str) -> tuple[float, float, float]:
        """Ratio of the medians side / other, and the lower and upper quartile of the rounds' own ratios."""
        each = [a / b for a, b in zip(self.rounds[side], self.rounds[other], strict=True)]
        low, high = np.quantile(each, [0.25, 0.75])
        return self.median(side) / self.median(other), float(low), float(high)


class Side:
    """A worker process and the pipe to it."""

    def __init__(self, name: str, python: str, threads: int) -> None:
        self.name = name
        command = [python, "-m", "tests.benchmarks.worker", name, str(threads)]
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        )
        greeting = self._read()
        self.absent = greeting.get("absent")
        self.versions = greeting.get("ready", {})

    def ask(self, do: str, **options) -> dict:
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(json.dumps({"do": do, **options}) + "\n")
            self._process.stdin.flush()
        except BrokenPipeError:
            return {"failed": "the worker process has ended"}
        return self._read()

    def close(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait()

    def _read(self) -> dict:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        return json.loads(line) if line else {"failed": "the worker process has ended", "absent": "its process ended"}


def measure(sides: list[Side], workload: str, dtype: str, *, rounds: int, seconds: float) -> Measurement:
    """Time a workload on every side, `seconds` a side and round, after holding the sides' gradients together."""
    found = Measurement(workload, dtype)
    taking_part = []
    for side in sides:
        answer = side.ask("prepare", workload=workload, dtype=dtype)
        if "failed" in answer:
            found.failures[side.name] = answer["failed"]
            continue
        taking_part.append(side)
        found.forms[side.name], found.rounds[side.name] = answer["form"], []
    _hold_together(taking_part, found)
    for turn in range(rounds):
        shift = turn % len(taking_part)
        for side in taking_part[shift:] + taking_part[:shift]:
            found.rounds[side.name].append(statistics.median(side.ask("time", seconds=seconds)["times"]))
    return found


def _hold_together(sides: list[Side], found: Measurement) -> None:
    """Compare loss and gradient with rnnlab's; a side that computes something else has its figure struck out."""
    results = dict(_gradients(sides))
    if "rnnlab" not in results:
        return
    ours = results["rnnlab"]
    for name, theirs in results.items():
        difference = max(float(np.max(np.abs(a - b)) / np.max(np.abs(b))) for a, b in zip(theirs, ours, strict=True))
        found.disagreement[name] = difference
        if not difference <= AGREEMENT[found.dtype]:
            found.failures[name] = f"loss or gradient differs by {difference:.1e}"


def _gradients(sides: list[Side]) -> Iterator[tuple[str, tuple[np.ndarray, np.ndarray]]]:
    with tempfile.TemporaryDirectory() as folder:
        for side in sides:
            path = f"{folder}/{side.name}.npz"
            answer = side.ask("gradients", path=path)
            if "failed" in answer:
                raise RuntimeError(f"{side.name}: {answer['failed']}")
            if answer["saved"]:
                with np.load(path) as saved:
                    yield side.name, (saved["loss"], saved["gradient"])


def default_threads() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def start(names: list[str], python: str, threads: int) -> list[Side]:
    """Start the sides: rnnlab and the floor in this Python, the peers in `python`."""
    own = {"rnnlab", "rnnlab1", "floor"}
    return [Side(name, sys.executable if name in own else python, threads) for name in names]
