"""Plots where they are not the subject: set out with all that they show, but not painted, which takes longest."""

from collections.abc import Iterator
from contextlib import contextmanager
from unittest.mock import patch

import pytest

PAINTS = "rnnlab.plots.canvas.render"


def _paint_nothing(_figure: object, _format: str = "png") -> bytes:
    return b""


@contextmanager
def nothing_painted() -> Iterator[None]:
    """Plots made in this process meanwhile are empty files."""
    with patch(PAINTS, _paint_nothing):
        yield


@pytest.fixture(autouse=True)
def unpainted(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is painted, unless the test is marked `painted`. Fixtures of modules come before, and paint.

    By the `monkeypatch` that tests themselves refuse to paint with: what is done last is undone first.
    """
    if request.node.get_closest_marker("painted") is None:
        monkeypatch.setattr(PAINTS, _paint_nothing)
