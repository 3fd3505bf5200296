"""In which keys the configs of runs differ, as their run folders hold them."""

from collections.abc import Sequence
from pathlib import Path

from rnnlab.config.reader import read
from rnnlab.config.sources import NoSourceError, open_source
from rnnlab.errors import RnnlabError
from rnnlab.experiments.trained import config_file

NOT_COMPARED = ("name",)


def differing_keys(runs: Sequence[Path]) -> list[str]:
    """Keys in the order of the config, but for the name; none where one of the configs cannot be read.

    Sections of different kinds differ as a whole. A key that only some configs have, such as one of an older version,
    is passed over.
    """
    configs = [_config(run) for run in runs]
    return _differing(configs, ()) if all(configs) else []


def _differing(values: Sequence[object], path: tuple[str, ...]) -> list[str]:
    sections = [value for value in values if isinstance(value, dict)]
    if len(sections) == len(values) and all(one.get("kind") == sections[0].get("kind") for one in sections):
        shared = [key for key in sections[0] if all(key in one for one in sections)]
        return [found for key in shared for found in _differing([one[key] for one in sections], (*path, key))]
    return [] if all(value == values[0] for value in values) else [".".join(path)]


def _config(run: Path) -> dict[str, object]:
    """The values of a run's config.yaml; {} where it cannot be read."""
    try:
        source, text = open_source(str(config_file(run)))
    except (NoSourceError, RnnlabError):
        return {}
    tree = read(text, source).tree
    values = tree.plain() if tree is not None else None
    return {key: value for key, value in values.items() if key not in NOT_COMPARED} if isinstance(values, dict) else {}
