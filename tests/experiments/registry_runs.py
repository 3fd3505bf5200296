"""Run folders made in a moment: the records and configs of trainings, without any training."""

import json
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

from rnnlab.config import load
from rnnlab.config.writer import dump
from rnnlab.plain import timestamp
from rnnlab.runs import RunFolder

START = datetime(2026, 1, 1, tzinfo=UTC)
TEXT = "data: {kind: text, text: the quick brown fox, chunk: 5}\n"


def make_run(runs_dir: Path, number: int = 0, *, name: str = "small", config: str = TEXT, **fields) -> Path:
    """A run that began `number` minutes into 2026 and is completed, unless its fields say otherwise."""
    path = runs_dir.parent / "made.yaml"
    path.write_text(config, encoding="utf-8")
    began = START + timedelta(minutes=number)
    chosen = load(path, name=name)
    run = RunFolder.create(
        runs_dir,
        name,
        now=began,
        fields={"kind": chosen.data.kind, "verb": "train", "seeds": chosen.seeds, "command": ["rnnlab", "train"]},
        files={"config.yaml": dump(chosen)},
        digits=lambda: f"{number:04x}",
    )
    ended = timestamp(began + timedelta(seconds=30))
    run.update(**{"status": "completed", "ended_at": ended, "data": {"task": chosen.data.kind}, **fields})
    return run.path


def metric(*per_seed):
    return {"mean": sum(per_seed) / len(per_seed), "sd": None, "per_seed": list(per_seed)}


def age(*paths: Path, seconds: float = 3600) -> None:
    """Give files and folders an older modification time."""
    for path in paths:
        then = path.stat().st_mtime - seconds
        os.utime(path, (then, then))


def lose(run: Path, host: str | None = None) -> None:
    """Let the record say `running` for a process that is gone, or one of another machine."""
    record = json.loads((run / "run.json").read_text())
    record |= {"status": "running", "ended_at": None}
    record["process"] |= {"pid": 2**22 - 3, "started": "never", **({"host": host} if host else {})}
    (run / "run.json").write_text(json.dumps(record))
