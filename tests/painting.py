"""Plots where they are not the subject: set out with all that they show, but not painted, which takes longest."""

from collections.abc import Iterator
from contextlib import contextmanager
from unittest.mock import patch

import pytest


@contextmanager
def nothing_painted() -> Iterator[None]:
    """Plots made in this process meanwhile are empty files."""
    with patch("rnnlab.plots.canvas.render", lambda _figure: b""):
        yield


@pytest.fixture(autouse=True)
def unpainted(request: pytest.FixtureRequest) -> Iterator[None]:
    """Nothing is painted, unless the test is marked `painted`. Fixtures of modules come before, and paint."""
    if request.node.get_closest_marker("painted") is not None:
        yield
        return
    with nothing_painted():
        yield
