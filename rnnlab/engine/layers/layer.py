"""The interface of a recurrent layer: what the network, the checker and the dynamics ask of it, and all they may know.

A *layer* says what it is: its states, its parameters, how its inputs reach its outputs. It has two faces:

    columns    a `Recurrence`, the buffers of T steps of B sequences, with a forward and a backward pass: (T, ..., F, B)
    rows       the derivative of one step, derived a second time for the dynamics: (T, R, B, F)

The first is fast and works in place, the second is short; the tests hold one against the other and both against the
complex step. A family of layers shares the first face: `rnnlab.engine.layers.gated`.

Axes have one order everywhere: time, models, sequences, features; columns turn the last two. What has no time, as
parameters and initial states, begins with the models. Results about models are one row per model: shares and rates
(R,), curves by lag (R, lags).
"""

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from rnnlab.engine.parameters import Layout

if TYPE_CHECKING:
    from rnnlab.engine.reference.cell import Cell

Upstream = Callable[[int, int], np.ndarray | None]


@dataclass(frozen=True)
class State:
    """One of the arrays that a layer hands from step to step.

    Attributes
    ----------
    name : str
        ``h`` is the output, and comes first. The learned initial state is the parameter ``<name>_0``.
    shape : tuple of int
        Of one sequence; inside, a state is held as (..., F, B) with F the product.
    """

    name: str
    shape: tuple[int, ...]

    @property
    def initial(self) -> str:
        """Name of the initial state: ``h_0``."""
        return f"{self.name}_0"

    @property
    def size(self) -> int:
        """Numbers per sequence, F."""
        return math.prod(self.shape)


@dataclass(frozen=True)
class Parameter:
    """One of a layer's parameters.

    Attributes
    ----------
    shape : tuple of int
    init : str
        Kind of its initial values where a config names none, see `rnnlab.engine.initializers`.
    gates : int
        Equal blocks along the last axis, each of which is drawn by itself.
    trained : bool
        False for one that stays as it was drawn.
    """

    shape: tuple[int, ...]
    init: str = "uniform"
    gates: int = 1
    trained: bool = True


@dataclass(frozen=True)
class Sizes:
    """The shapes of one pass.

    Attributes
    ----------
    steps, batch_size, input_size, hidden_size : int
        T, B, I and H.
    ensemble : tuple of int
        () for a lone model, (R,) for R models side by side.
    dtype : numpy dtype
        float64 or float32; a complex one for the complex-step check.
    lookup : bool
        Inputs are tokens, whose row of W_xh is looked up in place of a product with a one-hot column.
    chunk : int or None
        Most steps to work out at once, for a layer whose backward pass goes chunk by chunk; None leaves it the choice.
    """

    steps: int
    batch_size: int
    input_size: int
    hidden_size: int
    ensemble: tuple[int, ...]
    dtype: np.dtype
    lookup: bool
    chunk: int | None = None


@dataclass(frozen=True)
class Trace:
    """What backpropagation keeps on request.

    Attributes
    ----------
    dh : (T, ..., H, B)
        dL/dh_t, the total gradient at every step.
    through : (T, ..., H, B)
        W_hh da_t: the part of dh_{t-1} that came back through step t.
    """

    dh: np.ndarray
    through: np.ndarray


class Recurrence(ABC):
    """A layer's passes over T steps of B sequences: the buffers, forward and backward.

    Attributes
    ----------
    states : list of (T + 1, ..., F, B)
        In the layer's order, the initial ones first; `states[0]` is h.
    """

    states: list[np.ndarray]

    @abstractmethod
    def load(self, theta: np.ndarray) -> None:
        """Take the weights for the passes to come from all parameters of the network, (..., P)."""

    @abstractmethod
    def forward(
        self, inputs: np.ndarray, initial: Sequence[np.ndarray] | None = None, mask: np.ndarray | None = None
    ) -> list[np.ndarray]:
        """Run over all steps.

        Parameters
        ----------
        inputs : (T, ..., I, B) numbers, or (T, ..., B) int tokens
            A model axis of length one where all models read the same. What stands where the mask is True is not read.
        initial : sequence of (..., F, B), optional
            The states before the first step; zero if left out.
        mask : (T, ..., 1, B) bool, optional
            True where a sequence has no step t: there the states stay as they are.

        Returns
        -------
        list of (..., F, B)
            The states after the last step: copies.
        """

    @abstractmethod
    def backward(
        self,
        upstream: Upstream,
        final: Sequence[np.ndarray | None] = (),
        mask: np.ndarray | None = None,
        trace: Trace | None = None,
        *,
        loss_at_every_step: bool = False,
    ) -> list[np.ndarray]:
        """Take gradients back through all steps, after `forward`.

        Parameters
        ----------
        upstream : (start, stop) -> (stop - start, ..., H, B) or None
            What the loss and the layers above add to dh_t; None where they add nothing.
        final : sequence of (..., F, B) or None
            Gradient of the final states; zero if left out.
        mask : as in `forward`
        trace : Trace, optional
            Arrays to fill.
        loss_at_every_step : bool
            The loss adds to every step, so that no gradient can vanish on its way back.

        Returns
        -------
        list of (..., F, B)
            Gradient of the initial states: views, valid until the next pass.
        """

    @abstractmethod
    def input_gradient(self, start: int, stop: int) -> np.ndarray:
        """dL/dx_t of the steps start..stop - 1 after `backward`: (stop - start, ..., I, B)."""

    @abstractmethod
    def write_gradient(self, d_theta: np.ndarray) -> None:
        """Write dL/dW of the layer's parameters into that of all parameters, (..., P), after `backward`."""

    @abstractmethod
    def activations(self) -> dict[str, np.ndarray]:
        """What the layer did at each step besides h, (T, ..., F, B) by name, between `forward` and `backward`."""

    @property
    def h(self) -> np.ndarray:
        """(T + 1, ..., H, B): the first of the states."""
        return self.states[0]


@dataclass(frozen=True)
class Trajectory:
    """What one layer did over T steps, as rows. A lone model counts as R = 1.

    Attributes
    ----------
    layer : Layer
    weights : mapping of str to (R, ...)
        The layer's parameters. Rows (n, R, B, F) times one of the matrices are `rows @ matrix`;
        `rnnlab.engine.layers.rows.product` is quicker.
    h : (T + 1, R, B, H)
        The initial state first.
    activations : mapping of str to (T, R, B, F)
        As the layer names them in `Recurrence.activations`.
    """

    layer: "Layer"
    weights: Mapping[str, np.ndarray]
    h: np.ndarray
    activations: Mapping[str, np.ndarray]

    @property
    def steps(self) -> int:
        """T, the steps of every sequence."""
        return len(self.h) - 1

    @property
    def hidden_size(self) -> int:
        """H, the units of h."""
        return self.h.shape[-1]

    @property
    def state_size(self) -> int:
        """Numbers that go from one step to the next, S: all states side by side."""
        return sum(state.size for state in self.layer.states(self.hidden_size))

    def at(self, steps: slice, *names: str) -> tuple[np.ndarray, ...]:
        """Activations of some steps, (n, R, B, F) each."""
        return tuple(self.activations[name][steps] for name in names)

    @cached_property
    def weights_back(self) -> np.ndarray:
        """(R, G H, H): W_hh^T, contiguous, which products are fastest with."""
        return np.ascontiguousarray(np.swapaxes(self.weights["W_hh"], -1, -2))

    @cached_property
    def gates_back(self) -> np.ndarray:
        """(R, G, H, H): weights_back gate by gate, a view."""
        return self.weights_back.reshape(len(self.weights_back), -1, self.hidden_size, self.hidden_size)

    def pull_back(self, steps: slice, adjoint: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """See `Layer.pull_back`."""
        return self.layer.pull_back(self, steps, adjoint)

    def carry_back(self, step: int, adjoint: np.ndarray) -> np.ndarray:
        """See `Layer.carry_back`."""
        return self.layer.carry_back(self, step, adjoint)

    def push_forward(self, step: int, tangent: np.ndarray) -> np.ndarray:
        """See `Layer.push_forward`."""
        return self.layer.push_forward(self, step, tangent)


class Layer(ABC):
    """A kind of recurrent layer.

    Attributes
    ----------
    name : str
        As in a config's `model.cell`.
    formulas : str
        The equations of a step, line by line.
    gates : tuple of str
        Activations that lie between 0 and 1 and open or shut a path.
    smooth : bool
        Whether a step is analytic, so that the complex step applies; else it has kinks where h crosses 0.
    additive : bool
        Whether h_t = phi(h_{t-1} W_hh + x_t W_xh + b_h), which mean-field theory, the bound on the norm of the
        Jacobians and Omega are about.
    slope : float or None
        Largest slope of phi, of an additive layer.
    forget_gate : tuple of int or None
        Places of the input and the forget gate among the blocks of b_h, of a layer that has them.
    """

    name: str
    formulas: str
    gates: tuple[str, ...] = ()
    smooth: bool = True
    additive: bool = False
    slope: float | None = None
    forget_gate: tuple[int, int] | None = None

    def __eq__(self, other: object) -> bool:
        """Layers of one kind with the same options are the same."""
        return type(self) is type(other) and vars(self) == vars(other)

    def __hash__(self) -> int:
        return hash((type(self), self.name))

    @abstractmethod
    def states(self, hidden_size: int) -> tuple[State, ...]:
        """What goes from step to step, h first."""

    @abstractmethod
    def parameters(self, input_size: int, hidden_size: int) -> dict[str, Parameter]:
        """Name -> parameter, in the order in which they are laid out."""

    @abstractmethod
    def numbers_per_step(self, input_size: int, hidden_size: int) -> int:
        """Numbers that a pass keeps per step and sequence."""

    @abstractmethod
    def work_per_step(self, input_size: int, hidden_size: int) -> int:
        """Multiplications of a step of one sequence."""

    @abstractmethod
    def recurrence(self, sizes: Sizes, layout: Layout) -> Recurrence:
        """Buffers for passes of these sizes; the layout is that of the layer's own parameters by their bare names."""

    @abstractmethod
    def pull_back(self, trajectory: Trajectory, steps: slice, adjoint: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Take gradients back through steps: J_t^T v.

        Parameters
        ----------
        trajectory : Trajectory
        steps : slice
            Either one step, for n gradients, or n steps, for one gradient each.
        adjoint : (n, R, B, S)
            Gradients with respect to the states after these steps, side by side.

        Returns
        -------
        da : (n, R, B, G H)
            Gradient of h_{t-1} W_hh, by the gates' order.
        before : (n, R, B, S)
            Gradient with respect to the states before these steps.
        """

    def carry_back(self, trajectory: Trajectory, step: int, adjoint: np.ndarray) -> np.ndarray:
        """Take many gradients (n, R, B, S) back through one step: `before` of `pull_back`.

        A layer whose Jacobian is cheap to put together overrides it: then one product serves them all.
        """
        return self.pull_back(trajectory, slice(step, step + 1), adjoint)[1]

    @abstractmethod
    def push_forward(self, trajectory: Trajectory, step: int, tangent: np.ndarray) -> np.ndarray:
        """Take small differences (n, R, B, S) of the states before a step to those after it: J_t v."""

    def reference(self) -> "Cell | None":
        """The same step as plain formulas, for reading and proving (`rnnlab.engine.reference`); None if there are none.

        Its arithmetic must be its own: what is held against the layer may not be the layer.
        """
        return None

    @abstractmethod
    def saturated(self, trajectory: Trajectory) -> np.ndarray:
        """(T, R, B, H) bool: where the output lies in the flat part of its activation."""
