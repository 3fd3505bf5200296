"""The adding problem: the sum of the two marked numbers of a sequence (many to one)."""

import numpy as np
from numpy.random import Generator

from rnnlab.tasks.synthetic.sequences import Length, Sequences, beyond_end, draw_lengths, unless_equal
from rnnlab.tasks.synthetic.synthetic import Synthetic


def adding(rng: Generator, length: Length, sequences: int) -> Sequences:
    """Adding: a stream of numbers in [0, 1), two of them marked; predict their sum at the end.

    Feature 0 is the number, feature 1 the mark, which is 1 once in each half of the sequence, else 0. To
    answer 1 always has a mean squared error of 1/6 (a mean half squared error of 1/12).

    Source: Hochreiter and Schmidhuber 1997, experiment 4; in this form Le, Jaitly and Hinton 2015, and
    Arjovsky, Shah and Bengio 2016.
    """
    lengths = draw_lengths(rng, length, sequences, shortest=2)
    inputs = np.zeros((lengths.max(), sequences, 2))
    inputs[..., 0] = rng.random(inputs.shape[:2])
    inputs[beyond_end(lengths), 0] = 0.0
    targets = np.zeros((sequences, 1))
    column = np.arange(sequences)
    for start, stop in ((0, lengths // 2), (lengths // 2, lengths)):
        marked = rng.integers(start, stop)
        inputs[marked, column, 1] = 1.0
        targets[:, 0] += inputs[marked, column, 0]
    return Sequences(inputs, targets, unless_equal(lengths), 2, 1, "values", "last")


class Adding(Synthetic):
    """The adding problem: the sum of the two marked numbers of a sequence (many to one)."""

    generator = staticmethod(adding)
