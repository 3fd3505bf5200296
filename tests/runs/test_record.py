"""run.json is strict JSON, replaced in one step, and says how the run stands now."""

import json
import math
import os
import subprocess
import sys
from datetime import UTC, date, datetime, timedelta, timezone
from pathlib import Path

import numpy as np
import pytest

from rnnlab.errors import RunFolderError
from rnnlab.plain import plain, timestamp
from rnnlab.runs import process
from rnnlab.runs.record import load_record, read_json, status, write_json


def test_numbers_that_json_lacks_become_null(tmp_path):
    value = {
        "nan": math.nan,
        "deep": [{"inf": -math.inf, "array": np.array([[1.0, np.nan], [np.inf, 2.0]])}],
        "scalars": (np.float32(0.5), np.int64(3), np.bool_(True), np.float64("nan")),
        "when": datetime(2026, 11, 21, 17, 3, 5, 250_999, tzinfo=UTC),
        "day": date(2005, 3, 1),
        "where": Path("a/b"),
        7: None,
    }
    write_json(tmp_path / "x.json", value)
    assert json.loads((tmp_path / "x.json").read_text(), parse_constant=pytest.fail) == {
        "nan": None,
        "deep": [{"inf": None, "array": [[1.0, None], [None, 2.0]]}],
        "scalars": [0.5, 3, True, None],
        "when": "2026-11-21T17:03:05.250Z",
        "day": "2005-03-01",
        "where": str(Path("a/b")),
        "7": None,
    }


def test_what_json_cannot_hold_is_refused_and_the_old_file_stays(tmp_path):
    write_json(tmp_path / "x.json", {"a": 1})
    with pytest.raises(TypeError, match="complex"):
        write_json(tmp_path / "x.json", {"a": 1j})
    assert read_json(tmp_path / "x.json") == {"a": 1}
    assert os.listdir(tmp_path) == ["x.json"]


def test_the_state_of_a_generator_survives():
    rng = np.random.default_rng(7)
    again = np.random.default_rng()
    again.bit_generator.state = json.loads(json.dumps(plain(rng.bit_generator.state)))
    assert again.random() == rng.random()


def test_a_moment_is_written_in_utc():
    moment = datetime(2026, 11, 21, 18, 3, 5, tzinfo=timezone(timedelta(hours=1)))
    assert timestamp(moment) == "2026-11-21T17:03:05.000Z"
    with pytest.raises(ValueError, match="time zone"):
        timestamp(datetime(2026, 11, 21))


def test_a_failed_replacement_leaves_the_old_file_and_nothing_else(tmp_path):
    (tmp_path / "x.json").mkdir()  # a folder cannot be replaced by a file
    with pytest.raises(RunFolderError, match=r"x\.json' could not be written"):
        write_json(tmp_path / "x.json", {"a": 1})
    assert os.listdir(tmp_path) == ["x.json"]


@pytest.mark.parametrize(
    ("content", "what"), [("{", "must be JSON"), ("[1]", "JSON object; got list"), ("\xff", "JSON")]
)
def test_a_damaged_file_is_named(tmp_path, content, what):
    (tmp_path / "x.json").write_text(content, encoding="latin-1")
    with pytest.raises(RunFolderError, match=what):
        read_json(tmp_path / "x.json")


def test_a_record_of_a_later_version_is_refused(tmp_path):
    write_json(tmp_path / "run.json", {"schema_version": 2})
    with pytest.raises(RunFolderError, match="at most 1; got 2") as caught:
        load_record(tmp_path)
    assert "update rnnlab" in (caught.value.hint or "")


def test_a_run_of_this_process_is_running():
    assert status({"status": "running", "process": process.identity()}) == "running"


def test_a_run_whose_process_was_killed_is_lost():
    code = "import json, rnnlab.runs.process as p; print(json.dumps(p.identity()), flush=True); input()"
    with subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as child:
        assert child.stdout is not None
        record = {"status": "running", "process": json.loads(child.stdout.readline())}
        assert status(record) == "running"
        child.kill()
        os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)  # dead, and not yet forgotten by its parent
        assert status(record) == "lost"
    assert status(record) == "lost"
    assert status({**record, "status": "interrupted"}) == "interrupted"


def test_another_process_with_the_same_number_is_not_the_run():
    impostor = {**process.identity(), "started": "some other boot 12345"}
    assert status({"status": "running", "process": impostor}) == "lost"


def test_a_run_on_another_machine_is_believed():
    elsewhere = {**process.identity(), "host": "elsewhere", "started": "x"}
    assert status({"status": "running", "process": elsewhere}) == "running"


def test_a_record_without_a_version_is_not_a_later_one(tmp_path):
    (tmp_path / "run.json").write_text("{}")
    with pytest.raises(RunFolderError, match=r"is damaged: it has no schema_version") as caught:
        load_record(tmp_path)
    assert "later version" not in str(caught.value.hint)
