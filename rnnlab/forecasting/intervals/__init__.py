"""Prediction intervals for any forecaster, from its own residuals on rows that it was not fitted to.

Residuals are actual - forecast in the unit of the series, oldest first, of shape (n,) for one step ahead or (n, H) for
H of them: column k holds the forecasts k + 1 steps ahead. NaN stands where a residual does not exist (each step ahead
has its own count); a forecast that is not finite has an infinite residual. A level is a fraction in (0, 1), read as the
decimal that it is written as, so that ranks are exact.

    w = half_widths(calibration, 0.9)                            # (H,), the same at every origin
    w = adaptive(residuals, 0.9, calibration=calibration).half_widths    # (N, H), adapted along the way
    lower, upper = around(forecasts, w)
    scores = evaluate(actual, lower, upper, 0.9)
"""

from rnnlab.forecasting.intervals.adaptive import Adapted, adaptive
from rnnlab.forecasting.intervals.evaluation import Evaluation, evaluate, interval_score, pinball_loss, wilson
from rnnlab.forecasting.intervals.levels import exact, level_between, quantiles_of, rows_needed
from rnnlab.forecasting.intervals.split import around, check_rows, half_widths, quantile_offsets

__all__ = [
    "Adapted",
    "Evaluation",
    "adaptive",
    "around",
    "check_rows",
    "evaluate",
    "exact",
    "half_widths",
    "interval_score",
    "level_between",
    "pinball_loss",
    "quantile_offsets",
    "quantiles_of",
    "rows_needed",
    "wilson",
]
