"""Values that no axis likes are drawn without a warning: here any warning is a failure."""

import numpy as np
import pytest

from rnnlab.plots.forecast import forecast
from rnnlab.plots.gradient_flow import Transport, gradient_flow, transport_by_lag
from rnnlab.plots.gradient_norms import gradient_norms
from rnnlab.plots.growth import Theory, growth
from rnnlab.plots.spectrum import spectrum
from rnnlab.plots.sweep import sweep
from rnnlab.plots.training import training

VALUES = {
    "nan": lambda _rng, *shape: np.full(shape, np.nan),
    "zero": lambda _rng, *shape: np.zeros(shape),
    "constant": lambda _rng, *shape: np.full(shape, 3.3),
    "huge range": lambda rng, *shape: 10.0 ** rng.uniform(-300, 300, shape),
    "largest": lambda rng, *shape: rng.choice([-1.0, 0.5, 1.0], shape) * 1.7e308,
    "smallest": lambda _rng, *shape: np.full(shape, 5e-324),
    "mixed": lambda rng, *shape: rng.choice([np.nan, np.inf, -np.inf, 0.0, 1.0, 1e-200, 1e200], shape),
}
FIGURES = {
    "training": lambda x, v: training(x, v(), x, v(), v(), 5.0, "loss", validation=v()),
    "gradient_norms": lambda x, v: gradient_norms(x, {"W": v(), "total": v()}),
    "forecast": lambda x, v: forecast(
        np.datetime64("2020-01-01") + x, 9.0 + x, 8.0 + x, v(), unit="", rmse=v()[0, 0], naive_rmse=1.0
    ),
    "gradient_flow": lambda x, v: gradient_flow(x, x, np.stack([v()] * len(x), axis=1)),
    "transport": lambda x, v: transport_by_lag(x, {"a": Transport(v(), v()[0], 0.3)}),
    "growth": lambda x, v: growth(x / 10, v().T, steps=50, theory=Theory(x / 10, x / 10, 0.2, "theory")),
    "spectrum": lambda _x, v: spectrum({0.9: v(), 1.2: v()}),
    "sweep": lambda x, v: sweep(x, {0.9: v(), 1.2: v()}),
    "sweep of many": lambda x, v: sweep(x, {rho / 10: v() for rho in range(1, 10)}),
}


@pytest.mark.parametrize("name", FIGURES)
@pytest.mark.parametrize("kind", VALUES)
def test_hard_values_draw_quietly(name, kind):
    rng = np.random.default_rng(0)
    models, columns = (1, 1) if kind == "constant" else (4, 9)
    figure = FIGURES[name](np.arange(1, columns + 1), lambda: VALUES[kind](rng, models, columns))
    figure.set_dpi(30)
    figure.canvas.draw()
    for axes in figure.axes:
        assert np.isfinite([*axes.get_xlim(), *axes.get_ylim()]).all()
