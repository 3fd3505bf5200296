"""The figures as a table on the screen and as JSON."""

import json
import platform
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table
from rich.text import Text

from tests.benchmarks.rounds import Measurement
from tests.benchmarks.workloads import WORKLOADS

PEERS = {"torch": "PyTorch", "jax": "JAX"}


def table(measurements: list[Measurement], threads: int) -> Table:
    """Milliseconds a training step and model; peers as ratios to rnnlab with their spread."""
    view = Table(box=None, padding=(0, 1), pad_edge=False)
    view.add_column("workload\nT,B,I,H,O", no_wrap=True)
    view.add_column("bits")
    for title in ("rnnlab\nms", f"{threads} thr.\nspeed-up", "PyTorch\nms", "ratio\n(quartiles)"):
        view.add_column(title, justify="right", no_wrap=True)
    for title in ("JAX\nms", "ratio\n(quartiles)", "times\nfloor"):
        view.add_column(title, justify="right", no_wrap=True)
    for found in measurements:
        view.add_row(*_row(found))
    return view


def _row(found: Measurement) -> list[str | Text]:
    workload = WORKLOADS[found.workload]
    goals = workload.goals(found.dtype)
    cells: list[str | Text] = [f"{found.workload}\n {workload.sizes}", found.dtype[-2:]]
    cells.append(_ms(found, "rnnlab"))
    alone = "rnnlab1" in found.rounds and "rnnlab" in found.rounds
    cells.append(f"{found.ratio('rnnlab1', 'rnnlab')[0]:.2f}" if alone else "")
    for peer in PEERS:
        cells.append(_ms(found, peer))
        if peer in found.failures or peer not in found.rounds:
            cells.append("failed" if peer in found.failures else "")
            continue
        middle, low, high = found.ratio(peer, "rnnlab")
        met = peer not in goals or middle >= goals[peer]
        spread = f"\n{low:.2f}-{high:.2f}"
        cells.append(Text(f"{middle:.2f}" + ("" if met else f" <{goals[peer]:g}") + spread, "" if met else "red"))
    if "floor" in found.rounds:
        over = found.ratio("rnnlab", "floor")[0]
        met = over <= goals.get("floor", over)
        cells.append(Text(f"{over:.2f}" + ("" if met else " >2.5"), "" if met else "red"))
    return cells


def _ms(found: Measurement, side: str) -> str:
    return f"{found.median(side) * 1e3:.3g}" if side in found.rounds else ""


def summary(measurements: list[Measurement]) -> list[str]:
    """One sentence per goal missed."""
    sentences = []
    for found in measurements:
        where = f"{found.workload} ({found.dtype})"
        for side, reason in found.failures.items():
            sentences.append(f"{where}: {side}: {reason}")
        for side, goal in WORKLOADS[found.workload].goals(found.dtype).items():
            if side not in found.rounds or side in found.failures:
                continue
            reached = found.ratio("rnnlab", side)[0] if side == "floor" else found.ratio(side, "rnnlab")[0]
            if side == "floor" and reached > goal:
                sentences.append(f"{where}: {reached:.2f} times the floor; the goal is at most {goal:g}")
            elif side != "floor" and reached < goal:
                sentences.append(f"{where}: {reached:.2f} times as fast as {PEERS[side]}; the goal is {goal:g}")
    return sentences


def save(path: Path, measurements: list[Measurement], setting: dict) -> None:
    """Everything measured, as JSON."""
    document = {
        "measured_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": {"processor": _processor(), "python": platform.python_version(), "numpy": np.__version__},
        **setting,
        "unit": "seconds a training step and model; a round's median",
        "workloads": [_plain(found) for found in measurements],
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")


def _plain(found: Measurement) -> dict:
    workload = WORKLOADS[found.workload]
    ratios = {peer: found.ratio(peer, "rnnlab")[0] for peer in PEERS if {peer, "rnnlab"} <= found.rounds.keys()}
    return {
        "name": found.workload,
        "cell": workload.cell,
        "sizes": dict(zip("TBIHO", (workload.T, workload.B, workload.I, workload.H, workload.O), strict=True)),
        "models": workload.models,
        "dtype": found.dtype,
        "median": {side: found.median(side) for side in found.rounds},
        "ratio": ratios,
        "goals": workload.goals(found.dtype),
        "rounds": found.rounds,
        "forms": found.forms,
        "failures": found.failures,
        "disagreement": found.disagreement,
    }


def _processor() -> str:
    info = Path("/proc/cpuinfo")
    if info.exists():
        for line in info.read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.processor() or platform.machine()


def show(console: Console, measurements: list[Measurement], threads: int) -> None:
    console.print(table(measurements, threads))
    missed = summary(measurements)
    console.print("\nGoals missed:" if missed else "\nEvery goal is met.")
    for sentence in missed:
        console.print(f"  {sentence}", highlight=False)
