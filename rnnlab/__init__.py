"""A laboratory for recurrent networks: hand-derived gradients, honest forecasts, gradient dynamics."""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from rnnlab.api.completions import completions
    from rnnlab.api.configs import load
    from rnnlab.config import Config

__version__ = "0.1.0"

__all__ = ["Config", "completions", "load"]
# Where each name of the public face is: `import rnnlab` itself imports nothing.
_HOMES = {
    "Config": "rnnlab.config",
    "completions": "rnnlab.api.completions",
    "load": "rnnlab.api.configs",
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
