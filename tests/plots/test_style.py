"""Scales and numbers of the axes."""

import numpy as np
import pytest

from rnnlab.plots.canvas import new_figure
from rnnlab.plots.style import count_x, line_style, scale_y, spans_decades, write_number, write_power


def panel():
    return new_figure("")[1][0, 0]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.001, "0.001"),
        (0.02, "0.02"),
        (1.0, "1"),
        (500.0, "500"),
        (10_000.0, "10,000"),
        (1e5, "$10^{5}$"),
        (2e6, r"$2\times 10^{6}$"),
        (5e-4, r"$5\times 10^{-4}$"),
        (1e-10, "$10^{-10}$"),
        (1e150, "$10^{150}$"),
    ],
)
def test_powers_are_short(value, text):
    assert write_power(value) == text


def test_numbers_have_a_true_minus():
    assert write_number(-0.25) == "−0.25"
    assert write_number(1234.0) == "1,234"


@pytest.mark.parametrize(
    ("values", "log"),
    [
        ([1.0, 9.0], False),
        ([1.0, 11.0], True),
        ([0.0, 1.0, 100.0], True),
        ([-1.0, 100.0], False),
        ([np.nan, np.inf], False),
        ([0.0, 0.0], False),
        ([1.0, np.nan, 1e-8], True),
    ],
)
def test_the_scale_is_logarithmic_where_values_span_decades(values, log):
    assert spans_decades(np.array(values)) is log
    axes = panel()
    scale_y(axes, [values])
    assert axes.get_yscale() == ("log" if log else "linear")


@pytest.mark.parametrize("log", [True, False])
def test_all_values_are_inside_with_a_margin(log):
    axes = panel()
    scale_y(axes, [[2.0, 300.0], 0.5], log=log)
    low, high = axes.get_ylim()
    assert low < 0.5
    assert high > 300.0
    assert high < 600.0


@pytest.mark.parametrize("value", [3.3, 0.0, -2.0, 1e150, 1e-150])
def test_a_constant_gets_room(value):
    axes = panel()
    scale_y(axes, [[value, value]])
    low, high = axes.get_ylim()
    assert low < value < high


def test_nothing_to_show_leaves_the_axis_alone():
    axes = panel()
    before = axes.get_ylim()
    scale_y(axes, [])
    scale_y(axes, [[np.nan]], log=True)
    assert axes.get_ylim() == before


def test_counts_are_whole_numbers():
    axes = panel()
    axes.plot([7], [1.0])
    count_x(axes)
    ticks = [tick for tick in axes.get_xticks() if axes.get_xlim()[0] <= tick <= axes.get_xlim()[1]]
    assert ticks == [7.0]


def test_28_lines_can_be_told_apart():
    assert len({tuple(line_style(index).items()) for index in range(28)}) == 28
