"""How cost and memory grow: `python -m tests.benchmarks.scaling [--json FILE]`.

Time per step and row over a hundredfold range of T and of B, which is flat where the cost is linear; peak memory of a
pass over the buffers that backpropagation through time must keep; a stream of a million steps under truncation.
"""

import argparse
import json
import statistics
import subprocess
import sys
import textwrap
import time
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import numpy as np
from threadpoolctl import threadpool_limits

from rnnlab.engine.architecture import Architecture
from rnnlab.engine.batch import Batch
from rnnlab.engine.losses import loss_function
from rnnlab.engine.network import Network

CELLS = ("rnn", "lstm", "gru")
INPUT, HIDDEN, CLASSES = 4, 50, 4
STEPS = [20, 63, 200, 632, 2000]  # at 64 rows
ROWS = [64, 202, 640, 2024, 6400]  # at 20 steps
# Rows of h a step and sequence that backpropagation cannot do without, besides h, x and 1: a slope; four gates, c and
# tanh c; two gates, the candidate and its recurrent half.
KEPT = {"rnn": 1, "lstm": 6, "gru": 4}


def training_pass(cell: str, T: int, B: int, dtype: str = "float64", hidden: int = HIDDEN) -> Callable[[], object]:
    """A function that does one forward and one backward pass."""
    network, rng = Network(Architecture(INPUT, hidden, CLASSES, cell)), np.random.default_rng(0)
    theta = (rng.uniform(-1, 1, network.layout.size) / np.sqrt(hidden)).astype(dtype)
    batch = Batch(rng.normal(size=(T, B, INPUT)).astype(dtype), rng.integers(0, CLASSES, B))
    loss = loss_function("cross_entropy")
    return lambda: network.gradients(theta, batch, loss)


def nanoseconds(shapes: list[tuple[int, int]], cell: str) -> list[float]:
    """Nanoseconds per step and row of a pass for each (T, B): medians over turns, the shapes timed in turns."""
    passes = [training_pass(cell, T, B) for T, B in shapes]
    times: list[list[float]] = [[] for _ in shapes]
    for turn in range(8):
        for one, found in zip(passes, times, strict=True):
            began = time.perf_counter()
            one()
            if turn:  # the first pass makes the buffers
                found.append(time.perf_counter() - began)
    return [statistics.median(found) * 1e9 / (T * B) for found, (T, B) in zip(times, shapes, strict=True)]


def memory_over_kept(cell: str, dtype: str) -> float:
    """Peak memory of a pass, buffers included, over the bytes of what must be kept."""
    T, B, H = 1000, 16, 100
    training_pass(cell, 3, B, dtype)()  # what Python and NumPy allocate once
    one = training_pass(cell, T, B, dtype, H)
    tracemalloc.start()
    one()
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return peak / ((T + 1) * B * (H + INPUT + 1 + KEPT[cell] * H) * np.dtype(dtype).itemsize)


def stream() -> dict[str, float]:
    """Seconds and peak megabytes of a process that trains on a stream of a million steps, a thousand at a time."""
    code = """
        import resource, time
        from pathlib import Path
        import numpy as np
        from rnnlab.engine.architecture import Architecture
        from rnnlab.engine.batch import Batch
        from rnnlab.engine.losses import loss_function
        from rnnlab.engine.network import Network
        from rnnlab.engine.optimizers import make_optimizer
        from rnnlab.engine.sampling import Sampling
        from rnnlab.engine.training import GradientDescent

        T = 1_000_000
        network, rng = Network(Architecture(1, 50, 1, readout="every")), np.random.default_rng(0)
        stream = rng.standard_normal((T, 1, 1))
        theta = rng.uniform(-0.1, 0.1, (1, network.layout.size))
        training = GradientDescent(
            network, theta, Sampling(Batch(stream, np.roll(stream, 1)), "every", tbptt_steps=1000),
            loss_function("half_squared_error"), make_optimizer("sgd", theta.shape, theta.dtype),
            updates=1000, learning_rate=lambda update: 1e-5,
        )
        began = time.perf_counter()
        updates = sum(1 for _ in training)
        status = Path("/proc/self/status")
        if status.exists():  # getrusage would count what the parent had before this process began
            peak = int(status.read_text().split("VmHWM:")[1].split()[0]) / 1024
        else:
            peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1 << 20)
        print(updates, time.perf_counter() - began, peak)
    """
    answer = subprocess.run([sys.executable, "-c", textwrap.dedent(code)], capture_output=True, text=True, check=True)
    updates, seconds, peak = answer.stdout.split()
    return {"updates": int(updates), "seconds": float(seconds), "peak_mb": float(peak)}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.scaling", description=__doc__.splitlines()[0])
    parser.add_argument("--json", type=Path, metavar="FILE")
    chosen = parser.parse_args()
    found: dict = {"time": {}, "memory": {}}
    with threadpool_limits(1):
        for axis, values, shapes in (
            ("T", STEPS, [(T, ROWS[0]) for T in STEPS]),
            ("B", ROWS, [(STEPS[0], B) for B in ROWS]),
        ):
            print(
                f"\nns per step and row, {axis} =   " + "".join(f"{value:>9}" for value in values) + "   last / first"
            )
            for cell in CELLS:
                each = nanoseconds(shapes, cell)
                found["time"][f"{cell} over {axis}"] = dict(zip(values, each, strict=True))
                print(f"  {cell:24}" + "".join(f"{ns:9.0f}" for ns in each) + f"{each[-1] / each[0]:12.2f}")
        print("\npeak memory of a pass over what must be kept (goal: at most 1.5)")
        for cell in CELLS:
            ratios = found["memory"][cell] = {dtype: memory_over_kept(cell, dtype) for dtype in ("float64", "float32")}
            print(f"  {cell:24}" + "".join(f"   {dtype} {ratio:.2f}" for dtype, ratio in ratios.items()))
    found["stream"] = whole = stream()
    print(
        f"\na stream of a million steps, truncated at a thousand: {whole['updates']} updates in "
        f"{whole['seconds']:.1f} s, peak {whole['peak_mb']:.0f} MB (goal: under 200)"
    )
    if chosen.json:
        chosen.json.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
