"""Tasks with a known answer, drawn from a random generator: what must be remembered, and for how long.

Every task is a function `task(rng, length, sequences, ...) -> Sequences`. `length` is a number of steps, or
`(shortest, longest)`: then each sequence draws its own length, and is padded with zeros at the end.

| task           | kind         | inputs                  | to predict                              |
|----------------|--------------|-------------------------|-----------------------------------------|
| `order`        | many-to-one  | tokens, 6 symbols       | which of AA, AB, BA, BB, at the end     |
| `adding`       | many-to-one  | a number and a mark     | the sum of the two marked numbers       |
| `echo`         | many-to-many | a bit                   | the bit `delay` steps ago, at each step |
| `sine`         | one-to-many  | a frequency, at step 0  | the sine wave, at each step             |
| `logistic_map` | one-to-one   | x                       | growth x (1 - x)                        |
"""

from collections.abc import Callable
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


def order(rng: Generator, length: Length, sequences: int) -> Sequences:
    """Temporal order: which of two symbols came first, and which came second.

    Symbols c, d, e, f (tokens 2..5) are noise; in the second tenth of the sequence, and again in its sixth,
    one of A, B (tokens 0, 1) appears. Class 2 first + second, that is AA 0, AB 1, BA 2, BB 3; chance is 1/4,
    log 4 nats.

    Source: Hochreiter and Schmidhuber 1997, experiment 6a; with 6 symbols and these positions as in the code
    (tempOrder.py) of Pascanu, Mikolov and Bengio 2013. Theirs needs 10 steps or more; here a tenth has at
    least one step, so that 2 suffice.
    """
    lengths = _draw_lengths(rng, length, sequences, shortest=2)
    inputs = rng.integers(2, 6, (lengths.max(), sequences))
    tenth = np.maximum(lengths // 10, 1)
    # Below ten steps the second tenth is cut short, so that it stays before the middle.
    starts = np.minimum(lengths // 10, lengths // 2 - 1), lengths // 2
    symbols = rng.integers(0, 2, (2, sequences))
    for start, symbol in zip(starts, symbols, strict=True):
        inputs[start + rng.integers(0, tenth), np.arange(sequences)] = symbol
    inputs[_beyond_end(lengths)] = 0
    targets = 2 * symbols[0] + symbols[1]
    return Sequences(inputs, targets, _unless_equal(lengths), 6, 4, "classes", "last")


def adding(rng: Generator, length: Length, sequences: int) -> Sequences:
    """Adding: a stream of numbers in [0, 1), two of them marked; predict their sum at the end.

    Feature 0 is the number, feature 1 the mark, which is 1 once in each half of the sequence, else 0. To
    answer 1 always has a mean squared error of 1/6 (a mean half squared error of 1/12).

    Source: Hochreiter and Schmidhuber 1997, experiment 4; in this form Le, Jaitly and Hinton 2015, and
    Arjovsky, Shah and Bengio 2016.
    """
    lengths = _draw_lengths(rng, length, sequences, shortest=2)
    inputs = np.zeros((lengths.max(), sequences, 2))
    inputs[..., 0] = rng.random(inputs.shape[:2])
    inputs[_beyond_end(lengths), 0] = 0.0
    targets = np.zeros((sequences, 1))
    column = np.arange(sequences)
    for start, stop in ((0, lengths // 2), (lengths // 2, lengths)):
        marked = rng.integers(start, stop)
        inputs[marked, column, 1] = 1.0
        targets[:, 0] += inputs[marked, column, 0]
    return Sequences(inputs, targets, _unless_equal(lengths), 2, 1, "values", "last")


def echo(rng: Generator, length: Length, sequences: int, delay: int = 3) -> Sequences:
    """Echo: y_t = x_{t-delay} for random bits x, and 0 for the first `delay` steps.

    To answer 1/2 always has a mean squared error of 1/4; what a network gets below that is memory of exactly
    `delay` steps.

    Parameters
    ----------
    delay : int >= 0
        Less than the shortest length.

    Source: the delay task of Jaeger 2002, "Short term memory in echo state networks", with bits.
    """
    lengths = _draw_lengths(rng, length, sequences, shortest=1)
    shortest = length if isinstance(length, int) else length[0]
    if not 0 <= delay < shortest:
        raise DataError(f"The 'delay' must be at least 0 and below the length {shortest}; got {delay}.")
    inputs = rng.integers(0, 2, (lengths.max(), sequences, 1)).astype(np.float64)
    targets = np.zeros_like(inputs)
    targets[delay:] = inputs[: len(inputs) - delay]
    padding = _beyond_end(lengths)
    inputs[padding] = targets[padding] = 0.0
    return Sequences(inputs, targets, _unless_equal(lengths), 1, 1, "values", "every")


def sine(
    rng: Generator,
    length: Length,
    sequences: int,
    shortest_period: float = 10.0,
    longest_period: float = 40.0,
) -> Sequences:
    """Sine: y_t = sin(2 pi t / period), told only, at the first step, where the frequency stands.

    The input at step 0 is 1/period, mapped so that the lowest frequency is 0 and the highest 1, and 0 at
    every later step: the network must keep the oscillation going by itself. Frequencies are drawn uniformly.

    Parameters
    ----------
    shortest_period, longest_period : float
        In steps; 2 < shortest < longest.

    Source: closed form; after the frequency generator of Jaeger 2001, "The echo state approach to analysing
    and training recurrent neural networks", with the frequency told by a single pulse.
    """
    if not 2.0 < shortest_period < longest_period < np.inf:
        raise DataError(
            "The periods must satisfy 2 < shortest_period < longest_period; "
            f"got {shortest_period:g} and {longest_period:g}."
        )
    lengths = _draw_lengths(rng, length, sequences, shortest=1)
    pulse = rng.random(sequences)
    frequency = 1 / longest_period + pulse * (1 / shortest_period - 1 / longest_period)
    inputs = np.zeros((lengths.max(), sequences, 1))
    inputs[0, :, 0] = pulse
    targets = np.sin(2 * np.pi * np.arange(lengths.max())[:, np.newaxis] * frequency)[..., np.newaxis]
    targets[_beyond_end(lengths)] = 0.0
    return Sequences(inputs, targets, _unless_equal(lengths), 1, 1, "values", "every")


def logistic_map(rng: Generator, length: Length, sequences: int, growth: float = 4.0) -> Sequences:
    """Logistic map: one step of x -> growth x (1 - x), for x uniform in [0, 1).

    Parameters
    ----------
    length : int
        1: there is nothing to remember.
    growth : float in (0, 4]

    Source: May 1976, "Simple mathematical models with very complicated dynamics", equation 3.
    """
    if length not in (1, (1, 1)):
        raise DataError(f"The 'length' must be 1 for the logistic map; got {length}.")
    if not 0.0 < growth <= 4.0:
        raise DataError(f"The 'growth' must be in (0, 4]; got {growth:g}.")
    inputs = rng.random((1, sequences, 1))
    return Sequences(inputs, growth * inputs[0] * (1 - inputs[0]), None, 1, 1, "values", "last")


TASKS: dict[str, Callable[..., Sequences]] = {
    "order": order,
    "adding": adding,
    "echo": echo,
    "sine": sine,
    "logistic_map": logistic_map,
}


def _draw_lengths(rng: Generator, length: Length, sequences: int, *, shortest: int) -> NDArray[np.intp]:
    low, high = (length, length) if isinstance(length, int) else length
    if not shortest <= low <= high:
        raise DataError(f"The 'length' must be at least {shortest}, shortest first; got {length}.")
    if sequences < 1:
        raise DataError(f"The number of sequences must be at least 1; got {sequences}.")
    return rng.integers(low, high, sequences, dtype=np.intp, endpoint=True)


def _beyond_end(lengths: NDArray) -> NDArray[np.bool_]:
    """True at the padding, shape (T, N)."""
    return np.arange(lengths.max())[:, np.newaxis] >= lengths


def _unless_equal(lengths: NDArray) -> NDArray | None:
    return None if (lengths == lengths[0]).all() else lengths
