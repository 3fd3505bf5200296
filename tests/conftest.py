"""What every test starts from: no settings of the person's own, no deadline on a busy machine."""

import os
import signal

import pytest
from hypothesis import settings

settings.register_profile("rnnlab", deadline=None, print_blob=True)
settings.load_profile("rnnlab")

# A suite started in the background of a script ignores Ctrl-C, one under nohup a terminal that hangs up, and either
# would hand that on to the processes that it starts.
signal.signal(signal.SIGINT, signal.default_int_handler)
if hasattr(signal, "SIGHUP"):
    signal.signal(signal.SIGHUP, signal.SIG_DFL)


@pytest.fixture(autouse=True)
def _no_settings_of_ones_own(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("RNNLAB_")]:
        monkeypatch.delenv(name)
