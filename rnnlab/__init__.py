"""A laboratory for recurrent networks: hand-derived gradients, honest forecasts, gradient dynamics."""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from rnnlab.api.building import build
    from rnnlab.api.configs import load
    from rnnlab.api.finding import find_run, list_runs, open
    from rnnlab.api.laboratory import compare, gradcheck, inspect
    from rnnlab.api.run import Run
    from rnnlab.api.training import train
    from rnnlab.config import Config

__version__ = "0.1.0"

__all__ = [
    "Config",
    "Run",
    "build",
    "compare",
    "find_run",
    "gradcheck",
    "inspect",
    "list_runs",
    "load",
    "open",
    "train",
]
# Where each name of the public face is: `import rnnlab` itself imports nothing.
_HOMES = {
    "Config": "rnnlab.config",
    "Run": "rnnlab.api.run",
    "build": "rnnlab.api.building",
    "compare": "rnnlab.api.laboratory",
    "find_run": "rnnlab.api.finding",
    "gradcheck": "rnnlab.api.laboratory",
    "inspect": "rnnlab.api.laboratory",
    "list_runs": "rnnlab.api.finding",
    "load": "rnnlab.api.configs",
    "open": "rnnlab.api.finding",
    "train": "rnnlab.api.training",
}


def __getattr__(name: str):
    """Import what is asked for when it is asked for."""
    if name not in _HOMES:
        raise AttributeError(f"module 'rnnlab' has no attribute {name!r}")
    from importlib import import_module

    found = getattr(import_module(_HOMES[name]), name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
