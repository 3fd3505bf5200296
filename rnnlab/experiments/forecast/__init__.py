"""`rnnlab forecast`: the values that come next, with intervals, beside what the baselines forecast."""

from rnnlab.experiments.forecast.of_run import forecast, steps_by_default
from rnnlab.experiments.forecast.result import Forecasts

__all__ = ["Forecasts", "forecast", "steps_by_default"]
