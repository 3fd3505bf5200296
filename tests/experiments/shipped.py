"""The configs that come along, made short enough for a test, with what stands for the data of other packages."""

from pathlib import Path

import numpy as np

from rnnlab.config import load

CONFIGS = Path(__file__).parents[2] / "configs"
FILES = sorted(CONFIGS.rglob("*.yaml"))
IDS = [str(file.relative_to(CONFIGS)) for file in FILES]


def is_ridge(file: Path) -> bool:
    """Whether its readout is fitted in one update."""
    return load(file).training.fit.kind == "ridge"


def brief(file: Path, folder: Path) -> list[str]:
    """Overrides with which the config trains in a moment, whatever is installed."""
    short = ["model.hidden_size=16"] if is_ridge(file) else ["training.epochs=null", "training.updates=3"]
    path = getattr(load(file).data, "path", None)
    if path is None or not path.startswith("package:"):
        return short
    closes = folder / "closes.csv"
    closes.write_text(_closes())
    return [*short, f"data.path={closes}"]


def _closes() -> str:
    """Days with their closes as in the files of nolds, some of them without trading."""
    days = np.datetime64("1997-07-01") + np.arange(200)
    values = 700 * np.exp(np.random.default_rng(0).normal(scale=0.02, size=200).cumsum())
    lines = [f"{day},1,1,1,{value:.6f},1,0" for day, value in zip(days, values, strict=True)]
    for row in (7, 90):
        lines[row] = f"{days[row]},null,null,null,null,null,null"
    return "\n".join(["Date,Open,High,Low,Close,Adj Close,Volume", *lines]) + "\n"
