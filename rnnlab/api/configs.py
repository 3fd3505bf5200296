"""Configs as Python has them."""

import json
import os
from collections.abc import Mapping, Sequence
from typing import Any

from rnnlab import config
from rnnlab.config import Config
from rnnlab.errors import ConfigError
from rnnlab.plain import plain


def load(
    source: str | os.PathLike[str],
    overrides: Mapping[str, Any] | Sequence[str] = (),
    *,
    seeds: int | Sequence[int] | str | None = None,
    name: str | None = None,
) -> Config:
    """Read a config, check it, and fill in what was left out.

    Parameters
    ----------
    source : str or path
        A YAML file, or "-" for standard input.
    overrides : mapping of str to value, or sequence of str
        Keys by their path, ``{"model.cell": "lstm"}``; or as after `--set`, ``["model.cell=lstm"]``.
    seeds : int, sequence of int or str, optional
        How many models, or their seeds.
    name : str, optional
        In place of the config's own name.

    Raises
    ------
    ConfigError
        With every problem there is, each at its location.
    """
    if isinstance(overrides, Mapping):
        overrides = [f"{key}={_written(key, value)}" for key, value in overrides.items()]
    if seeds is not None and not isinstance(seeds, (int, str)):
        overrides, seeds = [*overrides, f"seeds={_written('seeds', list(seeds))}"], None
    return config.load(source, overrides=overrides, seeds=seeds, name=name)


def _written(key: str, value: object) -> str:
    """A value as YAML: JSON is a part of it. What is not finite becomes a word that no number is written with."""
    try:
        return json.dumps(value, default=plain)
    except (TypeError, ValueError):
        message = f"{key} must be a number, a text, a boolean, None, a list or a mapping; got {type(value).__name__}."
        raise ConfigError([message]) from None


def as_config(source: "Config | str | os.PathLike[str]") -> Config:
    """The config itself, or the one that `load` reads."""
    return source if isinstance(source, Config) else load(source)
