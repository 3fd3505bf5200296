"""Metrics are those of scikit-learn and utilsforecast, where these define the same quantity.

Neither is needed for the tests: their numbers stand here with their versions, and where one of them is installed it is
asked again.
"""

import numpy as np
import pandas as pd
import pytest

from rnnlab.forecasting import metrics

K = np.arange(24)
TRAINING = 50 + 8 * np.sin(0.5 * np.arange(60)) + 0.125 * np.arange(60)
ACTUAL = 57.5 + 8 * np.sin(30 + 0.5 * K) + 0.125 * K
PREDICTED = ACTUAL + 1.5 * np.cos(K) - 0.25 * (K % 5)
# scikit-learn 1.9.1: rmse is root_mean_squared_error, mae mean_absolute_error, mape 100 mean_absolute_percentage_error.
SCIKIT_LEARN = {"rmse": 1.2534121096507138, "mae": 1.097945637178522, "mape": 1.8752981495739003}
# utilsforecast 0.2.17: smape, which runs from 0 to 1 there, is 200 times its; mase and rmsse with a seasonality of 1.
UTILSFORECAST = {
    "rmse": 1.2534121096507138,
    "mae": 1.097945637178522,
    "mape": 1.8752981495739004,
    "smape": 1.8902740354011492,
    "mase": 0.43285818150368566,
    "rmsse": 0.4457571797515906,
}


@pytest.mark.parametrize("peer", [SCIKIT_LEARN, UTILSFORECAST], ids=["scikit-learn", "utilsforecast"])
@pytest.mark.parametrize("unit", [1.0, 2.0**-40, 2.0**40])
def test_metrics_are_those_of_peers(peer, unit):
    measured = metrics.measure(unit * ACTUAL, unit * PREDICTED, unit * ACTUAL, unit * TRAINING)
    for name, expected in peer.items():
        assert measured[name] == pytest.approx(expected * (unit if name in ("rmse", "mae") else 1), rel=1e-12), name


def test_the_numbers_are_those_of_scikit_learn():
    peer = pytest.importorskip("sklearn.metrics")
    assert (
        pytest.approx(
            {
                "rmse": peer.root_mean_squared_error(ACTUAL, PREDICTED),
                "mae": peer.mean_absolute_error(ACTUAL, PREDICTED),
                "mape": 100 * peer.mean_absolute_percentage_error(ACTUAL, PREDICTED),
            },
            rel=1e-12,
        )
        == SCIKIT_LEARN
    )


def test_the_numbers_are_those_of_utilsforecast():
    peer = pytest.importorskip("utilsforecast.losses")
    test = pd.DataFrame({"unique_id": 0, "ds": 60 + K, "y": ACTUAL, "f": PREDICTED})
    train = pd.DataFrame({"unique_id": 0, "ds": np.arange(60), "y": TRAINING})
    plain = {name: getattr(peer, name)(test, ["f"])["f"][0] for name in ("rmse", "mae", "mape", "smape")}
    scaled = {name: getattr(peer, name)(test, ["f"], 1, train)["f"][0] for name in ("mase", "rmsse")}
    plain |= {"mape": 100 * plain["mape"], "smape": 200 * plain["smape"]}
    assert pytest.approx(plain | scaled, rel=1e-12) == UTILSFORECAST
