import os
import signal

import pytest

from rnnlab.cli.interrupts import Interrupts


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_first_signal_asks_to_stop(number, code):
    said = []
    before = signal.getsignal(number)
    with Interrupts(said.append) as interrupts:
        assert not interrupts.should_stop()
        os.kill(os.getpid(), number)
        assert said == []  # not from within the handler
        assert interrupts.should_stop()
        assert interrupts.should_stop()
    assert said == ["stopping after this update; Ctrl-C once more stops at once"]
    assert interrupts.exit_code == code
    assert signal.getsignal(number) is before


def test_second_signal_stops_at_once():
    with Interrupts(print):
        os.kill(os.getpid(), signal.SIGINT)
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGINT)
        with pytest.raises(SystemExit) as leaving:
            os.kill(os.getpid(), signal.SIGTERM)
    assert leaving.value.code == 143


def test_ignored_signals_stay_ignored():
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with Interrupts(print) as interrupts:
            os.kill(os.getpid(), signal.SIGINT)
            assert not interrupts.should_stop()
        assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGINT, before)
