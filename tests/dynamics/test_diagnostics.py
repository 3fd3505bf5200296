"""The record of everything: a row per model, and all sequences in it."""

import numpy as np
import pytest

from rnnlab.dynamics.diagnostics import diagnose, measure_growth, take_flow
from rnnlab.dynamics.jacobians import suffix_products
from rnnlab.engine.batch import Batch
from rnnlab.engine.trajectory import follow
from tests.dynamics.networks import CELLS, CROSS_ENTROPY, random_case


def measured(network, theta, batch):
    """All that is measured, by name: a row per model."""
    record = vars(diagnose(network, theta, batch, CROSS_ENTROPY, np.random.default_rng(0)))
    flow = {f"flow {name}": values for name, values in vars(take_flow(network, theta, batch, CROSS_ENTROPY)).items()}
    rate = {"rate": measure_growth(network, theta, batch)}
    return {name: value for name, value in (record | record["gates"] | flow | rate).items() if name != "gates"}


@pytest.mark.parametrize(("cell", "activation"), CELLS)
def test_an_ensemble_is_measured_as_each_of_its_models(cell, activation):
    network, theta, batch = random_case(cell, activation, models=2)
    alone = [measured(network, theta[r : r + 1], batch) for r in range(2)]
    for name, values in measured(network, theta, batch).items():
        if values is not None:
            np.testing.assert_allclose(values, np.concatenate([one[name] for one in alone]), rtol=1e-8, err_msg=name)


@pytest.mark.parametrize(("cell", "activation"), CELLS)
def test_all_sequences_count_alike(cell, activation):
    network, theta, batch = random_case(cell, activation, models=2)
    alone = [Batch(batch.inputs[:, b : b + 1], batch.targets[:, b : b + 1]) for b in range(batch.sequences)]
    alone, together = [measured(network, theta, one) for one in alone], measured(network, theta, batch)
    for name in ("saturated", "lyapunov", *network.architecture.layer.gates):
        np.testing.assert_allclose(together[name], np.mean([one[name] for one in alone], axis=0), rtol=1e-8, atol=1e-12)
    log_norms, _ = suffix_products(follow(network, theta, batch))
    by_lag = np.log(np.square(np.exp(log_norms)).mean(axis=-1)) / 2
    np.testing.assert_allclose(together["log_jacobian"], by_lag.T, rtol=1e-8, atol=1e-12)
    np.testing.assert_allclose(together["condition"], np.median([one["condition"] for one in alone], axis=0), rtol=1e-8)


def test_a_unit_is_dead_where_no_sequence_moves_it():
    network, theta, batch = random_case("rnn", "relu", models=2)
    network.layout.view(theta, "layer0.b_h")[:] = 9
    network.layout.view(theta, "layer0.b_h")[1, :4] = -900
    assert measured(network, theta, batch)["dead"].tolist() == [0.0, 4 / 6]
