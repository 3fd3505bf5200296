"""How long fifty years of days take to be parsed, checked and stored, and to be read again.

    python tests/benchmarks/prices.py [--json]

Bodies are made up, in each source's own format; the network is not touched.
"""

import json
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from rnnlab.data.prices import load_prices
from rnnlab.data.prices.imports import bars_from
from rnnlab.data.prices.sources import nasdaq, stooq, tiingo, twelvedata, yahoo
from rnnlab.data.prices.sources.client import Answer
from rnnlab.data.prices.sources.source import Query
from rnnlab.data.prices.update import keep
from rnnlab.data.prices.writing import locked
from rnnlab.data.reading.layout import parse_text_table
from tests.data.prices.replay import (
    History,
    nasdaq_body,
    stooq_body,
    tiingo_body,
    twelvedata_body,
    yahoo_body,
)

REPETITIONS = 7
HISTORY = History(first=date(1976, 1, 1), last=date(2025, 12, 31))
BODIES = {
    yahoo: yahoo_body,
    nasdaq: nasdaq_body,
    stooq: stooq_body,
    tiingo: tiingo_body,
    twelvedata: twelvedata_body,
}


def seconds(work: Callable[[], object]) -> float:
    """Median wall time of a few repetitions."""
    times = []
    for _ in range(REPETITIONS):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return statistics.median(times)


def measure(folder: Path) -> dict[str, float]:
    """Seconds by what was done."""
    rows = HISTORY.rows()
    now = datetime(2026, 1, 1, tzinfo=UTC)
    query = Query("AAPL", None, HISTORY.last, "split")
    results = {}

    def store(bars) -> None:
        with locked(folder, "AAPL"):
            keep(folder, {"symbol": "AAPL", "source": "benchmark", "adjustment": "split"}, bars, None, now)

    for source, body in BODIES.items():
        answer = Answer(200, {}, body(rows).encode())
        results[f"{source.SOURCE.name}: parse, check, store"] = seconds(
            lambda source=source, answer=answer: store(source.parse(answer, query))
        )
    content = stooq_body(rows).encode()
    results["CSV file: import, check, store"] = seconds(
        lambda: store(bars_from(parse_text_table(content, "file")).bars)
    )
    results["stored file: load for training"] = seconds(lambda: load_prices("AAPL", data_dir=folder))
    return results


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        results = measure(Path(folder))
    days = len(HISTORY.rows())
    if "--json" in sys.argv:
        print(json.dumps({"days": days, "seconds": results}, indent=2))
        return
    print(f"{days:,} days, {HISTORY.first} to {HISTORY.last}; median of {REPETITIONS}")
    for what, time_taken in results.items():
        print(f"  {what:36} {time_taken:7.3f} s")


if __name__ == "__main__":
    main()
