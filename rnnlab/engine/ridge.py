"""Fitting the readout in closed form, with everything below it as it was drawn: ridge regression on the top states.

    min over W_ho, b_o of   sum_n w_n |h_n W_ho + b_o - y_n|^2 + alpha |W_ho|^2

over all outputs n of the training sequences, with h_n what the readout reads there and w_n the weight of the target
(1 where the batch has none). The bias is not penalised.

The rows [1 h_n y_n] are never kept: an orthogonal triangularization takes them in as they come and keeps a triangle of
1 + F + O rows, which holds the same least-squares problem. The normal equations would square its condition. Since the
constant comes first, the rows below the first are those of states and targets without their means.

Source: Hoerl, Kennard 1970, doi:10.1080/00401706.1970.10488634; for recurrent networks Lukosevicius, Jaeger 2009,
doi:10.1016/j.cosrev.2009.03.005; taken in row by row, Golub 1965, doi:10.1007/BF01436075.
"""

import numpy as np

from rnnlab.engine.losses import half_squared_error
from rnnlab.engine.network import Network
from rnnlab.engine.sampling import Source
from rnnlab.engine.training import Training, Update


class RidgeRegression:
    """Least squares with a bias, from rows that are taken in block by block.

    Parameters
    ----------
    features, outputs : int
        F and O.
    """

    def __init__(self, features: int, outputs: int) -> None:
        self._features = features
        self._triangle = np.zeros((0, 1 + features + outputs))

    def add(self, features: np.ndarray, targets: np.ndarray, weights: np.ndarray | None = None) -> None:
        """Take in n rows: features (n, F), targets (n, O) and, where they do not all count alike, weights (n,).

        Raises
        ------
        ValueError
            For a negative weight, with which there may be no least sum.
        """
        rows = np.concatenate([np.ones((len(features), 1)), features, targets], axis=1)
        if weights is not None:
            if (weights < 0).any():
                raise ValueError(f"The 'weights' of a least-squares fit must be at least 0; got {weights.min():g}.")
            rows *= np.sqrt(weights, dtype=float)[:, None]
        self._triangle = np.linalg.qr(np.concatenate([self._triangle, rows]), mode="r")

    def solve(self, alpha: float) -> tuple[np.ndarray, np.ndarray, float]:
        """Weights (F, O), bias (O,), and the sum of squared errors that they leave, without the penalty.

        Directions of the states that are lost in the rounding of the largest have no part in the weights, so that with
        alpha = 0 they are the least of several that fit. NaN where numbers overflow.
        """
        F = self._features
        (ones, mean, wanted), (_, left, right) = (
            np.split(rows, [1, 1 + F], axis=-1) for rows in (self._triangle[0], self._triangle[1:])
        )
        system = np.concatenate([left, np.sqrt(alpha) * np.eye(F)])
        try:
            weights = np.linalg.lstsq(system, np.concatenate([right, np.zeros((F, right.shape[1]))]))[0]
        except np.linalg.LinAlgError:  # numbers beyond all measure
            weights = np.full((F, right.shape[1]), np.nan)
        bias = (wanted - mean @ weights) / ones if ones else np.zeros(right.shape[1])  # no target counts
        return weights, bias, float(np.square(left @ weights - right).sum())


class RidgeFit(Training):
    """The readouts of R models, fitted in a single update that reads every training sequence once.

    A model whose states or readout are not finite keeps its parameters and counts as diverged.

    Parameters
    ----------
    network : Network
    theta : (R, P)
        Initial parameters; the readout's are overwritten.
    sampling : Source
        What is read at a time; it makes no difference to the fit.
    alpha : float
        Weight of the penalty, at least 0.
    """

    def __init__(self, network: Network, theta: np.ndarray, sampling: Source, *, alpha: float) -> None:
        super().__init__(network, theta, sampling, half_squared_error, updates=1)
        self._alpha = alpha

    def _update(self) -> Update:
        layout, R, N = self.network.layout, len(self.theta), self.sampling.sequences.sequences
        with np.errstate(over="ignore", invalid="ignore", divide="ignore", under="ignore"):
            regressions, diverged = self._read()
            W_ho, b_o = (layout.view(self.theta, f"readout.{name}") for name in ("W_ho", "b_o"))
            value = np.full(R, np.nan)
            for model in np.flatnonzero(self.active).tolist():
                weights, bias, squares = regressions[model].solve(self._alpha)
                fitted = [array.astype(self.theta.dtype) for array in (weights, bias)]
                if all(np.isfinite(array).all() for array in (*fitted, squares)):
                    W_ho[model], b_o[model] = fitted
                    value[model] = 0.5 * squares / N
                else:
                    diverged[model] = "readout.W_ho"
        self.active[list(diverged)] = False
        self.done = 1
        return Update(
            number=1,
            epoch=1,
            ends_epoch=True,
            sequences=N,
            fraction=1.0,
            loss=value,
            learning_rate=np.nan,
            norm=np.full(R, np.nan),
            clip_scale=np.full(R, np.nan),
            norms=np.full((R, len(layout.names)), np.nan),
            clipped=np.zeros(R, bool),
            diverged=diverged,
        )

    def _read(self) -> tuple[list[RidgeRegression], dict[int, str]]:
        """The regression of each model over an epoch, and what was not finite in those that diverged."""
        a, every = self.network.architecture, self.sampling.readout == "every"
        regressions = [RidgeRegression(a.hidden_size * a.directions, a.output_size) for _ in self.theta]
        diverged: dict[int, str] = {}
        states = None
        for number in range(self.sampling.updates_per_epoch):
            minibatch = self.sampling.minibatch(number)
            initial, batch = minibatch.initial_states(self.network, self.theta, states), minibatch.batch
            top, states = self.network.top_states(self.theta, batch, states=initial)
            features = top if every else top[None]
            targets = np.swapaxes(batch.target_columns(every, ensemble=True), -1, -2)
            weights = batch.weight_columns(every, ensemble=True)
            for model, regression in enumerate(regressions):
                if model in diverged:
                    continue
                of_model = features[:, model]
                if not np.isfinite(of_model).all():
                    diverged[model] = self._where_not_finite(model, minibatch, initial) or "loss"
                    continue
                place = model if batch.per_model else 0
                counts = None if weights is None else weights[:, place].ravel()
                regression.add(_rows(of_model), _rows(targets[:, place]), counts)
        self.active[list(diverged)] = False
        return regressions, diverged


def _rows(steps: np.ndarray) -> np.ndarray:
    """(S, B, F) as (S B, F)."""
    return steps.reshape(-1, steps.shape[-1])
