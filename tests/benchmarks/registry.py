"""How long `rnnlab runs` takes, as a whole process, in a folder of ten thousand runs.

    python -m tests.benchmarks.registry [--runs N] [--rounds N] [--keep DIR] [--json]

The runs are copies of one training of the bundled config `stock` with three seeds, each with numbers of its own. With
--keep they are made in DIR and left there.
"""

import argparse
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import rnnlab
from rnnlab.plain import timestamp

RNNLAB = ["-c", "from rnnlab.cli import main; main()"]
START = datetime(2026, 1, 1, tzinfo=UTC)
CELLS = ("rnn", "lstm", "gru")
CONDITION = "metrics.rmse<20 and model.cell=lstm"
LISTS = {
    "runs --limit 20": ["runs", "--limit", "20"],
    "runs --where": ["runs", "--where", CONDITION, "--limit", "20"],
    "runs --where --sort": ["runs", "--where", CONDITION, "--sort", "metrics.rmse", "--limit", "20"],
    "runs --json": ["runs", "--json"],
    # "show latest --json": ["show", "latest", "--json"],
    # "show PREFIX --json": ["show", "20260101T0000", "--json"],
}


def make_runs(folder: Path, number: int) -> None:
    """Fill a folder with runs, a minute apart, in each the record and the config of a training."""
    with tempfile.TemporaryDirectory() as scratch:
        run = rnnlab.train(rnnlab.load("stock", overrides=["training.epochs=1"], seeds=3), scratch)
        assert run.path is not None
        record: dict[str, Any] = run.record.plain()
        config = (run.path / "config.yaml").read_text(encoding="utf-8")
    chance = random.Random(0)
    for count in range(number):
        began, name = START + timedelta(minutes=count), f"stock-{chance.randrange(20)}"
        path = folder / f"{began:%Y%m%dT%H%M%SZ}-{name}-{chance.randrange(16**4):04x}"
        path.mkdir(parents=True)
        factor = chance.lognormvariate(-3, 1)
        metrics = {
            metric: {"mean": one["mean"] * factor, "sd": one["sd"] * factor,
                     "per_seed": [value * factor * chance.uniform(0.9, 1.1) for value in one["per_seed"]]}
            for metric, one in record["metrics"].items()
        }  # fmt: skip
        changed = {
            "id": path.name,
            "name": name,
            "started_at": timestamp(began),
            "ended_at": timestamp(began + timedelta(seconds=chance.uniform(1, 50))),
            "metrics": metrics,
        }
        text = config.replace("name: stock", f"name: {name}").replace("cell: rnn", f"cell: {chance.choice(CELLS)}")
        text = text.replace("learning_rate: 0.01", f"learning_rate: {chance.lognormvariate(-5, 1)!r}")
        (path / "run.json").write_text(json.dumps(record | changed, indent=2, ensure_ascii=False), encoding="utf-8")
        (path / "config.yaml").write_text(text, encoding="utf-8")


def seconds(words: list[str], folder: Path) -> float:
    start = time.perf_counter()
    environment = {**os.environ, "RNNLAB_RUNS": str(folder)}
    subprocess.run([sys.executable, *RNNLAB, *words], env=environment, capture_output=True, check=True)
    return time.perf_counter() - start


def measure(folder: Path, rounds: int) -> dict[str, float]:
    """Medians in seconds: the first listing, without an index; then what follows, in turns."""
    from rnnlab.experiments.registry.index import FILE

    firsts = []
    for _ in range(rounds):
        (folder / FILE).unlink(missing_ok=True)
        firsts.append(seconds(LISTS["runs --limit 20"], folder))
    times: dict[str, list[float]] = {name: [] for name in ("--help", *LISTS)}
    for _ in range(rounds):
        for name, each in times.items():
            each.append(seconds(LISTS.get(name, [name]), folder))
    size = (folder / FILE).stat().st_size
    return {
        "runs --limit 20, the first time": statistics.median(firsts),
        **{name: statistics.median(each) for name, each in times.items()},
        "size of the index in MB": size / 1e6,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--keep", type=Path, metavar="DIR")
    parser.add_argument("--json", action="store_true")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder = chosen.keep or Path(scratch) / "runs"
        if not folder.exists():
            make_runs(folder, chosen.runs)
            time.sleep(3)  # what has just been written is not kept in the index
        figures = measure(folder, chosen.rounds)
    if chosen.json:
        print(json.dumps(figures))
        return
    for name, figure in figures.items():
        print(f"{name:36} {figure:8.3f}")


if __name__ == "__main__":
    main()
