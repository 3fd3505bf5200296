"""`rnnlab` in an empty folder: in this process, by the installed executable, on a terminal."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from tests.command_line import EXECUTABLE, Run, Watch, run_here, run_process, surroundings, watch_here, watch_process
from tests.painting import unpainted

__all__ = ["unpainted"]


@pytest.fixture(scope="session")
def executable() -> Path:
    """The `rnnlab` that was installed beside the interpreter running the tests."""
    return EXECUTABLE


@pytest.fixture(scope="session")
def environment() -> Callable[..., dict[str, str]]:
    """The environment of this process without what steers terminals or rnnlab, and with extras."""
    return surroundings


@pytest.fixture
def rnnlab(tmp_path: Path) -> Run:
    """Carry out `rnnlab ARGUMENTS...` in this process: a new one each time takes most of a second."""
    return partial(run_here, tmp_path)


@pytest.fixture
def installed(tmp_path: Path) -> Run:
    """Run the installed `rnnlab ARGUMENTS...` with its streams captured."""
    return partial(run_process, tmp_path)


@pytest.fixture
def on_terminal(tmp_path: Path) -> Watch:
    """Carry out `rnnlab ARGUMENTS...` in this process on a pseudo-terminal: exit code, and what the screen was sent."""
    return partial(watch_here, tmp_path)


@pytest.fixture
def installed_on_terminal(tmp_path: Path) -> Watch:
    """Run the installed `rnnlab ARGUMENTS...` on a pseudo-terminal: exit code, and what the screen was sent."""
    return partial(watch_process, tmp_path)
