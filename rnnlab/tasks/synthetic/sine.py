"""Sine: a wave from its frequency, told once (one to many)."""

import numpy as np
from numpy.random import Generator

from rnnlab.errors import DataError
from rnnlab.tasks.synthetic.sequences import Length, Sequences, beyond_end, draw_lengths, unless_equal
from rnnlab.tasks.synthetic.synthetic import Synthetic


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
    lengths = draw_lengths(rng, length, sequences, shortest=1)
    pulse = rng.random(sequences)
    frequency = 1 / longest_period + pulse * (1 / shortest_period - 1 / longest_period)
    inputs = np.zeros((lengths.max(), sequences, 1))
    inputs[0, :, 0] = pulse
    targets = np.sin(2 * np.pi * np.arange(lengths.max())[:, np.newaxis] * frequency)[..., np.newaxis]
    targets[beyond_end(lengths)] = 0.0
    return Sequences(inputs, targets, unless_equal(lengths), 1, 1, "values", "every")


class Sine(Synthetic):
    """Sine: a wave from its frequency, told once (one to many)."""

    generator = staticmethod(sine)
