"""The logistic map: one step of x to 4 x (1 - x) (one to one)."""

from numpy.random import Generator

from rnnlab.errors import DataError
from rnnlab.tasks.synthetic.sequences import Length, Sequences
from rnnlab.tasks.synthetic.synthetic import Synthetic


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


class LogisticMap(Synthetic):
    """The logistic map: one step of x to 4 x (1 - x) (one to one)."""

    generator = staticmethod(logistic_map)
