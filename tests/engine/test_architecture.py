"""Names, shapes and order of the parameters of every kind of network."""

import pytest

from rnnlab.engine.architecture import Architecture

GATES = {"rnn": 1, "lstm": 4, "gru": 3}


@pytest.mark.parametrize("cell", GATES)
def test_shapes_of_a_single_layer(cell):
    shapes = Architecture(2, 5, 3, cell).layout().shapes
    G = GATES[cell]
    expected = {"layer0.W_hh": (5, 5 * G), "layer0.W_xh": (2, 5 * G), "layer0.b_h": (5 * G,)}
    if cell == "gru":
        expected["layer0.b_hn"] = (5,)
    expected |= {"readout.W_ho": (5, 3), "readout.b_o": (3,)}
    assert list(shapes.items()) == list(expected.items())


def test_layers_read_both_directions_of_the_one_below():
    architecture = Architecture(2, 5, 3, "rnn", layers=3, bidirectional=True)
    assert architecture.recurrences() == [
        ("layer0", 2, False),
        ("layer0.reverse", 2, True),
        ("layer1", 10, False),
        ("layer1.reverse", 10, True),
        ("layer2", 10, False),
        ("layer2.reverse", 10, True),
    ]
    shapes = architecture.layout().shapes
    assert shapes["layer2.reverse.W_xh"] == (10, 5)
    assert shapes["readout.W_ho"] == (10, 3)


@pytest.mark.parametrize(("cell", "states"), [("rnn", ["h_0"]), ("gru", ["h_0"]), ("lstm", ["h_0", "c_0"])])
def test_learned_initial_states_are_parameters(cell, states):
    learned = Architecture(2, 5, 3, cell, layers=2, initial_state="learned").layout()
    zero = Architecture(2, 5, 3, cell, layers=2).layout()
    extra = [name for name in learned.names if name not in zero.names]
    assert extra == [f"layer{k}.{state}" for k in range(2) for state in states]
    assert all(learned.shapes[name] == (5,) for name in extra)


@pytest.mark.parametrize("cell", GATES)
def test_the_number_of_parameters(cell):
    """G (h (h + i + 1)) for each recurrence, the GRU's b_hn, and the readout's o (h + 1)."""
    size = Architecture(28, 50, 28, cell).layout().size
    assert size == GATES[cell] * 50 * (50 + 28 + 1) + (50 if cell == "gru" else 0) + 28 * 51
