"""One side in a process of its own: reads requests as JSON lines, answers in JSON lines.

Thread pools of NumPy's BLAS, PyTorch and XLA in one process would disturb each other. The process stays alive between
requests, so that the sides can be timed in turns and a drift of the machine hits all of them alike.
"""

import importlib
import json
import os
import statistics
import sys
import time

import numpy as np
from threadpoolctl import threadpool_limits

from tests.benchmarks.candidate import Candidate
from tests.benchmarks.workloads import WORKLOADS, draw

MODULES = {
    "rnnlab": "rnnlab_side",
    "rnnlab1": "rnnlab_side",
    "torch": "torch_side",
    "jax": "jax_side",
    "floor": "floor",
}
TRIAL_SECONDS = 0.15


class Worker:
    """What a side does on request."""

    def __init__(self, side: str, threads: int) -> None:
        self._threads = 1 if side == "rnnlab1" else threads
        self._module = importlib.import_module(f"tests.benchmarks.{MODULES[side]}")
        if MODULES[side] in ("rnnlab_side", "floor"):
            self._limits = threadpool_limits(1)  # the threads are rnnlab's own
        self._chosen: Candidate | None = None

    def prepare(self, workload: str, dtype: str) -> dict:
        """Set up the workload in each of the side's ways and keep the fastest."""
        self._chosen = None
        found = self._module.candidates(draw(WORKLOADS[workload], dtype), self._threads)
        best = min(found, key=_trial) if len(found) > 1 else found[0]
        best.step()
        self._chosen = best
        return {"form": best.name, "models": best.models}

    def gradients(self, path: str) -> dict:
        """Save loss and gradient of the first model, as `loss` and `gradient` of an .npz file."""
        assert self._chosen is not None
        if self._chosen.gradients is None:
            return {"saved": False}
        loss, gradient = self._chosen.gradients()
        np.savez(path, loss=loss, gradient=gradient)
        return {"saved": True}

    def time(self, seconds: float, at_least: int = 3) -> dict:
        """Seconds per model of each training step, for at least so many seconds and steps."""
        assert self._chosen is not None
        return {"times": [t / self._chosen.models for t in _timed(self._chosen.step, seconds, at_least)]}

    def versions(self) -> dict:
        names = {"torch": ["torch"], "jax": ["jax", "jaxlib"]}.get(self._module.__name__.split(".")[-1][:-5], ["numpy"])
        return {name: importlib.import_module(name).__version__ for name in names}


def _trial(candidate: Candidate) -> float:
    candidate.step()
    return statistics.median(_timed(candidate.step, TRIAL_SECONDS, 3)) / candidate.models


def _timed(step, seconds: float, at_least: int) -> list[float]:
    clock, times = time.perf_counter, []
    end = clock() + seconds
    while len(times) < at_least or clock() < end:
        start = clock()
        step()
        times.append(clock() - start)
    return times


def main() -> None:
    side, threads = sys.argv[1], int(sys.argv[2])
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what a library prints must not get among the answers
    try:
        worker = Worker(side, threads)
    except ImportError as error:
        print(json.dumps({"absent": str(error)}), file=answers, flush=True)
        return
    print(json.dumps({"ready": worker.versions()}), file=answers, flush=True)
    for line in sys.stdin:
        request = json.loads(line)
        try:
            answer = getattr(worker, request.pop("do"))(**request)
        except Exception as error:  # the bench goes on without this side's figure, and says why
            answer = {"failed": f"{type(error).__name__}: {error}"}
        print(json.dumps(answer), file=answers, flush=True)


if __name__ == "__main__":
    main()
