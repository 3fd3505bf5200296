"""What a run comes to, for runs that must come to the same."""

from pathlib import Path

from rnnlab.runs import RunFolder, checkpoints

TABLES = ("gradient_norms.csv", "gradient_flow.csv", "predictions.csv")


def outcome(run: Path) -> dict:
    """Everything that must be the same: tables without wall times, arrays of the last checkpoint, metrics."""
    rows = [line.split(",") for line in (run / "metrics.csv").read_text().splitlines()]
    place = rows[0].index("seconds")
    newest = checkpoints.latest(run / "checkpoints")
    assert newest is not None
    record = RunFolder.open(run).record
    return {
        "metrics.csv": [row[:place] + row[place + 1 :] for row in rows],
        **{name: (run / name).read_bytes() for name in TABLES if (run / name).exists()},
        "arrays": {name: value.tobytes() for name, value in newest.arrays.items() if not name.endswith("seconds")},
        "metrics": record.metrics,
        "status": record.status,
        "headline": record.headline,
        "stopped_early": record.stopped_early,
    }
