"""The table of the baselines: a new one is a function and a line here."""

import inspect
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rnnlab.forecasting.baselines.regression import autoregression, window_map
from rnnlab.forecasting.baselines.simple import drift, mean, moving_average, naive, seasonal_naive
from rnnlab.forecasting.baselines.smoothing import exponential_smoothing

Rule = Callable[..., NDArray[np.float64]]


@dataclass(frozen=True)
class Baseline:
    """A baseline, and how it stands in a sentence.

    Attributes
    ----------
    rule : function
        See `rnnlab.forecasting.baselines`.
    title : str
        ``{season}`` in it is replaced by the season.
    """

    rule: Rule
    title: str

    @property
    def needs(self) -> set[str]:
        """The names of what it needs besides values, rows and horizon."""
        return {
            name
            for name, one in inspect.signature(self.rule).parameters.items()
            if one.kind is inspect.Parameter.KEYWORD_ONLY
        }

    def title_with(self, season: int | None) -> str:
        """Its name in a sentence, for a series of this season."""
        return self.title.format(season=season)


BASELINES = {
    "naive": Baseline(naive, "persistence"),
    "drift": Baseline(drift, "drift"),
    "mean": Baseline(mean, "the mean"),
    "moving_average": Baseline(moving_average, "the moving average"),
    "seasonal_naive": Baseline(seasonal_naive, "the seasonal baseline (season {season})"),
    "exponential_smoothing": Baseline(exponential_smoothing, "exponential smoothing"),
    "autoregression": Baseline(autoregression, "the linear autoregression"),
    "window_map": Baseline(window_map, "a linear map of the window"),
}


def forecasts(
    values: ArrayLike,
    rows: ArrayLike,
    horizon: int,
    *,
    training_rows: int,
    window: int,
    season: int | None,
    beside: NDArray[np.float64] | None = None,
) -> dict[str, NDArray[np.float64]]:
    """What each baseline forecasts; without a season there is no seasonal one.

    Parameters
    ----------
    values : array of shape (n,)
    rows : int array of shape (N,)
    horizon : int >= 1
    training_rows : int >= 1
        Rows 0..training_rows-1 are for the fit.
    window : int >= 1
        Values that the network sees.
    season : int >= 1, or None
    beside : array of shape (n, C), optional
        Further columns that the network sees.

    Raises
    ------
    ValueError
        For one that does not forecast one finite number for each row.
    """
    known = {"training_rows": training_rows, "window": window, "season": season, "beside": beside}
    found = {}
    for name, baseline in BASELINES.items():
        if name != "seasonal_naive" or season is not None:
            options = {key: known[key] for key in baseline.needs}
            found[name] = _checked(name, baseline.rule(values, rows, horizon, **options), np.shape(rows))
    return found


def _checked(name: str, forecast: ArrayLike, wanted: tuple[int, ...]) -> NDArray[np.float64]:
    found = np.asarray(forecast)
    bad = np.count_nonzero(~np.isfinite(found)) if found.dtype.kind in "biuf" else found.size
    if found.shape == wanted and not bad:
        return found
    got = f"{bad} that are not" if found.shape == wanted else f"shape {found.shape}"
    raise ValueError(f"The baseline {name} must give finite numbers of shape {wanted}, one for each row; got {got}.")
