"""Checkpoints: arrays in an .npz, the rest in JSON, never pickle; hashed, and under a new name each time."""

import hashlib
import io
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from rnnlab.errors import RunFolderError
from rnnlab.runs.files import reason, replace, writing
from rnnlab.runs.record import plain, read_json, write_json

if TYPE_CHECKING:
    import numpy as np


@dataclass(frozen=True)
class Checkpoint:
    """A state to go on from.

    Attributes
    ----------
    path : Path
        The JSON file; the arrays lie beside it in the .npz of the same name.
    arrays : dict of str to ndarray
    metadata : dict
        Counters, states of random generators, sizes of tables.
    skipped : tuple of str
        One sentence for each newer checkpoint that was damaged and passed over.
    """

    path: Path
    arrays: "dict[str, np.ndarray]"
    metadata: dict
    skipped: tuple[str, ...] = ()


def save(folder: Path, arrays: "Mapping[str, np.ndarray]", metadata: Mapping) -> Path:
    """Write the next checkpoint, ``0001.npz`` with ``0001.json``; the JSON comes last and makes it count.

    Parameters
    ----------
    folder : Path
        Created if missing.
    arrays : mapping of str to ndarray
        Of numbers or booleans, any shape; an array of objects is refused (ValueError).
    metadata : mapping
        What `rnnlab.runs.record.plain` can reduce to JSON, such as ``generator.bit_generator.state``.

    Returns
    -------
    Path
        The JSON file.

    Raises
    ------
    RunFolderError
        If it cannot be written; earlier checkpoints are untouched.
    """
    import numpy as np

    with writing(folder):
        folder.mkdir(exist_ok=True)
        number = max((_number(path) for path in folder.iterdir()), default=0) + 1
    buffer = io.BytesIO()
    np.savez(buffer, allow_pickle=False, **arrays)
    content = buffer.getvalue()
    description = plain(metadata)
    path = folder / f"{number:04d}.json"
    replace(path.with_suffix(".npz"), content)
    write_json(path, {"sha256": _digest(content, description), "metadata": description})
    return path


def load(path: Path) -> Checkpoint:
    """Read one checkpoint by its JSON file.

    Raises
    ------
    RunFolderError
        If a file is missing or damaged: the hash covers the arrays and the metadata.
    """
    from zipfile import BadZipFile  # here, like numpy, because `rnnlab --help` starts without it

    import numpy as np

    record = read_json(path)
    arrays_path = path.with_suffix(".npz")
    try:
        content = arrays_path.read_bytes()
    except OSError as error:
        raise RunFolderError(f"'{arrays_path}' could not be read: {reason(error)}.") from error
    digest = _digest(content, record.get("metadata"))
    if record.get("sha256") != digest:
        raise RunFolderError(f"'{path}' is damaged: its sha256 must be {record.get('sha256')}; got {digest}.")
    try:
        with np.load(io.BytesIO(content), allow_pickle=False) as archive:
            return Checkpoint(path, dict(archive), record["metadata"])
    except (ValueError, KeyError, BadZipFile) as error:
        raise RunFolderError(f"'{arrays_path}' is damaged: {error}.") from error


def latest(folder: Path) -> Checkpoint | None:
    """Read the newest whole checkpoint, naming in `skipped` any damaged ones after it; None if none."""
    skipped: list[str] = []
    for path in sorted(folder.glob("*.json"), key=_number, reverse=True):
        try:
            found = load(path)
        except RunFolderError as error:
            skipped.append(f"{error.message} An earlier checkpoint is used instead.")
            continue
        return Checkpoint(found.path, found.arrays, found.metadata, tuple(skipped))
    return None


def _number(path: Path) -> int:
    return int(path.stem) if path.stem.isdecimal() else 0


def _digest(content: bytes, metadata: object) -> str:
    """The sha256 over the arrays' file and the metadata in their one canonical spelling."""
    canonical = json.dumps(metadata, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(content + canonical.encode()).hexdigest()
