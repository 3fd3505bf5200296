"""What every test starts from: no settings of the person's own, no deadline on a busy machine."""

import os

import pytest
from hypothesis import settings

settings.register_profile("rnnlab", deadline=None, print_blob=True)
settings.load_profile("rnnlab")


@pytest.fixture(autouse=True)
def _no_settings_of_ones_own(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("RNNLAB_")]:
        monkeypatch.delenv(name)
