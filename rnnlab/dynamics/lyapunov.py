"""The largest Lyapunov exponent: the rate at which small differences between states grow or fade.

    q <- J_t^T q / |q|,  lambda_1 = mean of log |q| after a warm-up

Source: Benettin, Galgani, Giorgilli, Strelcyn 1980, doi:10.1007/BF02128236; for recurrent networks Engelken, Wolf,
Abbott 2023, arXiv:2006.02427, and Vogt, Puelma Touzel, Shlizerman, Lajoie 2022, arXiv:2006.14123.
"""

import numpy as np

from rnnlab.engine.layers.layer import Trajectory
from rnnlab.engine.norms import norm


def largest(trajectory: Trajectory, rng: np.random.Generator, *, warm_up: int | None = None) -> np.ndarray:
    """The largest Lyapunov exponent, (R, B), in nats per step: one direction followed through all steps.

    It is followed back in time, as a gradient travels: J^T has the singular values of J, and so the same exponents.
    -inf where the direction is wiped out (every unit dead), NaN where the states are not finite.

    Parameters
    ----------
    trajectory : Trajectory
        Of T steps; the longer, the better the mean.
    rng : Generator
        Draws the direction that is followed; the exponent hardly depends on it.
    warm_up : int, optional
        Steps in which the direction settles and that are not counted; a tenth of the steps if left out.
    """
    S, T = trajectory.state_size, trajectory.steps
    warm_up = T // 10 if warm_up is None else warm_up
    if not 0 <= warm_up < T:
        raise ValueError(f"The 'warm_up' must be at least 0 and below the {T} steps; got {warm_up}.")
    R, B = trajectory.h.shape[1:3]
    q = np.broadcast_to(rng.standard_normal(S), (1, R, B, S))
    logs = np.zeros((R, B))
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        for k in range(T):
            _, q = trajectory.pull_back(slice(T - 1 - k, T - k), q / _length(q))
            if k >= warm_up:
                logs += np.log(norm(q[0], -1))
    return logs / (T - warm_up)


def _length(q: np.ndarray) -> np.ndarray:
    length = norm(q, -1, keepdims=True)
    return np.where(length == 0, 1, length)
