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


class Cell(ABC):
    """One step of a recurrence. Symbols end in ``_t``; formulas may speak of ``{t-1}`` and ``{t+1}``.

    Attributes
    ----------
    states : tuple of str
        What goes from step to step; ``h`` comes first.
    gates : tuple of str
        Upper indices of the blocks of columns in W_hh, W_xh and b_h; empty for a single block.
    forward_formulas, backward_formulas : dict of str to str
        Symbol -> right-hand side, in the order of the values. Empty where the cell has no formula for a value.
        ``{c}`` stands for what the state c gets from the step after, where there is one.
    carried_formulas : dict of str to str
        State -> what its gradient at step t gets from step t + 1.
    input_formula : str
        dL/dx_t; empty where the cell has no formula for it.
    term_formulas : dict of str to str
        Parameter -> the term of step t.
    worked : bool
        Whether the values are worked out from the formulas; else they are the layer's own.
    """

    states: tuple[str, ...] = ("h",)
    gates: tuple[str, ...] = ()
    forward_formulas: Mapping[str, str]
    backward_formulas: Mapping[str, str]
    carried_formulas: Mapping[str, str]
    input_formula: str = "delta_t W_xh^T"
    term_formulas: Mapping[str, str]
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
