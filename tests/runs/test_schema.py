"""The typed record of a run: files of old read as they are, and nothing of them is lost."""

import json
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
from pydantic import ValidationError

from rnnlab.errors import RunFolderError
from rnnlab.runs import RunFolder
from rnnlab.runs.record import load_record, write_json
from rnnlab.runs.schema import RunRecord

GOLDEN = Path(__file__).parent / "golden"
NOW = datetime(2026, 11, 26, 19, 15, 43, tzinfo=UTC)


def placed(tmp_path, content) -> Path:
    (tmp_path / "run.json").write_text(content if isinstance(content, str) else json.dumps(content))
    return tmp_path


@pytest.mark.parametrize("name", ["train", "sweep"])
def test_a_record_of_old_is_written_back_byte_for_byte(tmp_path, name):
    text = (GOLDEN / f"{name}.json").read_text(encoding="utf-8")
    record = load_record(placed(tmp_path, text))
    write_json(tmp_path / "again.json", record.plain())
    assert (tmp_path / "again.json").read_text(encoding="utf-8") == text
    assert (record.plain(), record.current_status) == (json.loads(text), record.status)


def test_what_was_done_and_on_what_follows_from_a_record_of_old(tmp_path):
    train = load_record(placed(tmp_path, (GOLDEN / "train.json").read_text()))
    assert (train.verb, train.kind, train.status) == ("train", "synthetic", "completed")
    assert train.metrics["rmse"].per_seed == [1.3311703324697137, 1.0788819562387193]
    assert (train.clipped_share, train.seeds, train.diverged) == (1.0, [0, 1], {})
    sweep = load_record(placed(tmp_path, (GOLDEN / "sweep.json").read_text()))
    assert (sweep.verb, sweep.kind) == ("sweep-rho", "sweep-rho")
    assert (sweep.rhos, sweep.exact, sweep.diverged) == ([0.9, 1e300], False, 0)


@pytest.mark.parametrize("name", ["train", "sweep"])
def test_a_record_of_today_has_the_keys_of_old_in_their_order_and_the_verb(tmp_path, name):
    old = json.loads((GOLDEN / f"{name}.json").read_text())
    keys = list(old)
    first = {key: old[key] for key in keys if key in ("kind", "seeds", "command", "data", "rhos", "exact")}
    with RunFolder.create(tmp_path, old["name"], now=NOW, fields={**first, "verb": "train"}) as run:
        run.finish("completed", NOW, **{key: old[key] for key in keys[keys.index("process") + 1 :]})
    found = json.loads((run.path / "run.json").read_text())
    place = keys.index("kind") + 1
    assert list(found) == [*keys[:place], "verb", *keys[place:], "tables"]
    assert {key: found[key] for key in first} == first


def test_keys_of_a_later_minor_version_are_left_alone(tmp_path):
    content = json.loads((GOLDEN / "train.json").read_text())
    content["data"]["license"] = "none"
    content = {"later": {"deep": [1, None]}, **content}
    with RunFolder.open(placed(tmp_path, content)) as run:
        run.update(headline="another", newest=1)
    assert json.loads((tmp_path / "run.json").read_text()) == content | {"headline": "another", "newest": 1}
    assert list(json.loads((tmp_path / "run.json").read_text())) == [*content, "newest"]


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"name": 3}, "is damaged: name: input should be a valid string; got 3."),
        ({"kind": ["x"]}, "is damaged: kind: input should be a valid string; got a list of 1."),
        (
            {"status": "lost"},
            "is damaged: status: input should be 'running', 'completed', 'interrupted', 'diverged' or 'failed'; "
            "got 'lost'.",
        ),
        ({"seeds": [0, -1]}, "is damaged: seeds.1: input should be greater than or equal to 0; got -1."),
        ({"metrics": {"rmse": {}}}, "is damaged: it has no metrics.rmse.mean."),
        ({"data": 1, "name": 3}, "is damaged: name: input should be a valid string; got 3."),
        ({"data": 1, "seeds": 3}, "is damaged: seeds: input should be a valid list; got 3."),
        ({"process": {"pid": 0}}, "is damaged: process.pid: input should be greater than or equal to 1; got 0."),
        ({"schema_version": "1"}, "is damaged: schema_version must be 1."),
    ],
)
def test_a_damaged_record_says_what_is_wrong_with_it(tmp_path, changes, sentence):
    content = json.loads((GOLDEN / "train.json").read_text()) | changes
    with pytest.raises(RunFolderError) as caught:
        load_record(placed(tmp_path, content))
    assert caught.value.message == f"'{tmp_path / 'run.json'}' {sentence}"


def test_entries_that_no_reader_rests_on_do_not_keep_a_run_from_being_read(tmp_path):
    content = json.loads((GOLDEN / "train.json").read_text()) | {"command": 5, "headline": [], "code": None}
    assert load_record(placed(tmp_path, content)).plain() == content


def test_a_record_that_could_not_be_read_is_not_written(tmp_path):
    run = RunFolder.create(tmp_path, "stock", now=NOW)
    before = (run.path / "run.json").read_bytes()
    with pytest.raises(ValidationError, match="seeds"):
        run.update(seeds="0, 1")
    assert (run.path / "run.json").read_bytes() == before
    assert run.record.seeds == []


def test_a_lost_run_that_is_written_to_can_still_be_read(tmp_path):
    content = json.loads((GOLDEN / "train.json").read_text()) | {"status": "running"}
    content["process"]["host"] = json.loads(json.dumps(RunRecord.first("x", "x", NOW, {}).plain()))["process"]["host"]
    content["process"]["pid"] = 2**31 - 1
    run = RunFolder.open(placed(tmp_path, content))
    assert run.record.current_status == load_record(tmp_path).current_status == "lost"
    run.update(warnings=["a plot could not be drawn"])
    assert load_record(tmp_path).warnings == ["a plot could not be drawn"]


@pytest.mark.parametrize(
    ("error", "status"),
    [(KeyboardInterrupt(), "interrupted"), (SystemExit(143), "interrupted"), (ValueError("no"), "failed")],
)
def test_what_breaks_into_a_run_is_on_record(tmp_path, error, status):
    run = RunFolder.create(tmp_path, "stock", now=NOW)
    run.mark_failed(error, NOW)
    assert load_record(run.path).status == status
    run.mark_failed(RuntimeError("of a plot"), NOW)
    assert load_record(run.path).status == status
    assert (run.path / "log.txt").read_text().endswith("error: RuntimeError: of a plot\n")


def test_the_run_folder_is_imported_without_pydantic():
    code = "import sys, rnnlab.runs; print([name for name in ('pydantic', 'numpy') if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
