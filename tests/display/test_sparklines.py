import math

import pytest

from rnnlab.display import console
from rnnlab.display.sparklines import BLOCKS, sparkline


@pytest.mark.parametrize(
    ("values", "width", "shown"),
    [
        ([0, 1, 2, 3, 4, 5, 6, 7], 8, BLOCKS),
        ([7, 0], 8, "█▁"),
        ([3, 3, 3], 8, "▁▁▁"),
        ([], 8, ""),
        ([math.nan, math.inf], 8, ""),
        ([1, math.nan, 2], 8, "▁█"),
        ([1e-8, 1e-4, 1], 3, "▁▅█"),  # by logarithms
        (list(range(800)), 8, BLOCKS),
        ([0.0] * 5 + [8.0] * 5, 2, "▁█"),
    ],
)
def test_heights(values, width, shown):
    assert sparkline(values, width) == shown


def test_a_screen_of_ascii_has_signs_for_the_heights():
    assert BLOCKS.translate(console.PLAIN) == "_.-=+*%#"
