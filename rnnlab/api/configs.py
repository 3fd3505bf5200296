"""Configs as Python has them."""

import json
import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rnnlab import config
from rnnlab.api.arguments import listed, path_text, text, whole_number
from rnnlab.config.sources import Written
from rnnlab.errors import ConfigError, UsageError
from rnnlab.plain import plain
from rnnlab.printable import described

if TYPE_CHECKING:
    from rnnlab.config import Config
    from rnnlab.config.explanation import Explanation
    from rnnlab.experiments.check import CheckSummary


def load(
    source: str | os.PathLike[str] | Mapping[str, Any],
    overrides: Mapping[str, Any] | Sequence[str] = (),
    *,
    seeds: int | Sequence[int] | str | None = None,
    name: str | None = None,
) -> "Config":
    """Read a config, check it, and fill in what was left out.

    Parameters
    ----------
    source : str, path or mapping
        "-" for standard input, a YAML file, or the name of a bundled config such as "stock", in that order; or the
        config itself, ``{"data": {"kind": "prices", "symbol": "AAPL"}}``.
    overrides : mapping of str to value, or sequence of str
        Keys by their path, ``{"model.cell": "lstm"}``; or as after `--set`, ``["model.cell=lstm"]``, or one alone.
    seeds : int, sequence of int or str, optional
        How many models, or their seeds.
    name : str, optional
        In place of the config's own name.

    Raises
    ------
    ConfigError
        With every problem there is, each at its location; of a run's config.yaml, also with the package it needs.
    """
    source = _source(source)
    words, seeds, name = arguments(overrides, seeds, name)
    try:
        return config.load(source, overrides=words, seeds=seeds, name=name)
    except ConfigError as error:  # of a run: whether it needs a package that is not here
        from rnnlab.experiments.needs import hint_for

        needed = None if isinstance(source, Written) else hint_for(Path(source), error.problems)
        if needed is None:
            raise
        raise ConfigError(error.problems, hint=f"{needed}; or {error.hint}" if error.hint else needed) from error


def explain(
    key: str,
    source: str | os.PathLike[str] | Mapping[str, Any] | None = None,
    overrides: Mapping[str, Any] | Sequence[str] = (),
) -> "Explanation":
    """Tell what a key of a config means, its range, unit and default, and where its value in a config comes from.

    Parameters
    ----------
    key : str
        A path, ``"training.clip.threshold"``; the end of one, ``"threshold"``; a section; a kind, ``"adam"`` or
        ``"training.optimizer=adam"``; or a word that other tools have, ``"lr"``.
    source : str, path or mapping, optional
        A config, as for `load`.
    overrides : mapping of str to value, or sequence of str
        As for `load`.

    Returns
    -------
    Explanation

    Raises
    ------
    UsageError
        Where there is no such key.
    ConfigError
        Where the config is wrong.
    """
    key = text(key, "key")
    return config.explain(key, None if source is None else _source(source), overrides=_settings(overrides))


def schema() -> dict[str, Any]:
    """The JSON Schema (2020-12) of a config, with the sections of installed packages, for editors.

    Returns
    -------
    dict
        As JSON has it.
    """
    return config.json_schema()


def init(folder: str | os.PathLike[str] = ".") -> "list[Path]":
    """Write the bundled configs and their schema into a folder, which is made where there is none; overwrite nothing.

    Parameters
    ----------
    folder : str or path
        Where they go.

    Returns
    -------
    list of Path
        The files that were written.

    Raises
    ------
    UsageError
        If any of the files is there already; nothing is written then.
    OutputError
        If the folder cannot be written.
    """
    from rnnlab.config.starters import write_starters

    return write_starters(path_text(folder, "folder"))


def check(source: "Config | str | os.PathLike[str]") -> "CheckSummary":
    """Tell what a config would train, without training it: shapes, parameters, samples, updates, memory and time.

    Parameters
    ----------
    source : Config, str or path
        A config, or where it is, as for `load`.

    Returns
    -------
    CheckSummary
        Its `stages` have the shapes from the inputs to the targets, (T, B, F); `seconds` is a rough estimate of all
        updates from a few of them, timed for about a second.

    Raises
    ------
    ConfigError
        Where the config is wrong, contradicts its data, or needs more memory than there is.
    DataError
        Where the data cannot be read or are too few.
    """
    from rnnlab.experiments.check import check as look

    return look(as_config(source))


def as_config(source: "Config | str | os.PathLike[str] | Mapping[str, Any]") -> "Config":
    """The config itself, or the one that `load` reads."""
    return source if isinstance(source, config.Config) else load(source)


def arguments(
    overrides: Mapping[str, Any] | Sequence[str], seeds: int | Sequence[int] | str | None, name: str | None
) -> tuple[Sequence[str], str | int | None, str | None]:
    """Settings, seeds and name of :func:`load` as `rnnlab.config.load` takes them.

    Raises
    ------
    ConfigError
        For those of another type.
    """
    try:
        words = _settings(overrides)
        if seeds is not None and not isinstance(seeds, str):
            words, seeds = _with_seeds(words, seeds)
        return words, seeds, name if name is None else text(name, "name")
    except UsageError as error:
        raise ConfigError([error.message]) from None


def _source(source: object) -> "str | os.PathLike[str]":
    """Where a config is, or its text where it is a mapping."""
    if isinstance(source, Mapping):
        return Written(_written("config", source, indent=2))
    if isinstance(source, config.Config):
        raise ConfigError(["this is a config already; give what it was loaded from."])
    if not isinstance(source, str):
        try:
            path_text(source, "a config")
        except UsageError:
            message = f"a config must be a path, the name of a bundled config, or a mapping; got {described(source)}."
            raise ConfigError([message]) from None
    return source  # type: ignore[return-value]


def _with_seeds(overrides: Sequence[str], seeds: Any) -> tuple[Sequence[str], int | None]:
    """The overrides with a list of seeds, or their number as an int."""
    if not isinstance(seeds, Iterable) or not getattr(seeds, "shape", True):
        return overrides, whole_number(seeds, "seeds")
    return [*overrides, f"seeds={_written('seeds', listed(seeds, 'seeds'))}"], None


def _settings(overrides: Mapping[str, Any] | Sequence[str]) -> Sequence[str]:
    """Overrides as after `--set`."""
    if isinstance(overrides, str):
        return [overrides]
    if not isinstance(overrides, Mapping):
        return [text(one, "each override") for one in listed(overrides, "overrides")]
    return [f"{key}={_written(key, value)}" for key, value in overrides.items()]


def _written(key: str, value: object, indent: int | None = None) -> str:
    """A value as YAML: JSON is a part of it. What is not finite becomes a word that no number is written with."""
    try:
        return json.dumps(value, default=plain, indent=indent)
    except RecursionError:
        raise ConfigError([f"{key} must not be nested that deeply."]) from None
    except (TypeError, ValueError):
        message = f"{key} must be a number, a text, a boolean, None, a list or a mapping; got {type(value).__name__}."
        raise ConfigError([message]) from None
