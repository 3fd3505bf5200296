"""Text as integer tokens: the vocabulary, and chunks for predicting the next character."""

import stat
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rnnlab.errors import DataError
from rnnlab.files import LARGEST_FILE, name_of


@dataclass(frozen=True)
class Chunks:
    """Consecutive chunks of one or more streams of tokens: the target of each step is the token after it.

    Column j * streams + s holds chunk j of stream s, so that batches of `streams` columns, taken in order,
    carry each stream on: the state after its chunk j is the state before its chunk j + 1.

    Parameters
    ----------
    inputs, targets : int arrays of shape (T, N)
        T steps a chunk, N = chunks a stream times streams. With one stream both are read-only views.
    streams : int
        How many streams run side by side, B.
    """

    inputs: NDArray[np.intp]
    targets: NDArray[np.intp]
    streams: int


def read_text(path: Path) -> str:
    """Read a UTF-8 text file; a byte order mark is dropped and line ends become a single newline.

    Raises
    ------
    DataError
        For a file that cannot be read, is empty, or is not UTF-8 (with line, column and byte).
    """
    label = name_of(path)
    try:
        found = path.stat()
        mode, size = found.st_mode, found.st_size
        if not stat.S_ISREG(mode) and not stat.S_ISDIR(mode):  # it might never end
            raise DataError(f"{label}: a text file is needed; this is a device or a pipe.")
        if stat.S_ISREG(mode) and size > LARGEST_FILE:
            raise DataError(
                f"{label}: a text may have at most {LARGEST_FILE // 2**20} MiB; this file has {size:,} bytes."
            )
        raw = path.read_bytes()
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "not a usable path"
        raise DataError(f"{label}: a text file must be readable; {reason}.") from error
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        before = raw[: error.start].decode("utf-8")
        line, column = before.count("\n") + 1, len(before) - (before.rfind("\n") + 1) + 1
        raise DataError(
            f"{label}:{line}:{column}: text must be UTF-8; got byte 0x{raw[error.start]:02x}, "
            f"byte {error.start + 1} of the file.",
            hint="Convert the file to UTF-8 first, for example with iconv.",
        ) from error
    text = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    if not text:
        raise DataError(f"{label}: a text file must hold at least one character; got none.")
    return text


def build_vocabulary(text: str) -> str:
    """The distinct characters of a text, sorted by code point; a token is a place among them."""
    return "".join(sorted(set(text)))


def encode_text(text: str, vocabulary: str) -> NDArray[np.intp]:
    """Characters -> tokens, shape (len(text),).

    Parameters
    ----------
    text : str
    vocabulary : str
        Distinct characters, at least one, sorted by code point.

    Raises
    ------
    DataError
        For a character that the vocabulary lacks, with its line and column.
    """
    # One 32-bit code point a character lets numpy look all of them up at once.
    points = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), dtype="<u4")
    known = np.frombuffer(vocabulary.encode("utf-32-le", "surrogatepass"), dtype="<u4")
    tokens = np.searchsorted(known, points)
    strange = known.take(tokens, mode="clip") != points
    if strange.any():
        place = int(np.argmax(strange))
        line, column = text.count("\n", 0, place) + 1, place - text.rfind("\n", 0, place)
        raise DataError(
            f"Text must use the {len(vocabulary)} characters of the vocabulary; "
            f"got {text[place]!r} at line {line}, column {column}."
        )
    return tokens


def make_chunks(tokens: NDArray[np.intp], chunk: int, streams: int = 1) -> Chunks:
    """Cut a stream of tokens into chunks for predicting the next token.

    The tokens are dealt to `streams` contiguous parts of equal length (parallel streams), each a whole number
    of chunks; the tokens left over at the end are not used.

    Parameters
    ----------
    tokens : int array of shape (n,)
        Not written to, but not copied either where one stream is asked for.
    chunk : int >= 1
        Steps of a chunk, T.
    streams : int >= 1
        Streams side by side, B; the batch size where state is carried.

    Raises
    ------
    DataError
        For fewer tokens than one chunk per stream and one target beyond it.
    """
    steps = len(tokens) - 1
    chunks = steps // (chunk * streams)
    if chunks < 1:
        _refuse_short(len(tokens), chunk, streams)
    shape = (streams, chunks, chunk)
    return Chunks(_cut(tokens[:-1], shape), _cut(tokens[1:], shape), streams)


def _cut(tokens: NDArray, shape: tuple[int, int, int]) -> NDArray:
    streams, chunks, chunk = shape
    parts = tokens[: streams * chunks * chunk].reshape(shape)
    if streams > 1:
        return np.ascontiguousarray(parts.transpose(2, 1, 0)).reshape(chunk, chunks * streams)
    columns = parts[0].T
    columns.flags.writeable = False
    return columns


def _refuse_short(characters: int, chunk: int, streams: int) -> None:
    needed = chunk * streams + 1
    chunks = f"One chunk of {chunk} steps" if streams == 1 else f"{streams} chunks of {chunk} steps side by side"
    raise DataError(
        f"{chunks} and the character after need at least {needed} characters; the text has {characters}.",
        hint="Give more text, a larger repeat, or a smaller chunk.",
    )
