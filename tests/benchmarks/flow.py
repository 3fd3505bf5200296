"""What logging gradient flow costs a training: python -m tests.benchmarks.flow

The looks are timed inside the training that they look at, so that a drift of the machine hits both alike.
"""

import statistics
import time
from pathlib import Path
from tempfile import gettempdir

from threadpoolctl import threadpool_limits

from rnnlab.config import load
from rnnlab.experiments.gradient_flow import FlowLog
from rnnlab.experiments.setup import build_setup, start_training
from rnnlab.tasks.task import build_task

CONFIGS = Path(__file__).parents[2] / "configs"
CASES = (
    ("stock.yaml", (), 5),
    ("stock.yaml", ("model.cell=lstm", "training.epochs=100"), 5),
    ("gradients.yaml", ("training.updates=1000",), 100),
    ("remedies/gru.yaml", ("training.updates=400",), 100),
)


def cost(name: str, overrides: tuple[str, ...], every: int) -> tuple[float, float]:
    """Seconds of the training without the looks, and of the looks."""
    config = load(CONFIGS / name, overrides=overrides)
    setup = build_setup(config, build_task(config))
    training, log, spent = start_training(config, setup), FlowLog(setup.loss, every, Path(gettempdir())), 0.0
    began = time.perf_counter()
    log.before_update(training)
    spent += time.perf_counter() - began
    for _ in training:
        before = time.perf_counter()
        log.before_update(training)
        spent += time.perf_counter() - before
    return time.perf_counter() - began - spent, spent


def main() -> None:
    print(f"{'config':44}{'every':>6}{'training s':>12}{'looks s':>9}{'cost':>8}")
    with threadpool_limits(limits=1, user_api="blas"):
        for name, overrides, every in CASES:
            rounds = [cost(name, overrides, every) for _ in range(3)]
            training, looks = (statistics.median(times) for times in zip(*rounds, strict=True))
            shown = " ".join((name, *overrides))[:43]
            print(f"{shown:44}{every:6}{training:12.2f}{looks:9.3f}{looks / training:8.1%}")


if __name__ == "__main__":
    main()
