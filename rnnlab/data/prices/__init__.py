"""Daily prices: what was fetched or imported into the price folder, else the bundled snapshots."""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rnnlab.data.prices.load import between, load_prices
    from rnnlab.data.prices.store import data_folder

__all__ = ["between", "data_folder", "load_prices"]

_HOMES = {"between": "load", "data_folder": "store", "load_prices": "load"}


def __getattr__(name: str) -> Any:
    """Import a name when it is first used: a list of what is kept need not wait for NumPy."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
