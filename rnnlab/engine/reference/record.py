"""What is kept of a network on one sequence: every number by its symbol, every term of every sum."""

from dataclasses import dataclass

import numpy as np

from rnnlab.engine.reference.cell import Cell
from rnnlab.engine.reference.losses import Number


@dataclass(frozen=True)
class Step:
    """A step, forward and back.

    Attributes
    ----------
    time : int
        t, from 1.
    inputs : (I,)
        x_t.
    forward, backward : dict of str to array
        By symbol; ``dL/dh_t`` comes first on the way back.
    above : (H,) or None
        What the loss and the layers above say to h_t; None where they are silent.
    is_last : bool
        Whether it is the last that the recurrence visits: then nothing comes back from a later one.
    d_inputs : (I,)
        dL/dx_t, of this recurrence.
    terms : dict of str to array
        By parameter: the step's term of its gradient.
    """

    time: int
    inputs: np.ndarray
    forward: dict[str, np.ndarray]
    backward: dict[str, np.ndarray]
    above: np.ndarray | None
    is_last: bool
    d_inputs: np.ndarray
    terms: dict[str, np.ndarray]


@dataclass(frozen=True)
class Recurrence:
    """One recurrence, unrolled.

    Attributes
    ----------
    name : str
        ``layer0``, ``layer0.reverse``.
    cell : Cell
    reverse : bool
        Whether it visits the steps from the last to the first.
    initial, d_initial : dict of str to (H,)
        By state: ``h``.
    steps : tuple of Step
        In the order of the visits.
    gradients : dict of str to array
        By parameter: the sum of the terms.
    """

    name: str
    cell: Cell
    reverse: bool
    initial: dict[str, np.ndarray]
    d_initial: dict[str, np.ndarray]
    steps: tuple[Step, ...]
    gradients: dict[str, np.ndarray]


@dataclass(frozen=True)
class Output:
    """One output and its loss.

    Attributes
    ----------
    time : int
        t, from 1.
    read : (F,)
        What the readout reads: h_t, of both directions side by side.
    o, do : (O,)
    p : (O,) or None
        What o says of the classes, for a loss that speaks of them.
    y : (O,) numbers, or a class
    weight : float
        What the output counts.
    loss : ()
        The weight times l_t.
    terms : dict of str to array
        ``W_ho``, ``b_o``.
    """

    time: int
    read: np.ndarray
    o: np.ndarray
    p: np.ndarray | None
    y: np.ndarray
    weight: float
    loss: Number
    do: np.ndarray
    terms: dict[str, np.ndarray]


@dataclass(frozen=True)
class Unrolled:
    """A network on one sequence, number by number.

    Attributes
    ----------
    recurrences : tuple of Recurrence
        Bottom layer first, forward direction before the reverse one.
    outputs : tuple of Output
    loss : ()
    gradients : dict of str to array
        Of every parameter by its name in the network, ``layer0.W_hh``; a learned initial state is one.
    d_inputs : (T, I)
        dL/dx_t.
    """

    recurrences: tuple[Recurrence, ...]
    outputs: tuple[Output, ...]
    loss: Number
    gradients: dict[str, np.ndarray]
    d_inputs: np.ndarray
