import json
import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from rnnlab.cli import failures
from rnnlab.display import console
from rnnlab.errors import ConfigError, DataError, DivergedError, FetchError, RunFolderError, RunWriteError
from rnnlab.experiments.reports import Measured

BREAK_CONFIG = """
import rnnlab.config

def load(*arguments, **options):
    raise KeyError("a mistake of ours")

rnnlab.config.load = load
"""


@pytest.fixture
def broken(tmp_path):
    """An environment in which reading a config runs into a bug."""
    place = tmp_path / "site"
    place.mkdir()
    (place / "sitecustomize.py").write_text(BREAK_CONFIG)
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    return {"PYTHONPATH": str(place), "TMPDIR": str(temporary)}


def test_bug_is_one_line_that_names_the_traceback(installed, broken):
    done = installed("train", "x.yaml", env=broken)
    assert (done.returncode, done.stdout) == (1, "")
    pattern = r"error: a bug in rnnlab: KeyError: 'a mistake of ours'; the traceback is in (\S+)\n"
    place = Path(re.fullmatch(pattern, done.stderr).group(1))
    assert place.parent == Path(broken["TMPDIR"])
    written = place.read_text()
    assert "rnnlab train x.yaml" in written
    assert "Traceback (most recent call last)" in written
    assert "in load" in written


def test_debug_shows_the_traceback(installed, broken):
    for arguments in (["--debug", "train", "x.yaml"], ["train", "x.yaml", "--debug"]):
        done = installed(*arguments, env=broken)
        assert done.returncode == 1
        assert "Traceback (most recent call last)" in done.stderr


def test_bug_shows_the_traceback_where_no_file_can_be_written(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(failures.tempfile, "tempdir", str(tmp_path / "nowhere"))
    assert failures.report(KeyError("a mistake of ours"), ["train"]) == 1
    assert (
        capsys.readouterr().err
        == "KeyError: 'a mistake of ours'\nerror: a bug in rnnlab: KeyError: 'a mistake of ours'\n"
    )


def test_report_of_a_bug_keeps_keys_secret(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(failures.tempfile, "tempdir", str(tmp_path))
    failures.report(KeyError("x"), ["fetch", "A", "--api-key", "s3cret", "--api-key=s3cret", "-v"])
    (written,) = tmp_path.iterdir()
    assert "s3cret" not in written.read_text()
    assert "fetch A --api-key" in written.read_text()
    assert written.name in capsys.readouterr().err


def test_bug_during_a_run_is_written_into_its_folder(tmp_path, capsys):
    bug: Any = IndexError("9")
    bug.run = tmp_path
    assert failures.report(bug, ["train"]) == 1
    (written,) = tmp_path.iterdir()
    assert str(written) in capsys.readouterr().err


@pytest.mark.parametrize(
    ("failure", "code"),
    [
        (RunFolderError("no such run: x"), 2),
        (DivergedError("all models diverged"), 3),
        (DataError("prices.csv:3: negative"), 4),
        (FetchError("blocked"), 4),
        (MemoryError(), 2),
        (KeyboardInterrupt(), 130),
    ],
)
def test_exit_codes(capsys, failure, code):
    assert failures.report(failure, []) == code
    assert "Traceback" not in capsys.readouterr().err


def test_message_and_hint(capsys):
    failures.report(DataError("no such symbol: X", hint="`rnnlab fetch X` gets it"), [])
    assert capsys.readouterr().err == "error: no such symbol: X\n hint: `rnnlab fetch X` gets it\n"


def test_every_task_of_a_config_is_shown(capsys):
    excerpt = "   14 |   hiden_size: 16\n      |   ^^^^^^^^^^"
    problems = [f"a.yaml:14:3: model.hiden_size: no such key\n{excerpt}", "--seeds: must be positive; got 0"]
    assert failures.report(ConfigError(problems), []) == 2
    assert capsys.readouterr().err == (
        f"error: a.yaml:14:3: model.hiden_size: no such key\n{excerpt}\n"
        "error: --seeds: must be positive; got 0\n"
        "2 problems\n"
    )


def test_json_gets_its_document_once(capsys, monkeypatch):
    monkeypatch.setattr(console, "_documents", 0)
    failure = DivergedError("all models diverged", hint="clip")
    failure.run = Path("runs/a")
    failures.report(failure, [], as_json=True)
    failures.report(failure, [], as_json=True)
    assert json.loads(capsys.readouterr().out) == {
        "schema_version": 1,
        "error": {
            "kind": "DivergedError",
            "exit_code": 3,
            "message": "all models diverged",
            "hint": "clip",
            "run": "runs/a",
        },
    }


def test_of_very_many_problems_the_first_are_shown(capsys):
    failures.report(ConfigError([f"a.yaml:{n}: no such key" for n in range(1, 5001)]), [])
    lines = capsys.readouterr().err.splitlines()
    assert lines[-2:] == ["error: a.yaml:20: no such key", "5000 problems; the first 20 are shown"]
    assert len(lines) == 21


@pytest.mark.parametrize(
    "failure", [RuntimeError("can't start new thread"), ImportError("libx.so: failed to map segment"), MemoryError()]
)
def test_what_stands_for_too_little_memory_is_no_bug(capsys, failure):
    assert failures.report(failure, []) == 2
    assert capsys.readouterr().err.startswith("error: not enough memory: ")


def test_metrics_that_the_run_folder_did_not_take_are_in_the_document(capsys, monkeypatch):
    monkeypatch.setattr(console, "_documents", 0)
    failure = RunWriteError("the disk is full")
    failure.summary = SimpleNamespace(metrics={"rmse": Measured(2.0, None, [2.0])})
    assert failures.report(failure, [], as_json=True) == 6
    found = json.loads(capsys.readouterr().out)["error"]
    assert found["metrics"] == {"rmse": {"mean": 2.0, "sd": None, "per_seed": [2.0]}}
