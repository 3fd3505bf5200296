"""Signals: unit behaviour of the handlers, then the installed executable at many moments of its life."""

import fcntl
import json
import os
import pty
import signal
import subprocess
import termios
import time

import pytest

from rnnlab.cli.interrupts import Interrupts, Stopped, raising

SIGNALS = [(signal.SIGHUP, 129), (signal.SIGINT, 130), (signal.SIGTERM, 143)]
# Where each takes a process of its own: Ctrl-C always, the others when there is time.
CTRL_C_FIRST = [
    (signal.SIGINT, 130),
    pytest.param(signal.SIGHUP, 129, marks=pytest.mark.slow),
    pytest.param(signal.SIGTERM, 143, marks=pytest.mark.slow),
]


@pytest.mark.parametrize(("number", "code"), SIGNALS)
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


@pytest.mark.parametrize(("number", "code"), SIGNALS)
def test_second_signal_stops_at_once(number, code):
    with Interrupts(print) as interrupts:
        interrupts.should_stop()
        os.kill(os.getpid(), signal.SIGINT)
        with pytest.raises(Stopped) as leaving:
            os.kill(os.getpid(), number)
        os.kill(os.getpid(), number)  # nothing breaks into putting files in order
    assert leaving.value.exit_code == interrupts.exit_code == code


@pytest.mark.parametrize(("number", "code"), SIGNALS)
def test_before_the_work_asks_the_first_signal_stops_at_once(number, code):
    for context in (Interrupts(print), raising()):
        with context, pytest.raises(Stopped) as leaving:
            os.kill(os.getpid(), number)
        assert leaving.value.exit_code == code


@pytest.mark.parametrize("number", [number for number, _ in SIGNALS])
def test_ignored_signals_stay_ignored(number):
    before = signal.signal(number, signal.SIG_IGN)
    try:
        with Interrupts(print) as interrupts:
            os.kill(os.getpid(), number)
            assert not interrupts.should_stop()
            os.kill(os.getpid(), number)
        assert signal.getsignal(number) is signal.SIG_IGN
    finally:
        signal.signal(number, before)


CONFIG = """\
data: {kind: synthetic, task: adding, sequences: 40, length: 10}
model: {hidden_size: 4}
training: {updates: 100000000, batch_size: 8}
"""
COMMANDS = {
    "train": ["train", "small.yaml"],
    "sweep-rho": ["sweep-rho", "0.9", "1.1", "--config", "small.yaml"],
}
SETTING_UP = {
    # Millions of layers would be refused; these take half a minute to draw.
    "drawing": ["train", "small.yaml", "--set", "model.layers=200000"],
    "spectrum": ["gradcheck", "small.yaml", "--set", "model={hidden_size: 4000, init: {W_hh: spectral}}"],
}


@pytest.fixture
def started(executable, environment, tmp_path):
    """Start the executable; whatever happens, it is gone afterwards."""
    (tmp_path / "small.yaml").write_text(CONFIG)
    processes = []

    def start(*arguments, before=None):
        streams = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "stdin": subprocess.DEVNULL, "text": True}
        command = [executable, *arguments]
        processes.append(subprocess.Popen(command, cwd=tmp_path, env=environment(), preexec_fn=before, **streams))
        return processes[-1]

    yield start
    for process in processes:
        process.kill()
        process.communicate()


def wait_for(condition, process):
    deadline = time.monotonic() + 60
    while not condition():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.02)


def quiet_end(process, code):
    _, err = process.communicate(timeout=60)
    assert process.returncode == code, err
    assert "Traceback" not in err
    assert "Exception ignored" not in err
    return err


def no_leftovers(folder):
    assert [path for path in folder.rglob(".*") if path.is_file() and path.name != ".lock"] == []


@pytest.mark.parametrize("times", [1, pytest.param(2, marks=pytest.mark.slow)])
@pytest.mark.parametrize(("number", "code"), CTRL_C_FIRST)
@pytest.mark.parametrize("command", COMMANDS)
def test_a_run_that_is_stopped_says_so(started, tmp_path, command, number, code, times):
    process = started(*COMMANDS[command])
    wait_for(lambda: list(tmp_path.glob("runs/*/config.yaml")), process)
    time.sleep(0.5)
    for _ in range(times):
        process.send_signal(number)
        time.sleep(0.05)
    quiet_end(process, code)
    (run,) = (tmp_path / "runs").iterdir()
    assert json.loads((run / "run.json").read_text())["status"] == "interrupted"
    no_leftovers(tmp_path)
    if times == 1:
        assert list(run.glob("checkpoints/*.npz"))
    if command == "sweep-rho" and times == 1:
        assert list(run.glob("checkpoints/slice-*/*.npz"))
        assert json.loads((run / "summary.json").read_text())["complete"] is False


def test_a_training_for_a_forecast_that_is_stopped_forecasts_nothing_and_says_how_to_go_on(started, tmp_path):
    values = [50 + day * 37 % 11 for day in range(200)]
    (tmp_path / "sales.csv").write_text("step,value\n" + "".join(f"{k},{v}\n" for k, v in enumerate(values)))
    settings = ["training.epochs=10000000", "training.early_stopping=null"]
    process = started("forecast", "sales.csv", *(word for one in settings for word in ("--set", one)))
    wait_for(lambda: any(path.stat().st_size > 300 for path in tmp_path.glob("runs/*/metrics.csv")), process)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130, err
    (run,) = (tmp_path / "runs").iterdir()
    assert "Stopped after update" in out
    assert f"`rnnlab resume runs/{run.name}` continues the run." in err
    assert json.loads((run / "run.json").read_text())["status"] == "interrupted"
    assert not (run / "forecast.csv").exists()
    no_leftovers(tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize(("number", "code"), SIGNALS)
@pytest.mark.parametrize("case", SETTING_UP)
def test_setting_up_hears_the_first_signal(started, tmp_path, case, number, code):
    process = started(*SETTING_UP[case])
    time.sleep(3)
    assert process.poll() is None, process.communicate()
    process.send_signal(number)
    quiet_end(process, code)
    assert not list(tmp_path.glob("runs/*"))


@pytest.mark.slow
def test_nohup_is_obeyed(started, tmp_path):
    process = started(*COMMANDS["train"], before=lambda: signal.signal(signal.SIGHUP, signal.SIG_IGN))
    wait_for(lambda: list(tmp_path.glob("runs/*/metrics.csv")), process)
    process.send_signal(signal.SIGHUP)
    time.sleep(0.5)
    assert process.poll() is None
    process.send_signal(signal.SIGTERM)
    quiet_end(process, 143)


# Sends the process a signal at the moment when it begins to import a module.
AT_IMPORT = """\
import os, sys
def hook(event, arguments, sent=[]):
    if event == "import" and arguments[0] == {module!r} and not sent:
        sent.append(True)
        for _ in range({times}):
            os.kill(os.getpid(), {number})
sys.addaudithook(hook)
"""


@pytest.fixture
def signalled_at_import(executable, environment, tmp_path):
    """Train; when a module is imported the process sends itself a signal, so many times."""

    def run(module: str, number: int, times: int) -> subprocess.CompletedProcess[str]:
        (tmp_path / "small.yaml").write_text(CONFIG)
        hook = AT_IMPORT.format(module=module, number=int(number), times=times)
        (tmp_path / "sitecustomize.py").write_text(hook)
        return subprocess.run(
            [executable, "train", "small.yaml", "--set", "training.updates=3"],
            cwd=tmp_path,
            env=environment({"PYTHONPATH": str(tmp_path)}),
            capture_output=True,
            text=True,
            check=False,
        )

    return run


EARLY = ("rnnlab.cli.interrupts", "threading", "rnnlab.cli.app", "typer", "pydantic", "yaml", "numpy", "rnnlab.engine")


@pytest.mark.parametrize(("number", "code"), CTRL_C_FIRST)
@pytest.mark.parametrize("module", EARLY)
def test_a_signal_while_modules_are_imported_ends_quietly(signalled_at_import, tmp_path, module, number, code):
    done = signalled_at_import(module, number, 1)
    assert (done.stdout, done.stderr) == ("", "")
    # Before there is a handler the system's own ends the process.
    assert done.returncode in ((code, -number) if module in EARLY[:2] else (code,))
    assert not (tmp_path / "runs").exists()


@pytest.mark.slow
@pytest.mark.parametrize(("number", "code"), SIGNALS)
@pytest.mark.parametrize("times", [1, 2, 3])
def test_signals_while_plots_are_drawn_find_a_completed_run(signalled_at_import, tmp_path, number, code, times):
    done = signalled_at_import("matplotlib.artist", number, times)
    assert "Traceback" not in done.stderr
    assert done.returncode == (0 if times == 1 else code)
    (run,) = (tmp_path / "runs").iterdir()
    assert json.loads((run / "run.json").read_text())["status"] == "completed"
    no_leftovers(run)


@pytest.mark.parametrize(("number", "code"), CTRL_C_FIRST)
@pytest.mark.parametrize("after", [0.02, *(pytest.param(t, marks=pytest.mark.slow) for t in (0.0, 0.005, 0.05, 0.1))])
def test_a_process_that_has_said_its_last_word_is_killed_by_no_signal(started, number, code, after):
    """Taking the interpreter apart lasts tenths of a second, in which the signals are the system's again."""
    process = started("train", "small.yaml", "--set", "training.updates=3", "--quiet")
    assert process.stdout.readline()
    time.sleep(after)
    process.send_signal(number)
    process.communicate(timeout=60)
    assert process.returncode in (0, code)


@pytest.mark.slow
def test_a_terminal_that_hangs_up_stops_the_training_with_a_checkpoint(executable, environment, tmp_path):
    (tmp_path / "small.yaml").write_text(CONFIG)
    controller, terminal = pty.openpty()
    process = subprocess.Popen(
        [executable, "train", "small.yaml"],
        cwd=tmp_path,
        env=environment(),
        stdin=terminal,
        stdout=terminal,
        stderr=terminal,
        start_new_session=True,
        preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
    )
    os.close(terminal)
    shown = b""
    while b"gradient norm" not in shown:
        shown += os.read(controller, 65536)
    os.close(controller)
    assert process.wait(timeout=60) == 129
    (run,) = (tmp_path / "runs").iterdir()
    assert json.loads((run / "run.json").read_text())["status"] == "interrupted"
    assert list(run.glob("checkpoints/*.npz"))
    assert "error" not in (run / "log.txt").read_text()
