"""Runs of the bundled configs that a pattern of their names means: `stock/*`."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from shlex import quote

from rnnlab.config import bundled
from rnnlab.config.bundled import Bundled
from rnnlab.config.loading import extended_by, load
from rnnlab.errors import RunFolderError
from rnnlab.files import name_of
from rnnlab.runs.find import newest_completed
from rnnlab.words import count, listed


@dataclass(frozen=True)
class Variants:
    """Runs of configs that are variants of one.

    Attributes
    ----------
    runs : list of Path
        The newest completed run of each config that has one, in the order of the configs' names.
    reference : Path or None
        That of the config which all of them extend; None where there is no such bundled config.
    """

    runs: list[Path]
    reference: Path | None


def find_variants(pattern: str, runs_dir: Path, on_warning: Callable[[str], None]) -> Variants | None:
    """The newest completed runs of the bundled configs whose names match a pattern, and of the one that they extend.

    Runs are found by the name that the config gives them.

    Parameters
    ----------
    pattern : str
    runs_dir : Path
    on_warning : callable
        Is told which of the configs have no completed run.

    Returns
    -------
    Variants
        None where no bundled config matches.

    Raises
    ------
    RunFolderError
        If none of the configs, or not the one that they extend, has a completed run; or the folder cannot be read.
    """
    configs = bundled.matching(pattern)
    if not configs:
        return None
    base = _extended(configs)
    names = {one: load(one).name for one in (*([base] if base else []), *configs)}
    found = newest_completed(set(names.values()), runs_dir)
    missing = [one.name for one, name in names.items() if name not in found]
    where = f"'{name_of(runs_dir)}'"
    if base is not None and base.name in missing:
        alone = missing == [base.name]
        raise RunFolderError(
            f"{base.name}, which the configs {pattern} extend, has no completed run in {where}.",
            hint=_training(missing if alone else [base.name, pattern]),
        )
    if len(missing) == len(configs):
        raise RunFolderError(
            f"None of the {count(len(configs), 'config')} {pattern} has a completed run in {where}.",
            hint=_training([pattern]),
        )
    if missing:
        on_warning(f"{listed(missing)} {'has' if len(missing) == 1 else 'have'} no completed run. {_training(missing)}")
    runs = {one: found[name] for one, name in names.items() if name in found}
    return Variants([runs[one] for one in configs if one in runs], runs[base] if base else None)


def _extended(configs: list[Bundled]) -> Bundled | None:
    """The bundled config that all of them extend."""
    bases = {extended_by(one) for one in configs}
    base = bases.pop()
    return base if not bases and isinstance(base, Bundled) else None


def _training(configs: list[str]) -> str:
    words = " ".join(map(quote, configs))
    return f"`rnnlab train {words}` trains {'it' if len(configs) == 1 and '*' not in words else 'them'}."
