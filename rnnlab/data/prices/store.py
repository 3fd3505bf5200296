"""The price folder: a CSV file per symbol, and beside it a JSON file that says where the prices came from.

The pair is replaced in two steps. A reader that comes between them, or after a crash between them, finds the
new CSV file beside the old JSON file; the new JSON file then waits under the name ``.SYMBOL.json.new`` and
is taken in its place, since it holds the hash of the CSV file.
"""

import hashlib
import json
import os
import stat
import time
from dataclasses import dataclass
from pathlib import Path

from rnnlab.data.prices.symbols import file_stem, is_symbol, symbol_of
from rnnlab.data.reading.cells import read_bytes
from rnnlab.errors import DataError
from rnnlab.files import name_of, user_path

SCHEMA_VERSION = 1

_TEXTS = ("source", "adjustment", "currency", "fetched_at")  # dropped where an edited file has something else


@dataclass(frozen=True)
class Kept:
    """A stored series as it lies in the folder.

    Attributes
    ----------
    symbol : str
    path : Path
        The CSV file.
    content : bytes
        Of the CSV file.
    origin : dict or None
        Of the JSON file: ``source, address, adjustment, currency, fetched_at, rows, first, last, sha256``,
        ...; None where there is none, as for a CSV file somebody put there by hand.
    """

    symbol: str
    path: Path
    content: bytes
    origin: dict | None


def data_folder(default: Path | None = None) -> Path:
    """The price folder: ``RNNLAB_DATA``, else ``default``, else ``data`` in the working folder."""
    named = os.environ.get("RNNLAB_DATA")
    return user_path(named) if named else default or Path("data")


def kept_symbols(folder: Path) -> list[str]:
    """Symbols that have a CSV file in the folder, in order; none if there is no folder."""
    if not _exists(folder):
        return []
    stems = [path.stem for path in folder.glob("*.csv") if not path.name.startswith(".")]
    return sorted(symbol_of(stem) for stem in stems if is_symbol(symbol_of(stem)))


def file_of(folder: Path, symbol: str) -> Path:
    """The CSV file of a checked symbol."""
    return folder / f"{file_stem(symbol)}.csv"


def read_kept(folder: Path, symbol: str, patience: float = 0.5) -> Kept | None:
    """What the folder keeps of a symbol, or None.

    Parameters
    ----------
    folder : Path
    symbol : str
        Checked by :func:`rnnlab.data.prices.symbols.check_symbol`.
    patience : float
        Seconds to wait for another process that is replacing the pair.

    Raises
    ------
    DataError
        The folder or the CSV file cannot be read, or it is not the one its JSON file describes.
    """
    path = file_of(folder, symbol)
    deadline = time.monotonic() + patience
    while _exists(path):
        content = read_bytes(path)
        found, origin = _origin_of(path, hashlib.sha256(content).hexdigest())
        if found:
            return Kept(symbol, path, content, origin)
        if time.monotonic() > deadline:
            note = path.with_suffix(".json").name
            raise DataError(
                f"{name_of(path)}: is not the file that {note} describes: its sha256 differs.",
                hint=f"It was changed by hand or left half replaced. `rnnlab fetch {symbol}` gets both anew;"
                f" delete {note} to use the CSV file as it is.",
            )
        time.sleep(0.02)
    return None


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except OSError as problem:  # no permission, or a name too long
        raise DataError(f"{name_of(path)}: cannot be read: {problem.strerror or problem}.") from None


def _origin_of(path: Path, sha256: str) -> tuple[bool, dict | None]:
    """Whether the pair is in order, and the description of the CSV file if there is one."""
    described = path.with_suffix(".json")
    for candidate in (described, pending(described)):
        try:
            is_file = stat.S_ISREG(candidate.stat().st_mode)  # a pipe would be waited for
            origin = json.loads(candidate.read_text(encoding="utf-8")) if is_file else None
        except FileNotFoundError:
            continue
        except (OSError, ValueError, RecursionError):
            origin = None
        if isinstance(origin, dict) and origin.get("sha256") == sha256:
            return True, {key: value for key, value in origin.items() if key not in _TEXTS or isinstance(value, str)}
    return not described.exists(), None


def pending(path: Path) -> Path:
    """Where the next version of a file is written before it takes its place."""
    return path.with_name(f".{path.name}.new")
