"""The replay server, and a client that does not wait."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from rnnlab.data.prices.sources.client import Client
from tests.data.prices.replay import KEYS, Replay


@pytest.fixture
def replay(monkeypatch: pytest.MonkeyPatch) -> Iterator[Replay]:
    """A server that all sources are sent to; no keys are set."""
    server = Replay()
    for name, value in server.environment().items():
        monkeypatch.setenv(name, value)
    for name in KEYS:
        monkeypatch.delenv(name, raising=False)
    yield server
    server.close()


@pytest.fixture
def client() -> Client:
    return Client(timeout=0.4, total=1.5, pause=0.01, longest_pause=0.05)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A price folder that is not there yet."""
    return tmp_path / "data"
