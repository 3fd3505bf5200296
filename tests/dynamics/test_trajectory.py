"""Pulling gradients back: the Jacobians of every cell against differences, and against the engine's own states."""

import numpy as np
import pytest

from rnnlab.engine.trajectory import follow
from tests.dynamics.networks import CELLS, random_case, step_jacobians


def advance(network, theta, x, state):
    """s_{t-1} to s_t by the engine, for a state as one vector."""
    H = network.architecture.hidden_size
    parts = [part[None] for part in np.split(state, len(state) // H)]
    _, finals = network.step(theta, [parts], x)
    return np.concatenate([part[0] for part in finals[0]])


@pytest.mark.parametrize(("cell", "activation"), CELLS)
def test_step_jacobians_are_the_derivatives_of_a_step(cell, activation):
    network, theta, batch = random_case(cell, activation, sequences=1)
    trajectory = follow(network, theta, batch)
    J = step_jacobians(trajectory)[:, 0, 0]
    state = np.zeros(trajectory.state_size)
    for t in range(trajectory.steps):
        x = batch.inputs[t]
        step = 1e-6
        differences = [
            (advance(network, theta, x, state + d) - advance(network, theta, x, state - d)) / (2 * step)
            for d in step * np.eye(trajectory.state_size)
        ]
        np.testing.assert_allclose(J[t], np.transpose(differences), atol=2e-9)
        state = advance(network, theta, x, state)
        np.testing.assert_allclose(trajectory.h[t + 1, 0, 0], state[: trajectory.hidden_size], atol=1e-14)


def test_models_of_an_ensemble_are_the_lone_models():
    network, theta, batch = random_case("gru", "tanh", models=3)
    together = follow(network, theta, batch)
    for r in range(3):
        alone = follow(network, theta[r], batch)
        np.testing.assert_allclose(together.h[:, r], alone.h[:, 0], atol=1e-15)
        np.testing.assert_array_equal(together.weights["W_hh"][r], alone.weights["W_hh"][0])
        for name, gate in alone.activations.items():
            np.testing.assert_allclose(together.activations[name][:, r], gate[:, 0], atol=1e-14)


@pytest.mark.parametrize(("cell", "activation"), CELLS)
def test_one_step_takes_many_gradients_back_as_it_takes_each(cell, activation):
    trajectory = follow(*random_case(cell, activation, models=2))
    adjoint = np.random.default_rng(1).normal(size=(4, 2, 3, trajectory.state_size))
    for step in range(trajectory.steps):
        together = trajectory.carry_back(step, adjoint)
        for k in range(4):
            _, alone = trajectory.pull_back(slice(step, step + 1), adjoint[k : k + 1])
            np.testing.assert_allclose(together[k : k + 1], alone, atol=1e-13)
