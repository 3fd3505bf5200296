"""Configs that a command is given."""

import os
import shlex
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import rnnlab
from rnnlab.api.facts import namesake
from rnnlab.display import console

if TYPE_CHECKING:
    from rnnlab import Config

CONFIG = "A YAML file, the name of a bundled config (such as stock), or - for standard input."


def read_config(source: str | os.PathLike[str], *, overrides: Any = (), **changes: Any) -> "Config":
    """Load a config as `rnnlab.load` does, and warn where it is not the file that may be meant."""
    warn_of_namesake(source)
    return rnnlab.load(source, overrides, **changes)


def warn_of_namesake(source: str | os.PathLike[str]) -> None:
    """Say so where a bundled config is taken and a file of that name, but for its suffix, is here and differs."""
    if sentence := namesake(source):
        console.warning(sentence)


def command_with(verb: str, config: str, overrides: Sequence[str] | None, seeds: str | None = None) -> str:
    """A command on the same config with the same settings, to be copied."""
    words = ["rnnlab", verb, config]
    for one in overrides or ():
        words += ["--set", one]
    return shlex.join([*words, *(["--seeds", seeds] if seeds else [])])
