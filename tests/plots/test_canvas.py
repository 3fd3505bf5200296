"""Figures leave nothing behind: no pyplot, no changed settings, the same bytes every time."""

import io
import subprocess
import sys
from pathlib import Path

import matplotlib
import numpy as np
from PIL import Image

import rnnlab.plots
from rnnlab.plots.canvas import new_figure, render
from rnnlab.plots.sweep import sweep


def small_sweep():
    return sweep(np.arange(5), {0.9: np.ones((2, 5)), 1.2: np.full((2, 5), 30.0)})


def test_the_same_figure_gives_the_same_bytes():
    first, second = render(small_sweep()), render(small_sweep())
    assert first == second
    assert b"Software" not in first
    assert b"matplotlib" not in first.lower()


def test_a_picture_has_150_dots_per_inch():
    figure, _ = new_figure("title", size=(4.0, 3.0))
    assert Image.open(io.BytesIO(render(figure))).size == (600, 450)


def test_drawing_changes_no_settings():
    before = dict(matplotlib.rcParams)
    render(small_sweep())
    assert dict(matplotlib.rcParams) == before


def test_no_module_of_plots_loads_pyplot_or_pandas():
    folder = Path(rnnlab.plots.__file__).parent
    modules = sorted(f"rnnlab.plots.{path.stem}" for path in folder.glob("*.py"))
    assert len(modules) > 5
    program = (
        "import sys, importlib\n"
        f"for name in {modules}: importlib.import_module(name)\n"
        "print([name for name in ('matplotlib.pyplot', 'pandas') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_margins_are_inches():
    figure, axes = new_figure("title", rows=2, columns=2, size=(8.0, 6.0), right=1.0, top=0.9, gap=(0.5, 0.4))
    top_right = axes[0, 1].get_position()
    assert np.isclose((1 - top_right.x1) * 8.0, 1.0)
    assert np.isclose((1 - top_right.y1) * 6.0, 0.9)
    assert np.isclose((top_right.x0 - axes[0, 0].get_position().x1) * 8.0, 0.5)
    assert np.isclose((top_right.y0 - axes[1, 0].get_position().y1) * 6.0, 0.4)
    assert figure.texts[0].get_text() == "title"
