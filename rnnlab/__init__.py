"""A laboratory for recurrent networks: hand-derived gradients, honest forecasts, gradient dynamics."""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from rnnlab.api.building import build
    from rnnlab.api.completions import completions
    from rnnlab.api.configs import check, explain, init, load, schema
    from rnnlab.api.finding import find_run, find_runs, list_runs, open
    from rnnlab.api.forecasting import forecast
    from rnnlab.api.keeping import doctor, label, note, remove, repair, restore, show
    from rnnlab.api.laboratory import compare, gradcheck, inspect, plot, unroll, verify, why
    from rnnlab.api.run import Run
    from rnnlab.api.sweeping import sweep_rho
    from rnnlab.api.training import resume, train
    from rnnlab.config import Config
    from rnnlab.experiments.fetch import fetch, import_prices
    from rnnlab.experiments.observers import Observer
    from rnnlab.experiments.prices import list_prices

__version__ = "0.1.0"

__all__ = [
    "Config",
    "Observer",
    "Run",
    "build",
    "check",
    "compare",
    "completions",
    "doctor",
    "explain",
    "fetch",
    "find_run",
    "find_runs",
    "forecast",
    "gradcheck",
    "import_prices",
    "init",
    "inspect",
    "label",
    "list_prices",
    "list_runs",
    "load",
    "note",
    "open",
    "plot",
    "remove",
    "repair",
    "restore",
    "resume",
    "schema",
    "show",
    "sweep_rho",
    "train",
    "unroll",
    "verify",
    "why",
]
# Where each name of the public face is: `import rnnlab` itself imports nothing.
_HOMES = {
    "Config": "rnnlab.config",
    "Observer": "rnnlab.experiments.observers",
    "Run": "rnnlab.api.run",
    "build": "rnnlab.api.building",
    "check": "rnnlab.api.configs",
    "compare": "rnnlab.api.laboratory",
    "completions": "rnnlab.api.completions",
    "doctor": "rnnlab.api.keeping",
    "explain": "rnnlab.api.configs",
    "fetch": "rnnlab.experiments.fetch",
    "find_run": "rnnlab.api.finding",
    "find_runs": "rnnlab.api.finding",
    "forecast": "rnnlab.api.forecasting",
    "gradcheck": "rnnlab.api.laboratory",
    "import_prices": "rnnlab.experiments.fetch",
    "init": "rnnlab.api.configs",
    "inspect": "rnnlab.api.laboratory",
    "label": "rnnlab.api.keeping",
    "list_prices": "rnnlab.experiments.prices",
    "list_runs": "rnnlab.api.finding",
    "load": "rnnlab.api.configs",
    "note": "rnnlab.api.keeping",
    "open": "rnnlab.api.finding",
    "plot": "rnnlab.api.laboratory",
    "remove": "rnnlab.api.keeping",
    "repair": "rnnlab.api.keeping",
    "restore": "rnnlab.api.keeping",
    "resume": "rnnlab.api.training",
    "schema": "rnnlab.api.configs",
    "show": "rnnlab.api.keeping",
    "sweep_rho": "rnnlab.api.sweeping",
    "train": "rnnlab.api.training",
    "unroll": "rnnlab.api.laboratory",
    "verify": "rnnlab.api.laboratory",
    "why": "rnnlab.api.laboratory",
}


def __getattr__(name: str):
    """Import what is asked for when it is asked for."""
    from importlib import import_module

    if name == "errors":
        return import_module("rnnlab.errors")
    if name not in _HOMES:
        raise AttributeError(f"module 'rnnlab' has no attribute {name!r}")
    found = getattr(import_module(_HOMES[name]), name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__, "errors"} - {"TYPE_CHECKING"})
