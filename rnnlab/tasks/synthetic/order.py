"""Temporal order: which of two symbols came first, and which second (many to one)."""

import numpy as np
from numpy.random import Generator

from rnnlab.tasks.synthetic.sequences import Length, Sequences, beyond_end, draw_lengths, unless_equal
from rnnlab.tasks.synthetic.synthetic import Synthetic


def order(rng: Generator, length: Length, sequences: int) -> Sequences:
    """Temporal order: which of two symbols came first, and which second.

    Symbols c, d, e, f (tokens 2..5) are noise; in the second tenth of the sequence, and again in its sixth,
    one of A, B (tokens 0, 1) appears. Class 2 first + second, that is AA 0, AB 1, BA 2, BB 3; chance is 1/4,
    log 4 nats.

    Source: Hochreiter and Schmidhuber 1997, experiment 6a; with 6 symbols and these positions as in the code
    (tempOrder.py) of Pascanu, Mikolov and Bengio 2013. Theirs needs 10 steps or more; here a tenth has at
    least one step, so that 2 suffice.
    """
    lengths = draw_lengths(rng, length, sequences, shortest=2)
    inputs = rng.integers(2, 6, (lengths.max(), sequences))
    tenth = np.maximum(lengths // 10, 1)
    # Below ten steps the second tenth is cut short, so that it stays before the middle.
    starts = np.minimum(lengths // 10, lengths // 2 - 1), lengths // 2
    symbols = rng.integers(0, 2, (2, sequences))
    for start, symbol in zip(starts, symbols, strict=True):
        inputs[start + rng.integers(0, tenth), np.arange(sequences)] = symbol
    inputs[beyond_end(lengths)] = 0
    targets = 2 * symbols[0] + symbols[1]
    return Sequences(inputs, targets, unless_equal(lengths), 6, 4, "classes", "last")


class Order(Synthetic):
    """Temporal order: which of two symbols came first, and which second (many to one)."""

    generator = staticmethod(order)
