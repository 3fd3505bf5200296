"""How these tests read a figure."""

from collections.abc import Callable

import pytest
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.legend import Legend
from matplotlib.lines import Line2D


@pytest.fixture
def line() -> Callable[[Axes, str], Line2D]:
    """The one line of a panel whose label begins with a text."""

    def find(axes: Axes, label: str) -> Line2D:
        (found,) = (one for one in axes.get_lines() if str(one.get_label()).startswith(label))
        return found

    return find


@pytest.fixture
def legend_texts() -> Callable[[Axes | Figure], list[str]]:
    """What the legend says, its title first where it has one."""

    def read(holder: Axes | Figure) -> list[str]:
        legend = holder.get_legend() if isinstance(holder, Axes) else holder.legends[0]
        assert isinstance(legend, Legend)
        title = legend.get_title().get_text()
        return ([title] if title else []) + [text.get_text() for text in legend.get_texts()]

    return read
