"""The proof: hand-derived gradients held against the loss itself, moved along many directions d.

Where the loss is smooth, by the complex step, which subtracts nothing and so agrees with a right gradient to
rounding; where it has kinks (relu, Huber), by central differences whose points lie on one piece of it:

    f'(x) d = Im f(x + i s d) / s                                                        s = 1e-20
    f'(x) d = (8 (f(x + s d) - f(x - s d)) - (f(x + 2 s d) - f(x - 2 s d))) / (12 s)     s = 1e-3 ... 1e-7

The directions move parameters, inputs and initial states together, then each tensor alone, entry by entry.
Source: Squire, Trapp 1998, doi:10.1137/S003614459631241X; Fornberg 1988, Math. Comp. 51, table 1.
"""

from dataclasses import dataclass

import numpy as np

from rnnlab.engine.batch import Batch
from rnnlab.engine.network import Loss, Network, States
from rnnlab.engine.objective import Objective

COMPLEX_STEP, DIFFERENCES = "complex step", "central differences"
TOLERANCES = {COMPLEX_STEP: 1e-9, DIFFERENCES: 1e-6}
TINY_STEP = 1e-20
STEPS = (1e-3, 1e-4, 1e-5, 1e-6, 1e-7)  # the first that meets no kink is the most exact
ROUNDING = 64 * float(np.finfo(np.float64).eps)  # of a loss, beside its own size
SMALL = 1e-3  # a derivative below this share of its tensor's largest is measured against that share


@dataclass(frozen=True)
class TensorCheck:
    """One parameter, the inputs, or one initial state.

    Attributes
    ----------
    name : str
        As in the layout; `inputs`; `initial layer0.h_0`.
    size : int
        Entries of one model.
    compared : int
        Entries compared one by one.
    on_kinks : int
        Entries left out because the loss has a kink within the smallest step.
    largest : float
        Largest absolute entry of the gradient.
    error : float
        Worst relative error; NaN where nothing could be compared.
    """

    name: str
    size: int
    compared: int
    on_kinks: int
    largest: float
    error: float


@dataclass(frozen=True)
class GradientCheck:
    """What a check found.

    Attributes
    ----------
    method : str
        `complex step` or `central differences`.
    tolerance : float
        Largest relative error that a right gradient shows.
    directions : int
        Random directions through all tensors together that were compared.
    direction_error : float
        Worst relative error among them; NaN where all of them met kinks.
    tensors : tuple of TensorCheck
    """

    method: str
    tolerance: float
    directions: int
    direction_error: float
    tensors: tuple[TensorCheck, ...]

    @property
    def passed(self) -> bool:
        """Whether every error is within the tolerance. What could not be compared has not passed."""
        errors = (self.direction_error, *(tensor.error for tensor in self.tensors))
        return all(error <= self.tolerance for error in errors)

    @property
    def worst(self) -> TensorCheck:
        """The tensor with the largest error; one that could not be compared comes before all others."""
        return max(self.tensors, key=lambda tensor: np.inf if np.isnan(tensor.error) else tensor.error)


def check_gradients(
    network: Network,
    theta: np.ndarray,
    batch: Batch,
    loss: Loss,
    *,
    rng: np.random.Generator,
    states: States | None = None,
    directions: int = 10,
    entries: int = 100,
) -> GradientCheck:
    """Compare the gradients of a network with its loss.

    Parameters
    ----------
    network : Network
    theta : (P,) or (R, P)
        float32 is checked in float64: single precision has no digits to spare for a proof.
    batch : Batch
        Integer tokens have no gradient; numbers have, and are checked.
    loss : function
        One of `rnnlab.engine.losses`.
    rng : Generator
    states : per recurrence a list of (..., B, H), optional
        Initial states, checked too. If left out, the architecture's own: learned ones are parameters.
    directions : int
        Random directions through all tensors together; a fifth as many through each that has more than `entries`.
    entries : int
        Entries of a tensor to compare one by one, drawn at random where there are more.

    Returns
    -------
    GradientCheck
        Where theta has a model axis, errors are the worst over the models.
    """
    objective = Objective(network, theta, batch, loss, states)
    compare = _Comparison(objective)
    everything = slice(0, objective.point.shape[1])
    together = [compare.along_random(everything, rng) for _ in range(directions)]
    found = [error for error in together if error is not None]
    tensors = tuple(
        _check_tensor(compare, name, columns, rng, directions, entries)
        for name, columns in objective.columns.items()
        if columns not in objective.frozen
    )
    return GradientCheck(compare.method, compare.tolerance, len(found), max(found, default=float("nan")), tensors)


def _check_tensor(
    compare: "_Comparison",
    name: str,
    columns: slice,
    rng: np.random.Generator,
    directions: int,
    entries: int,
) -> TensorCheck:
    size = columns.stop - columns.start
    chosen = np.arange(size) if size <= entries else rng.choice(size, entries, replace=False)
    single = [compare.along_entry(columns, entry) for entry in chosen]
    several = [compare.along_random(columns, rng) for _ in range(-(-directions // 5) if size > entries else 0)]
    missed = sum(error is None for error in single)
    errors = [error for error in single + several if error is not None]
    largest = float(np.abs(compare.objective.gradient[:, columns]).max())
    return TensorCheck(name, size, len(single) - missed, missed, largest, max(errors, default=float("nan")))


class _Comparison:
    """Derivatives of a objective along directions, measured and hand-derived."""

    def __init__(self, objective: Objective) -> None:
        self.objective = objective
        self.method = DIFFERENCES if objective.has_kinks else COMPLEX_STEP
        self.tolerance = TOLERANCES[self.method]
        self._sides = objective.sides(objective.point)
        self._rounding = ROUNDING * np.abs(objective.value(objective.point))

    def along_random(self, columns: slice, rng: np.random.Generator) -> float | None:
        """Relative error along a random unit vector through some columns; None where it meets a kink."""
        direction = np.zeros_like(self.objective.point)
        drawn = rng.standard_normal(direction[:, columns].shape)
        direction[:, columns] = drawn / np.sqrt((drawn * drawn).sum(axis=1, keepdims=True))
        for frozen in self.objective.frozen:
            direction[:, frozen] = 0
        return self._error(direction, columns)

    def along_entry(self, columns: slice, entry: int) -> float | None:
        """The same along one entry of a tensor."""
        direction = np.zeros_like(self.objective.point)
        direction[:, columns.start + entry] = 1
        return self._error(direction, columns)

    def _error(self, direction: np.ndarray, columns: slice) -> float | None:
        measured = self._measure(direction)
        if measured is None:
            return None
        numeric, noise = measured
        gradient, along = self.objective.gradient[:, columns], direction[:, columns]
        analytic = (gradient * along).sum(axis=1)
        share = SMALL * np.abs(gradient).max(axis=1) * np.sqrt((along * along).sum(axis=1))
        size = np.max([np.abs(numeric), np.abs(analytic), share, noise / self.tolerance], axis=0)
        if not np.isfinite(size).all():
            return float("inf")
        return float(np.max(np.abs(numeric - analytic) / np.where(size > 0, size, 1)))

    def _measure(self, direction: np.ndarray) -> tuple[np.ndarray, np.ndarray] | None:
        """The derivative along a direction (R,), and the rounding error that it may carry."""
        here, value = self.objective.point, self.objective.value
        if self.method == COMPLEX_STEP:
            return np.imag(value(here + 1j * TINY_STEP * direction)) / TINY_STEP, np.zeros(len(here))
        for step in STEPS:
            move = step * direction
            if self._on_one_piece(here - 2 * move, here + 2 * move):
                far = value(here + 2 * move) - value(here - 2 * move)
                near = value(here + move) - value(here - move)
                return (8 * near - far) / (12 * step), self._rounding / step
        return None

    def _on_one_piece(self, *points: np.ndarray) -> bool:
        return all(
            np.array_equal(here, there)
            for point in points
            for here, there in zip(self._sides, self.objective.sides(point), strict=True)
        )
