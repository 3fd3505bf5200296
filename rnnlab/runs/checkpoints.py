"""Checkpoints: arrays in an .npz, the rest in JSON, never pickle; hashed, and under a new name each time."""

import hashlib
import io
import json
import math
import os
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from rnnlab.errors import RunFolderError
from rnnlab.files import name_of
from rnnlab.plain import plain
from rnnlab.printable import shortened
from rnnlab.runs.files import reading, reason, refuse_link, replace, writing
from rnnlab.runs.record import read_json, write_json

if TYPE_CHECKING:
    from io import BufferedReader
    from zipfile import ZipFile, ZipInfo

    import numpy as np


_Signature = tuple[tuple[int, int, int], ...]
_WHOLE: dict[Path, dict[Path, _Signature]] = {}  # checkpoints of each folder that are known to be whole


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

    make_folder(folder)
    number = newest(folder) + 1
    buffer = io.BytesIO()
    np.savez(buffer, allow_pickle=False, **arrays)
    content = buffer.getvalue()
    description = plain(metadata)
    digest = _digest(io.BytesIO(content), description)
    path = folder / f"{number:04d}.json"
    replace(path.with_suffix(".npz"), content)
    write_json(path, {"sha256": digest, "metadata": description})
    if (signature := _signature(path)) is not None:
        _WHOLE.setdefault(folder, {})[path] = signature
    return path


def load(path: Path, like: "Mapping[str, np.ndarray] | None" = None) -> Checkpoint:
    """Read one checkpoint by its JSON file; no more memory is taken than its files have bytes.

    Parameters
    ----------
    path : Path
    like : mapping of str to ndarray, optional
        The arrays to read, all of them if left out; each must have the shape and type of its like here, and
        finite numbers.

    Raises
    ------
    RunFolderError
        If a file is missing or damaged (the hash covers the arrays and the metadata), or an array is not like
        what it must be.
    """
    from rnnlab.runs import schema  # here, like numpy, because `rnnlab --help` starts without it

    record = read_json(path)
    schema.check_checkpoint(path, record)
    arrays_path = path.with_suffix(".npz")
    with reading(arrays_path) as file:
        digest = _digest(file, record["metadata"])
        if record["sha256"] != digest:
            raise RunFolderError(
                f"'{name_of(path)}' is damaged: its sha256 must be {shortened(record['sha256'], 64)}; got {digest}."
            )
        try:
            arrays = _read_arrays(file, like)
        except RunFolderError:
            raise
        except Exception as error:  # what zipfile and NumPy raise depends on which byte is damaged
            why = shortened(str(error).rstrip("."), 200) or type(error).__name__
            raise RunFolderError(f"'{name_of(arrays_path)}' is damaged: {why}.") from error
    return Checkpoint(path, arrays, record["metadata"])


def not_there(part: str, name: str) -> RunFolderError:
    """The error for a checkpoint that is asked for by its name."""
    return RunFolderError(f"The checkpoint {part}/{shortened(name, 30)} is not there.")


def latest(
    folder: Path,
    like: "Mapping[str, np.ndarray] | None" = None,
    take_up: Callable[[Checkpoint], object] = lambda _found: None,
) -> Checkpoint | None:
    """Read the newest good checkpoint, naming in `skipped` any bad ones after it; None if there is none at all.

    Parameters
    ----------
    folder : Path
    like : mapping of str to ndarray, optional
        As for `load`.
    take_up : callable, optional
        Goes on from a checkpoint; a RunFolderError from it makes that a bad one.

    Raises
    ------
    RunFolderError
        If there are checkpoints and none of them is good, which says what is wrong with the newest; or if the folder
        is there and cannot be read.
    """
    bad: list[RunFolderError] = []
    for path in sorted(described(folder), key=_number, reverse=True):
        try:
            found = load(path, like)
            take_up(found)
        except RunFolderError as error:
            bad.append(error)
            continue
        skipped = (f"{error.message} An earlier checkpoint is used instead." for error in bad)
        return Checkpoint(found.path, found.arrays, found.metadata, tuple(skipped))
    if bad:
        raise bad[0]
    return None


def described(folder: Path) -> list[Path]:
    """The JSON files in a folder that may not be there; one that cannot be read is not taken for an empty one."""
    if not os.path.lexists(folder):
        return []
    try:
        return [folder / name for name in os.listdir(folder) if name.endswith(".json")]
    except OSError as error:
        raise RunFolderError(f"'{name_of(folder)}' could not be read: {reason(error, 'read')}.") from error


def make_folder(folder: Path) -> None:
    """Make a folder for checkpoints in one that must be there (RunFolderError)."""
    refuse_link(folder)
    with writing(folder):
        folder.mkdir(exist_ok=True)


def newest(folder: Path) -> int:
    """The highest number that a file in the folder bears; 0 where there is none."""
    with writing(folder):
        return max((_number(path) for path in folder.iterdir()), default=0) if folder.exists() else 0


def cut(folder: Path, newest: int) -> None:
    """Remove all checkpoints with a higher number."""
    refuse_link(folder)
    with writing(folder):
        for path in sorted(folder.glob("*")):  # .json before .npz: half a checkpoint is none
            if _number(path) > newest:
                path.unlink()


def prune(folder: Path, keep: int, best: bool) -> None:
    """Remove all but the newest checkpoints and, where `best`, the one of them all with the lowest loss.

    One that is damaged counts for none of them, and stays as long as its neighbours do: what could not be read may be
    read later. What this process wrote, or has hashed once, is not hashed again.

    Parameters
    ----------
    folder : Path
    keep : int
        Newest checkpoints that stay.
    best : bool
        Whether the checkpoint whose metadata have the lowest `loss` stays too.
    """
    if folder.is_symlink():  # what it leads to is not the run's to remove
        return
    described = sorted(folder.glob("*.json"), key=_number, reverse=True)
    whole = list(islice(filter(_is_whole, described), keep))
    kept = described[: described.index(whole[-1]) + 1] if len(whole) == keep else described
    if best and (losses := {path: loss for path in described if (loss := _loss(path)) is not None}):
        kept += islice(filter(_is_whole, sorted(losses, key=lambda path: (losses[path], _number(path)))), 1)
    stems = {path.stem for path in kept}
    for path in sorted(folder.iterdir()):  # .json before .npz: half a checkpoint is none
        if _number(path) and path.stem not in stems and path.suffix in (".json", ".npz"):
            with suppress(OSError):
                path.unlink()
    _WHOLE[folder] = {path: known for path, known in _WHOLE.get(folder, {}).items() if path in kept}


def _is_whole(path: Path) -> bool:
    """Whether a checkpoint has the hash that it was written with."""
    from rnnlab.runs import schema

    known = _WHOLE.setdefault(folder := path.parent, {})
    signature = _signature(path)
    if signature is not None and known.get(path) == signature:
        return True
    try:
        record = read_json(path)
        schema.check_checkpoint(path, record)
        with reading(path.with_suffix(".npz")) as file:
            whole = record["sha256"] == _digest(file, record["metadata"])
    except RunFolderError:
        return False
    if whole and signature is not None:
        _WHOLE[folder][path] = signature
    return whole


def _signature(path: Path) -> _Signature | None:
    """What changes when a file of a checkpoint is written anew; None where one is missing."""
    try:
        found = [os.stat(one) for one in (path, path.with_suffix(".npz"))]
    except OSError:
        return None
    return tuple((one.st_ino, one.st_size, one.st_mtime_ns) for one in found)


def _loss(path: Path) -> float | None:
    """The loss in a checkpoint's metadata; None where there is none that can be read."""
    try:
        metadata = read_json(path).get("metadata")
    except RunFolderError:
        return None
    loss = metadata.get("loss") if isinstance(metadata, dict) else None
    return loss if isinstance(loss, float) else None


def _read_arrays(file: "BufferedReader", like: "Mapping[str, np.ndarray] | None") -> "dict[str, np.ndarray]":
    """The arrays of an .npz as `save` writes it; on anything else, some exception."""
    import warnings
    from zipfile import ZipFile

    size = file.seek(0, os.SEEK_END)
    with warnings.catch_warnings(action="error"), ZipFile(file) as archive:
        members = {info.filename.removesuffix(".npy"): info for info in archive.infolist()}
        if missing := [name for name in like or () if name not in members]:
            raise ValueError(f"it must hold the array {missing[0]}; it does not")
        wanted = members if like is None else like
        if sum(members[name].file_size for name in wanted) > size:
            raise ValueError("its arrays are larger than itself")
        return {name: _read_array(archive, members[name], None if like is None else like[name]) for name in wanted}


def _read_array(archive: "ZipFile", info: "ZipInfo", like: "np.ndarray | None") -> "np.ndarray":
    """One array; its header is held against the bytes there are before memory is taken for it."""
    import numpy as np
    from numpy.lib import format as npy

    name = info.filename.removesuffix(".npy")
    if info.compress_type or info.flag_bits & 1 or info.file_size != info.compress_size:
        raise ValueError(f"{name} must be neither compressed nor encrypted")
    with archive.open(info) as member:
        readers = {(1, 0): npy.read_array_header_1_0, (2, 0): npy.read_array_header_2_0}
        shape, _, dtype = readers[npy.read_magic(member)](member)
        if dtype.kind not in "biufc" or dtype.itemsize * math.prod(shape) != info.file_size - member.tell():
            raise ValueError(f"{name} must hold numbers, as many as its header says")
        if like is not None and (shape != like.shape or dtype != like.dtype):
            raise RunFolderError(
                f"The {name} of checkpoint {Path(archive.filename or '').stem} must be {like.dtype} of shape "
                f"{like.shape}; it is {dtype} of shape {shape}."
            )
        member.seek(0)
        array = npy.read_array(member, allow_pickle=False)
    if like is not None and not np.isfinite(array).all():
        raise ValueError(f"{name} must hold finite numbers")
    return array


def _number(path: Path) -> int:
    return int(path.stem) if path.stem.isdecimal() else 0


def _digest(arrays: "BufferedReader | io.BytesIO", metadata: object) -> str:
    """The sha256 over the arrays' file and the metadata in their one canonical spelling."""
    canonical = json.dumps(metadata, sort_keys=True, separators=(",", ":"), allow_nan=False)
    digest = hashlib.file_digest(arrays, "sha256")
    digest.update(canonical.encode())
    return digest.hexdigest()
