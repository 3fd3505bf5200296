"""Echo: say again what came some steps before (many to many)."""

import numpy as np
from numpy.random import Generator

from rnnlab.errors import DataError
from rnnlab.tasks.synthetic.sequences import Length, Sequences, beyond_end, draw_lengths, unless_equal
from rnnlab.tasks.synthetic.synthetic import Synthetic


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
    lengths = draw_lengths(rng, length, sequences, shortest=1)
    shortest = length if isinstance(length, int) else length[0]
    if not 0 <= delay < shortest:
        raise DataError(f"The 'delay' must be at least 0 and below the length {shortest}; got {delay}.")
    inputs = rng.integers(0, 2, (lengths.max(), sequences, 1)).astype(np.float64)
    targets = np.zeros_like(inputs)
    targets[delay:] = inputs[: len(inputs) - delay]
    padding = beyond_end(lengths)
    inputs[padding] = targets[padding] = 0.0
    return Sequences(inputs, targets, unless_equal(lengths), 1, 1, "values", "every")


class Echo(Synthetic):
    """Echo: say again what came some steps before (many to many)."""

    generator = staticmethod(echo)

    @property
    def options(self) -> dict[str, object]:
        return {"delay": self.config.data.delay}
