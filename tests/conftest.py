"""What every test starts from: no settings of the person's own, no deadline on a busy machine, compiled modules."""

import os
import shutil
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

# Where Python may leave no bytecode beside the sources, each of the many processes that the tests start would compile
# every module of every library anew: a second and more for a command. pytest's own folder takes it instead.
BYTECODE = Path(__file__).resolve().parents[1] / ".pytest_cache" / "bytecode"
if sys.dont_write_bytecode:
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    os.environ["PYTHONPYCACHEPREFIX"] = sys.pycache_prefix = str(BYTECODE)
    sys.dont_write_bytecode = False

from hypothesis import settings  # noqa: E402

# Drawn examples are the same each time, so that a failure is one for everybody; FUZZ=random draws others.
settings.register_profile(
    "rnnlab", deadline=None, print_blob=True, derandomize=os.environ.get("FUZZ") != "random", database=None
)
settings.load_profile("rnnlab")

# A suite started in the background of a script ignores Ctrl-C, one under nohup a terminal that hangs up, and either
# would hand that on to the processes that it starts.
signal.signal(signal.SIGINT, signal.default_int_handler)
if hasattr(signal, "SIGHUP"):
    signal.signal(signal.SIGHUP, signal.SIG_DFL)


@pytest.fixture(autouse=True, scope="session")
def _no_bytecode_of_modules_that_tests_wrote(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    yield
    shutil.rmtree(BYTECODE / tmp_path_factory.getbasetemp().relative_to("/"), ignore_errors=True)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The manual first: its stock training takes longest, and no worker is to wait for it at the end."""
    items.sort(key=lambda item: item.path.name != "test_manual.py")


@pytest.fixture(autouse=True)
def _no_settings_of_ones_own(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("RNNLAB_")]:
        monkeypatch.delenv(name)
