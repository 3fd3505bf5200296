"""A run folder from its first file to its last, and nothing left behind where it cannot begin."""

import hashlib
import json
import re
import subprocess
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta, timezone
from itertools import count

import numpy as np
import pytest

from rnnlab.errors import RunFolderError
from rnnlab.runs import RunFolder, read_table

NOW = datetime(2026, 11, 21, 17, 3, 5, tzinfo=UTC)


def test_the_id_is_utc_time_name_and_four_digits(tmp_path):
    here = NOW.astimezone(timezone(timedelta(hours=-5)))
    run = RunFolder.create(tmp_path, "stock", now=here, digits=lambda: "3f9a")
    assert run.id == run.path.name == run.record.id == "20261121T170305Z-stock-3f9a"
    assert re.fullmatch(r".*-stock-[0-9a-f]{4}", RunFolder.create(tmp_path, "stock", now=NOW).id)


@pytest.mark.parametrize(
    ("name", "label"),
    [
        ("my run / ρ=0.9", "my-run-ρ-0.9"),
        ("../..", "run"),
        ("", "run"),
        ("x" * 300, "x" * 60),
        ("a_b.c-d", "a_b.c-d"),
    ],
)
def test_any_name_makes_a_safe_folder(tmp_path, name, label):
    run = RunFolder.create(tmp_path, name, now=NOW, digits=lambda: "0000")
    assert run.path == tmp_path / f"20261121T170305Z-{label}-0000"
    assert run.record.name == name


def test_a_time_without_zone_is_refused(tmp_path):
    with pytest.raises(ValueError, match="time zone"):
        RunFolder.create(tmp_path, "stock", now=datetime(2026, 11, 21))


def test_many_runs_in_the_same_second_get_a_folder_each(tmp_path):
    numbers = [count() for _ in range(8)]  # every starter draws the same digits in the same order

    def start(i):
        return RunFolder.create(tmp_path / "runs", "stock", now=NOW, digits=lambda: f"{next(numbers[i]):04x}").id

    with ThreadPoolExecutor(8) as pool:
        ids = list(pool.map(start, range(8)))
    assert sorted(ids) == [f"20261121T170305Z-stock-{i:04x}" for i in range(8)]


def test_when_no_id_is_free_the_old_run_is_left_alone(tmp_path):
    first = RunFolder.create(tmp_path, "stock", now=NOW, digits=lambda: "0000")
    with pytest.raises(RunFolderError, match="no free id"):
        RunFolder.create(tmp_path, "stock", now=NOW, digits=lambda: "0000")
    assert RunFolder.open(first.path).record == first.record


def test_the_first_record_says_what_the_contract_promises(tmp_path):
    run = RunFolder.create(
        tmp_path,
        "stock",
        now=NOW,
        fields={"kind": "prices", "seeds": [0, 1]},
        files={"config.yaml": "name: stock\n"},
    )
    record = json.loads((run.path / "run.json").read_text())
    assert (run.path / "config.yaml").read_text() == "name: stock\n"
    assert record["schema_version"] == 1
    assert (record["name"], record["kind"], record["status"]) == ("stock", "prices", "running")
    assert (record["started_at"], record["ended_at"]) == ("2026-11-21T17:03:05.000Z", None)
    assert record["seeds"] == [0, 1]
    assert record["metrics"] == record["baselines"] == {}
    assert set(record["code"]) == {"version", "git_commit", "git_dirty", "untracked", "patch"}
    if patch := record["code"]["patch"]:
        assert hashlib.sha256((run.path / patch["file"]).read_bytes()).hexdigest() == patch["sha256"]
    assert {"python", "numpy", "packages", "blas", "cpu"} <= set(record["environment"])
    assert {"command", "data"} <= set(record)


def test_a_whole_run(tmp_path):
    with RunFolder.create(tmp_path, "stock", now=NOW) as run:
        for epoch in range(3):
            run.append_columns("metrics.csv", {"seed": [0, 1], "epoch": epoch, "train_loss": [0.5, np.nan]})
        run.log("\x1b[32mtraining\x1b[0m\n")
        run.log("done")
        run.write("plots/training.png", b"\x89PNG")
        run.write_json("summary.json", {"growth": np.float64("inf")})
        run.finish("completed", NOW + timedelta(seconds=90), metrics={"rmse": {"mean": 1.5, "sd": np.nan}})
    again = RunFolder.open(run.path)
    assert again.record.status == "completed"
    assert again.record.ended_at == "2026-11-21T17:04:35.000Z"
    assert again.record.plain()["metrics"] == {"rmse": {"mean": 1.5, "sd": None}}
    assert list(again.read_table("metrics.csv")["epoch"]) == [0, 0, 1, 1, 2, 2]
    assert (run.path / "log.txt").read_text() == "training\ndone\n"
    assert (run.path / "plots" / "training.png").read_bytes() == b"\x89PNG"
    assert json.loads((run.path / "summary.json").read_text()) == {"growth": None}


def test_a_final_status_must_be_final(tmp_path):
    run = RunFolder.create(tmp_path, "stock", now=NOW)
    with pytest.raises(ValueError, match="got 'running'"):
        run.finish("running", NOW)


def test_rows_that_wait_are_read_and_counted(tmp_path):
    run = RunFolder.create(tmp_path, "stock", now=NOW)
    run.append_columns("metrics.csv", {"epoch": [0]})
    assert list(run.read_table("metrics.csv")["epoch"]) == [0]
    run.append_columns("metrics.csv", {"epoch": [1]})
    assert run.table_sizes() == {"metrics.csv": len(b"epoch\n0\n1\n")}
    run.close()


def test_rows_that_wait_survive_an_error_in_the_run(tmp_path):
    run = RunFolder.create(tmp_path, "stock", now=NOW)

    def stopped():
        with run:
            run.append_columns("metrics.csv", {"epoch": [0]})
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        stopped()
    assert list(read_table(run.path / "metrics.csv")["epoch"]) == [0]


def test_checkpoints_of_a_part_are_counted_and_kept_by_themselves(tmp_path):
    run = RunFolder.create(tmp_path, "stock", now=NOW)
    assert run.latest_checkpoint(part="refit") is None
    for number in range(4):
        run.save_checkpoint({"w": np.full(2, float(number))}, {"update": number}, "refit")
    run.save_checkpoint({"w": np.ones(2)}, {"update": 9})
    run.keep_checkpoints(2, best=False, part="refit")
    assert sorted(path.name for path in (run.path / "checkpoints" / "refit").glob("*.npz")) == ["0003.npz", "0004.npz"]
    found = run.latest_checkpoint(part="refit", like={"w": np.zeros(2)})
    assert found is not None
    assert (found.metadata["update"], found.arrays["w"].tolist()) == (3, [3.0, 3.0])
    run.cut_checkpoints(None)
    assert run.latest_checkpoint() is None
    assert run.latest_checkpoint(part="refit") is not None
    run.cut_checkpoints(None, "refit")
    assert run.latest_checkpoint(part="refit") is None
    run.release()


def test_a_resumed_run_goes_on_from_its_checkpoint(tmp_path):
    run = RunFolder.create(tmp_path, "stock", now=NOW)
    run.append_columns("metrics.csv", {"epoch": [0, 1]})
    run.save_checkpoint({"w": np.ones(2)}, {"tables": run.table_sizes()})
    run.append_columns("metrics.csv", {"epoch": [2]})
    run.finish("interrupted", NOW)

    run = RunFolder.open(run.path)
    run.take_over()
    checkpoint = run.latest_checkpoint()
    assert checkpoint is not None
    run.cut_tables(checkpoint.metadata["tables"])
    run.append_columns("metrics.csv", {"epoch": [2, 3]})
    assert RunFolder.open(run.path).record.status == "running"
    assert RunFolder.open(run.path).record.ended_at is None
    run.finish("completed", NOW)
    assert list(read_table(run.path / "metrics.csv")["epoch"]) == [0, 1, 2, 3]


def test_a_runs_folder_that_is_a_file(tmp_path):
    (tmp_path / "runs").write_text("not a folder")
    for runs_dir in (tmp_path / "runs", tmp_path / "runs" / "deeper"):
        with pytest.raises(RunFolderError, match=r"runs.* cannot be used: .*file") as caught:
            RunFolder.create(runs_dir, "stock", now=NOW)
        assert "RNNLAB_RUNS" in (caught.value.hint or "")
    assert (tmp_path / "runs").read_text() == "not a folder"


def test_a_first_file_that_cannot_be_written_takes_the_folder_with_it(tmp_path):
    with pytest.raises(RunFolderError, match=r"No run was started: .*could not be written"):
        RunFolder.create(tmp_path / "runs", "stock", now=NOW, files={"x" * 300: "a name too long"})
    assert list(tmp_path.iterdir()) == []


def test_an_entry_that_json_cannot_hold_takes_the_folder_with_it(tmp_path):
    with pytest.raises(TypeError, match="complex"):
        RunFolder.create(tmp_path, "stock", now=NOW, fields={"kind": 1j})
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("name", "label"), [("Пробег 1", "Пробег-1"), ("日" * 70, "日" * 60), ("🙂a", "a"), ("𒀀" * 60, "𒀀" * 45)]
)
def test_the_id_keeps_the_letters_of_every_script(tmp_path, name, label):
    run = RunFolder.create(tmp_path, name, now=datetime(2026, 1, 2, tzinfo=UTC), digits=lambda: "abcd")
    assert run.path.name == f"20260102T000000Z-{label}-abcd"
    assert run.record.name == name


def test_the_working_folder_is_kept_in_the_run_folder_alone_and_only_where_asked_for(tmp_path, monkeypatch):
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", "/dev/null")
    here = tmp_path / "here"
    here.mkdir()
    monkeypatch.chdir(here)
    (here / "notes").write_text("one\n")
    who = ["-c", "user.name=a", "-c", "user.email=a@example.org"]
    for command in (["init", "-q"], ["add", "notes"], [*who, "commit", "-q", "-m", "One"]):
        subprocess.run(["git", *command], check=True)
    (here / "notes").write_text("my password\n")
    run = RunFolder.create(tmp_path / "runs", "stock", now=NOW)
    assert run.record.folder is None
    assert not (run.path / "folder.patch").exists()
    monkeypatch.setenv("RNNLAB_RECORD_FOLDER", "1")
    run = RunFolder.create(tmp_path / "runs", "stock", now=NOW)
    assert b"+my password" in (run.path / "folder.patch").read_bytes()
    assert "password" not in (run.path / "run.json").read_text()
    assert run.record.folder is not None
    assert run.record.folder["git_dirty"] is True


def test_two_that_write_files_anew_wait_for_each_other_and_both_leave_hashes_that_fit(tmp_path):
    run = RunFolder.create(tmp_path, "stock", now=NOW)
    run.write("plots/a.png", "first")
    run.finish("completed", NOW)
    run.seal()
    run.release()

    def again(content):
        store = RunFolder.open(run.path)
        with store.rewriting(lambda name: name.startswith("plots/")):
            assert "plots/a.png" not in RunFolder.open(run.path).record.files
            store.write("plots/a.png", content)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(again, ["second", "third", "fourth", "fifth"]))
    sha256 = hashlib.sha256((run.path / "plots/a.png").read_bytes()).hexdigest()
    assert RunFolder.open(run.path).record.files["plots/a.png"]["sha256"] == sha256


def test_files_of_a_run_in_training_are_written_anew_without_a_word_in_its_record(tmp_path):
    run = RunFolder.create(tmp_path, "stock", now=NOW)
    store = RunFolder.open(run.path)
    before = (run.path / "run.json").read_bytes()
    with store.rewriting(lambda _name: True):
        store.write("plots/a.png", "content")
    assert (run.path / "run.json").read_bytes() == before
