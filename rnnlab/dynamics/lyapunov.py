"""Lyapunov exponents: the rates at which small differences between states grow or fade.

    Q <- J_t Q,  Q R = qr(Q),  lambda_i = mean of log |R_ii| after a warm-up

Source: Benettin, Galgani, Giorgilli, Strelcyn 1980, doi:10.1007/BF02128236; for recurrent networks Engelken, Wolf,
Abbott 2023, arXiv:2006.02427, and Vogt, Puelma Touzel, Shlizerman, Lajoie 2022, arXiv:2006.14123.
"""

import numpy as np

from rnnlab.engine.layers.layer import Trajectory
from rnnlab.engine.norms import norm

# A log of zero would make every mean minus infinity; no direction shrinks faster than this in float64.
SMALLEST = np.finfo(np.float64).tiny


def spectrum(
    trajectory: Trajectory,
    rng: np.random.Generator,
    *,
    count: int | None = None,
    warm_up: int | None = None,
) -> np.ndarray:
    """Lyapunov exponents along a trajectory, in nats per step, the largest first.

    Parameters
    ----------
    trajectory : Trajectory
        Of T steps; the longer, the better the mean.
    rng : Generator
        Draws the directions that are followed; the exponents hardly depend on them.
    count : int, optional
        How many exponents; all S if left out.
    warm_up : int, optional
        Steps in which the directions settle and that are not counted; a tenth of the steps if left out.

    Returns
    -------
    (R, B, count)
        -inf, or as good as, for directions that a step wipes out entirely (dead relu units).
    """
    S, T = trajectory.state_size, trajectory.steps
    count = S if count is None else min(count, S)
    warm_up = _check_warm_up(warm_up, T)
    R, B = trajectory.h.shape[:2]
    start = rng.standard_normal((S, count))
    Q = np.broadcast_to(np.linalg.qr(start)[0], (R, B, S, count))
    logs = np.zeros((R, B, count))
    for t in range(T):
        pushed = trajectory.push_forward(t, np.swapaxes(Q, -1, -2))  # J_t Q, its columns as rows
        Q, upper = np.linalg.qr(np.swapaxes(pushed, -1, -2))
        if t >= warm_up:
            diagonal = np.abs(np.diagonal(upper, axis1=-2, axis2=-1))
            logs += np.log(np.maximum(diagonal, SMALLEST))
    return -np.sort(-logs / (T - warm_up), axis=-1)


def largest(trajectory: Trajectory, rng: np.random.Generator, *, warm_up: int | None = None) -> np.ndarray:
    """The largest Lyapunov exponent, (R, B), in nats per step: one direction followed through all steps.

    It is followed back in time, as a gradient travels: J^T has the singular values of J, and so the same exponents.
    -inf where the direction is wiped out (every unit dead), NaN where the states are not finite. Parameters as for
    `spectrum`.
    """
    S, T = trajectory.state_size, trajectory.steps
    warm_up = _check_warm_up(warm_up, T)
    R, B = trajectory.h.shape[:2]
    q = np.broadcast_to(rng.standard_normal(S), (R, B, 1, S))
    logs = np.zeros((R, B))
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        for k in range(T):
            _, q = trajectory.pull_back(slice(T - 1 - k, T - k), q / _length(q))
            if k >= warm_up:
                logs += np.log(norm(q, (-2, -1)))
    return logs / (T - warm_up)


def _length(q: np.ndarray) -> np.ndarray:
    length = norm(q, (-2, -1), keepdims=True)
    return np.where(length == 0, 1, length)


def _check_warm_up(warm_up: int | None, steps: int) -> int:
    warm_up = steps // 10 if warm_up is None else warm_up
    if not 0 <= warm_up < steps:
        raise ValueError(f"The 'warm_up' must be at least 0 and below the {steps} steps; got {warm_up}.")
    return warm_up
