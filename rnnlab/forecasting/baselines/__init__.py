"""What a model must beat to have learnt anything: forecasts of the same rows from the same information.

Every baseline is a function `baseline(values, rows, horizon, ...) -> predictions`: for each row t it predicts
values[t] from the rows up to its origin t - horizon, and from nothing later. One that is fitted is fitted on the
training rows alone, as the network is.

Parameters of all of them: `values`, float array of shape (n,), oldest first; `rows`, int array of shape (N,),
each at least `horizon`; `horizon`, int >= 1; by name whatever else they need of `season`, `training_rows` and `window`.
They return a float array of shape (N,) in the unit of the values, write to none of their arguments, and raise
ValueError for a row before the horizon.
"""

from rnnlab.forecasting.baselines.smoothing import fit_beforehand
from rnnlab.forecasting.baselines.table import BASELINES, Baseline, forecasts

__all__ = ["BASELINES", "Baseline", "fit_beforehand", "forecasts"]
