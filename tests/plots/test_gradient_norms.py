"""Gradient norms per parameter: a line each, the total, a log axis."""

import numpy as np

from rnnlab.plots.gradient_norms import gradient_norms
from rnnlab.plots.style import write_symbol

UPDATES = np.arange(1, 5)


def test_a_line_per_parameter_and_the_total(line, legend_texts):
    norms = {
        "layer0.W_hh": np.outer([1.0, 2.0, 3.0], [1.0, 1.1, 1.2, 1.3]),
        "layer0.b_h": np.outer([1.0, 2.0, 3.0], [2.0, 2.0, 2.0, 2.0]),
        "total": np.outer([1.0, 2.0, 3.0], [5.0, 5.0, 5.0, 5.0]),
    }
    (axes,) = gradient_norms(UPDATES, norms).axes
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("update", "gradient norm before clipping")
    assert axes.get_yscale() == "log"
    assert len(axes.get_lines()) == len(axes.collections) == 3
    for name, values in norms.items():
        np.testing.assert_array_equal(
            line(axes, name if name == "total" else write_symbol(name)).get_ydata(), values[1]
        )
    symbols = r"layer0.$W_{\mathrm{hh}}$", r"layer0.$b_{\mathrm{h}}$"
    assert legend_texts(axes) == ["median of 3 seeds,\n5–95 %", *symbols, "total"]
    assert line(axes, "total").get_color() == "#000000"


def test_one_seed_needs_no_total(legend_texts):
    (axes,) = gradient_norms(UPDATES, {"W": np.ones(4)}).axes
    assert legend_texts(axes) == ["1 seed", "W"]
    assert not axes.collections


def test_twenty_parameters_have_twenty_looks():
    (axes,) = gradient_norms(UPDATES, {f"p{k}": np.full(4, k + 1.0) for k in range(20)}).axes
    assert len({(one.get_color(), one.get_linestyle()) for one in axes.get_lines()}) == 20


def test_a_seed_below_the_band_leaves_no_empty_half():
    norms = np.ones((21, 4))
    norms[0, 2] = 1e-6  # a norm that passes through zero
    (axes,) = gradient_norms(UPDATES, {"readout.b_o": norms}).axes
    assert axes.get_ylim()[0] > 0.5
