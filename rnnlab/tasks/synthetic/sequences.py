"""Sequences with a known answer, as the generators of the synthetic tasks draw them.

A generator is a function `(rng, length, sequences, ...) -> Sequences`. `length` is a number of steps, or
`(shortest, longest)`: then each sequence draws its own length, and is padded with zeros at the end.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from rnnlab.errors import DataError

Length = int | tuple[int, int]


@dataclass(frozen=True)
class Sequences:
    """N sequences of up to T steps, with what is to be predicted.

    Parameters
    ----------
    inputs : float array of shape (T, N, input_size), or int array of shape (T, N) of tokens < input_size
        Zero from a sequence's end on.
    targets : array
        Float of shape (T, N, output_size) for `values`, int of shape (T, N) for `classes`; without the axis T
        for a readout at the last step. Zero from a sequence's end on.
    lengths : int array of shape (N,), or None
        Steps of each sequence; None where all have T.
    input_size, output_size : int
        Features (or symbols) that go in; values (or classes) that come out.
    kind : {"classes", "values"}
    readout : {"last", "every"}
        At which steps there is something to predict.
    """

    inputs: NDArray
    targets: NDArray
    lengths: NDArray[np.intp] | None
    input_size: int
    output_size: int
    kind: Literal["classes", "values"]
    readout: Literal["last", "every"]


def draw_lengths(rng: Generator, length: Length, sequences: int, *, shortest: int) -> NDArray[np.intp]:
    """Steps of each sequence, (N,); refuses a length below `shortest` (DataError)."""
    low, high = (length, length) if isinstance(length, int) else length
    if not shortest <= low <= high:
        raise DataError(f"The 'length' must be at least {shortest}, shortest first; got {length}.")
    if sequences < 1:
        raise DataError(f"The number of sequences must be at least 1; got {sequences}.")
    return rng.integers(low, high, sequences, dtype=np.intp, endpoint=True)


def beyond_end(lengths: NDArray) -> NDArray[np.bool_]:
    """True at the padding, shape (T, N)."""
    return np.arange(lengths.max())[:, np.newaxis] >= lengths


def unless_equal(lengths: NDArray) -> NDArray | None:
    """The lengths, or None where all are the same."""
    return None if (lengths == lengths[0]).all() else lengths
