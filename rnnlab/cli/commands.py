"""The commands by name, each in a module of its own, loaded when it is asked for."""

from importlib import import_module
from typing import Any

import typer

# In the order of the lists; the module of `sweep-rho` is sweep_rho.
NAMES = (
    "train", "init", "check", "explain", "schema", "manual", "sweep-rho", "inspect", "runs", "show", "compare", "why",
    "plot", "fetch", "forecast", "gradcheck", "unroll", "verify", "resume", "label", "note", "rm", "doctor",
)  # fmt: skip


def load(name: str) -> Any:
    """The command of this name, one of `NAMES`."""
    alone = typer.Typer(rich_markup_mode=None, add_completion=False, pretty_exceptions_enable=False)
    import_module(f"rnnlab.cli.{name.replace('-', '_')}").register(alone)
    return typer.main.get_command(alone)
