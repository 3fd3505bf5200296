"""What a cell says of one step: its formulas, forward and backward, for one sequence."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

Named = Mapping[str, np.ndarray]


@dataclass(frozen=True)
class Backward:
    """What a step leaves on the way back.

    Attributes
    ----------
    values : dict of str to array
        By symbol, in the order in which they are worked out: ``delta_t``.
    states : dict of str to (H,)
        By state: what this step adds to the gradient of the states before it.
    inputs : (I,)
        dL/dx_t.
    terms : dict of str to array
        By parameter: this step's term of the sum over time that is its gradient.
    """

    values: dict[str, np.ndarray]
    states: dict[str, np.ndarray]
    inputs: np.ndarray
    terms: dict[str, np.ndarray]


@dataclass(frozen=True)
class Formulas:
    """What stands beside the numbers of a step. Symbols end in ``_t``; ``_{t-1}`` and ``_{t+1}`` are its neighbours.

    Attributes
    ----------
    forward, backward : mapping of str to str
        Symbol -> right-hand side, in the order of the values; a value may be without one. On the way back ``{c}``
        stands for what the state c gets from the step after, where there is one.
    carried : mapping of str to str
        State -> what its gradient at step t gets from step t + 1.
    terms : mapping of str to str
        Parameter -> the term of step t.
    inputs : str
        dL/dx_t; empty where there is no formula for it.
    """

    forward: Mapping[str, str]
    backward: Mapping[str, str]
    carried: Mapping[str, str]
    terms: Mapping[str, str]
    inputs: str = ""


class Cell(ABC):
    """One step of a recurrence.

    Attributes
    ----------
    formulas : Formulas
    states : tuple of str
        What goes from step to step; ``h`` comes first.
    gates : tuple of str
        Upper indices of the blocks of columns in W_hh, W_xh and b_h; empty for a single block.
    worked : bool
        Whether the values are worked out from the formulas; else they are the layer's own.
    """

    formulas: Formulas
    states: tuple[str, ...] = ("h",)
    gates: tuple[str, ...] = ()
    worked: bool = True

    @abstractmethod
    def forward(self, p: Named, x: np.ndarray, before: Named) -> dict[str, np.ndarray]:
        """Work out a step.

        Parameters
        ----------
        p : mapping of str to array
            The parameters: ``W_hh`` (H, G H), ``W_xh`` (I, G H), ``b_h`` (G H,), and those of the cell alone.
        x : (I,)
            x_t.
        before : mapping of str to (H,)
            The states before the step.

        Returns
        -------
        dict of str to (H,)
            By symbol, the new states among them: ``a_t``, ``h_t``.
        """

    @abstractmethod
    def backward(self, p: Named, x: np.ndarray, before: Named, now: Named, d: Named) -> Backward:
        """Take a gradient back through the step.

        Parameters
        ----------
        p, x, before : as in `forward`
        now : mapping of str to (H,)
            What `forward` gave.
        d : mapping of str to (H,)
            By state: dL/dh_t, complete; of another state what the step after has added, without what comes by h_t.
        """


def sigmoid(a: np.ndarray) -> np.ndarray:
    """1 / (1 + exp(-a))."""
    return 1 / (1 + np.exp(-a))
