"""Saturated, dead and gated units on states that are chosen."""

import numpy as np
import pytest

from rnnlab.dynamics import units
from tests.dynamics.networks import network_of, undriven


@pytest.mark.parametrize(
    ("activation", "biases", "share"),
    [
        ("tanh", [3.0, 0.1], 0.5),
        ("sigmoid", [5.0, -5.0], 1.0),
        ("relu", [-1.0, 1.0], 0.5),
        ("identity", [9.0, 9.0], 0.0),
    ],
)
def test_the_share_of_saturated_states(activation, biases, share):
    trajectory = undriven(*network_of("rnn", activation, 2, b_h=np.array(biases)), steps=6)
    assert units.saturated_share(trajectory)[0] == share


def test_a_unit_that_never_moves_is_dead():
    W_hh = np.diag([0.5, 0.5, 0.0, 0.0])
    network, theta = network_of("rnn", "relu", 4, W_hh=W_hh, b_h=np.array([1.0, -1.0, -1.0, -1.0]))
    assert units.dead_share(undriven(network, theta, 6))[0] == 0.75


@pytest.mark.parametrize(("cell", "names", "place"), [("lstm", "ifo", 1), ("gru", "rz", 1)])
def test_gates_stand_as_open_as_their_bias_says(cell, names, place):
    biases = np.zeros((4 if cell == "lstm" else 3, 2))
    biases[place] = 2.0
    openness = units.gate_openness(undriven(*network_of(cell, "tanh", 2, b_h=biases.ravel()), steps=4))
    assert list(openness) == list(names)
    assert openness[names[place]][0] == pytest.approx(1 / (1 + np.exp(-2)))
    assert openness[names[0]][0] == pytest.approx(0.5)


def test_a_vanilla_cell_has_no_gates():
    assert units.gate_openness(undriven(*network_of("rnn", "tanh", 2), steps=2)) == {}
