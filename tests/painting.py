"""Plots where they are not the subject: set out with all that they show, but not painted, which takes longest."""

import pytest


@pytest.fixture(autouse=True)
def unpainted(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Plots made in this process are empty files, unless the test is marked `painted`."""
    if request.node.get_closest_marker("painted") is None:
        monkeypatch.setattr("rnnlab.plots.canvas.render", lambda _figure: b"")
