"""Which run is meant: a path, an id, the beginning of one, or the latest."""

from datetime import UTC, datetime, timedelta

import pytest

from rnnlab.errors import RunFolderError
from rnnlab.runs import RunFolder, list_runs, resolve
from rnnlab.runs.find import newest_completed

NOW = datetime(2026, 11, 21, 17, 3, 5, tzinfo=UTC)


@pytest.fixture
def runs_dir(tmp_path):
    """Three runs; the two of the same second began in the order c, b."""
    start = [("stock", 0, "aaaa"), ("stock", 5_100, "cccc"), ("text", 5_200, "bbbb")]
    for name, milliseconds, digits in start:
        now = NOW + timedelta(milliseconds=milliseconds)
        RunFolder.create(tmp_path, name, now=now, digits=lambda digits=digits: digits).finish("completed", now)
    (tmp_path / "notes").mkdir()
    (tmp_path / ".gitkeep").touch()
    return tmp_path


def test_the_oldest_comes_first_and_other_folders_do_not_count(runs_dir):
    found = list_runs(runs_dir)
    assert [run.id[17:] for run in found] == ["stock-aaaa", "stock-cccc", "text-bbbb"]
    assert {run.status for run in found} == {"completed"}
    assert found[0].record.name == "stock"


def test_order_within_a_second_is_by_millisecond(tmp_path):
    for milliseconds, digits in [(900, "0000"), (100, "ffff")]:
        now = NOW + timedelta(milliseconds=milliseconds)
        RunFolder.create(tmp_path, "stock", now=now, digits=lambda digits=digits: digits)
    assert [run.id[-4:] for run in list_runs(tmp_path)] == ["ffff", "0000"]
    assert resolve("latest", tmp_path).name.endswith("0000")


def test_a_damaged_run_is_listed_as_such(runs_dir):
    (runs_dir / "20261121T170305Z-stock-aaaa" / "run.json").write_text("{")
    assert [run.status for run in list_runs(runs_dir)] == ["unreadable", "completed", "completed"]


@pytest.mark.parametrize(
    ("run", "suffix"),
    [("latest", "bbbb"), ("20261121T170305Z-stock-aaaa", "aaaa"), ("20261121T170310Z-s", "cccc")],
)
def test_a_run_is_found_by_id_prefix_or_age(runs_dir, run, suffix):
    assert resolve(run, runs_dir).name.endswith(suffix)


def test_a_run_is_found_by_path_from_anywhere(runs_dir, monkeypatch):
    monkeypatch.chdir(runs_dir)
    path = runs_dir / "20261121T170305Z-stock-aaaa"
    assert resolve(str(path), "elsewhere") == path
    assert resolve("20261121T170305Z-stock-aaaa/", "elsewhere").samefile(path)


def test_an_id_that_begins_another_is_not_ambiguous(runs_dir):
    longer = runs_dir / "20261121T170305Z-stock-aaaa-copy"
    longer.mkdir()
    (longer / "run.json").write_text((runs_dir / "20261121T170305Z-stock-aaaa" / "run.json").read_text())
    assert resolve("20261121T170305Z-stock-aaaa", runs_dir).name.endswith("aaaa")


def test_a_prefix_of_several_lists_them(runs_dir):
    with pytest.raises(RunFolderError, match=r"'20261121T17031' is the beginning of 2 ids: .*cccc, .*bbbb"):
        resolve("20261121T17031", runs_dir)


@pytest.mark.parametrize(("run", "near"), [("stock-aaaa", "stock-aaaa"), ("20261121T170305Z-stack-aaaa", "stock-aaaa")])
def test_an_unknown_run_lists_near_ids(runs_dir, run, near):
    with pytest.raises(RunFolderError, match=f"There is no run '{run}'") as caught:
        resolve(run, runs_dir)
    assert caught.value.hint is not None
    assert near in caught.value.hint


@pytest.mark.parametrize("run", ["latest", "x", ""])
def test_without_runs_the_hint_says_how_to_make_one(tmp_path, run):
    with pytest.raises(RunFolderError) as caught:
        resolve(run, tmp_path / "none")
    assert "rnnlab train" in (caught.value.hint or "")
    assert list_runs(tmp_path / "none") == []


def test_a_runs_folder_that_is_a_file(tmp_path):
    (tmp_path / "runs").touch()
    with pytest.raises(RunFolderError, match="cannot be read"):
        list_runs(tmp_path / "runs")


@pytest.mark.parametrize(("name", "suffix"), [("stock", "cccc"), ("text", "bbbb")])
def test_a_name_means_its_newest_run(runs_dir, name, suffix):
    assert resolve(name, runs_dir).name.endswith(suffix)


def test_a_name_is_looked_up_after_the_ids(tmp_path):
    """A name that begins an id, or is one."""
    for milliseconds, name in enumerate(["2026", "20261121T170305Z-stock-aaaa", "stock"]):
        now = NOW + timedelta(milliseconds=1000 * milliseconds)
        digits = "aaaa" if name == "stock" else "bbbb"
        RunFolder.create(tmp_path, name, now=now if name != "stock" else NOW, digits=lambda digits=digits: digits)
    assert resolve("20261121T170305Z-stock-aaaa", tmp_path).name == "20261121T170305Z-stock-aaaa"
    assert resolve("2026", tmp_path).name == "20261121T170305Z-2026-bbbb"
    with pytest.raises(RunFolderError, match="is the beginning of 3 ids"):
        resolve("20", tmp_path)


def test_a_name_passes_over_newer_runs_that_cannot_be_read(runs_dir):
    (runs_dir / "20261121T170310Z-stock-cccc" / "run.json").write_text("{")
    said = []
    assert resolve("stock", runs_dir, said.append).name.endswith("aaaa")
    assert said == ["stock passes over 20261121T170310Z-stock-cccc, which cannot be read."]


def test_latest_is_a_path_or_an_id_where_there_is_one_and_never_a_name(runs_dir, monkeypatch):
    RunFolder.create(runs_dir, "latest", now=NOW - timedelta(days=1), digits=lambda: "0000")
    assert resolve("latest", runs_dir).name.endswith("bbbb")
    (runs_dir / "latest").symlink_to(runs_dir / "20261121T170305Z-stock-aaaa")
    assert resolve("latest", runs_dir) == runs_dir / "latest"
    monkeypatch.chdir(runs_dir)
    assert resolve("latest", "elsewhere").samefile(runs_dir / "20261121T170305Z-stock-aaaa")


def test_the_newest_completed_training_of_each_name_is_found(tmp_path):
    def made(name, seconds, status="completed", **fields):
        now = NOW + timedelta(seconds=seconds)
        run = RunFolder.create(tmp_path, name, now=now, fields={"verb": "train", **fields})
        if status != "running":
            run.finish(status, now)
        return run.path

    made("stock-gru", 0)
    made("stock", 0)
    newest = made("stock-gru", 1)
    made("stock-gru", 2, "interrupted")
    made("stock-gru", 3, "running")
    made("stock-gru", 4, verb="sweep-rho")
    made("stock-gru-2", 5)
    found = newest_completed({"stock-gru", "none"}, tmp_path)
    assert found == {"stock-gru": newest}
    renamed = newest.rename(tmp_path / "mine")
    assert newest_completed({"stock-gru"}, tmp_path) == {"stock-gru": renamed}
    assert newest_completed({"stock-gru"}, tmp_path / "elsewhere") == {}
