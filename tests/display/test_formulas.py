"""Formulas with their numbers: where numbers begin, what is abbreviated, what goes below."""

import numpy as np
import pytest

from rnnlab.display.formulas import Page, at_step, one_step_before


def test_steps_stand_in_formulas_as_numbers():
    formula = "delta_{t+1} W_hh^T + dL/dh_{t+1} * z_{t+1} + h_{t-1} * x_t + c_t^2"
    assert at_step(formula, 2) == "delta_3 W_hh^T + dL/dh_3 * z_3 + h_1 * x_2 + c_2^2"
    assert at_step(formula, 2, reverse=True) == "delta_1 W_hh^T + dL/dh_1 * z_1 + h_3 * x_2 + c_2^2"
    assert at_step("o^gate_t * tanh(c_t) + to_tell", 1) == "o^gate_1 * tanh(c_1) + to_tell"
    assert at_step(one_step_before("dL/dh_{t+1} dh_{t+1}/dh_t"), 1) == "dL/dh_1 dh_1/dh_0"


def test_numbers_begin_behind_the_longest_formula_that_leaves_them_room():
    page = Page(60, texts=[10, 30, 45])
    assert page.row("h_1 = tanh(a_1)", np.array([0.5, -0.25])) == [
        "  h_1 = tanh(a_1)                  0.5000    -0.2500"
    ]
    assert page.row("x" * 35, np.array([0.5])) == ["  " + "x" * 35, " " * 30 + "     0.5000"]
    assert page.plain("delta = [" + ", ".join("delta" for _ in range(10)) + "]") == [
        "  delta = [delta, delta, delta, delta, delta, delta, delta,",
        "      delta, delta, delta]",
    ]


def test_many_numbers_go_below_and_are_abbreviated():
    page = Page(80, texts=[40])
    assert page.row("o_1", np.arange(8.0)) == [
        "  o_1",
        "              0      1.000      2.000      3.000      4.000      5.000",
        "          6.000      7.000",
    ]
    assert page.row("o_1", np.arange(9.0)) == [
        "  o_1",
        "              0      1.000      2.000      3.000        ...      8.000",
    ]


def test_a_matrix_stands_row_below_row():
    page = Page(80, texts=[20])
    assert page.matrix("W_hh", np.array([[1.0, 2.0], [3.0, 4.0]])) == [
        "  W_hh                    1.000      2.000",
        "                          3.000      4.000",
    ]
    tall = page.matrix("W_ho", np.arange(9.0)[:, None])
    assert [line.split()[-1] for line in tall] == ["0", "1.000", "2.000", "3.000", "...", "8.000"]


def test_gates_stand_side_by_side_as_far_as_they_fit():
    value = np.array([[1.0, 2.0, 3.0, 4.0, 5.0, 6.0]])
    assert Page(80).matrix("W_hh", value, ("r", "z", "n")) == [
        "  W_hh",
        "              r                     z                     n",
        "          1.000      2.000      3.000      4.000      5.000      6.000",
    ]
    assert Page(60).matrix("W_hh", value, ("r", "z", "n")) == [
        "  W_hh",
        "              r                     z",
        "          1.000      2.000      3.000      4.000",
        "              n",
        "          5.000      6.000",
    ]


@pytest.mark.parametrize("width", [20, 60, 80, 200, None])
def test_nothing_passes_the_width(width):
    page = Page(width, texts=[12, 18])
    lines = page.row("a_1", np.arange(30.0)) + page.row("b", np.ones(3)) + page.matrix("c", np.ones((3, 40)), "ifgo")
    assert max(map(len, lines)) <= (width or 100)
    assert sum(line.count("1.000") for line in lines) == 1 + 3 + 3 * 4 * 5
