"""The index of a runs folder: it may be missing, stale, damaged, forbidden or wrong, and the answers are the same."""

import json
import os
import shutil
import zlib

import pytest

from rnnlab.experiments.registry import index
from rnnlab.experiments.registry.index import FILE, FORM, Registry, read_index
from rnnlab.runs.notes import add_labels
from tests.experiments.registry_runs import age, make_run, metric

RUNS = index.WORTH + 4


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Twenty runs, whose files have been as they are for an hour."""
    runs = tmp_path_factory.mktemp("made") / "runs"
    for number in range(RUNS):
        run = make_run(runs, number, metrics={"rmse": metric(float(number), number + 2.0)})
        age(*run.iterdir())
    return runs


@pytest.fixture
def runs(made, tmp_path):
    return shutil.copytree(made, tmp_path / "runs")


def table(registry):
    keys = sorted(registry.keys)
    rows = zip(registry.names, *(registry.column(key) for key in keys), strict=True)
    return keys, sorted(rows, key=lambda row: row[0])


def settled(runs):
    """The index written, and what it holds."""
    registry = Registry(runs)
    assert registry.read == RUNS
    assert (runs / FILE).is_file()
    return table(registry)


def test_a_second_look_reads_no_run_and_says_the_same(runs):
    first = settled(runs)
    again = Registry(runs)
    assert again.read == 0
    assert table(again) == first
    assert sorted(again.column("metrics.rmse")) == [number + 1.0 for number in range(RUNS)]
    assert set(again.column("model.cell")) == {"rnn"}


def test_few_runs_need_no_index(tmp_path):
    run = make_run(tmp_path / "runs")
    age(*run.iterdir())
    assert Registry(run.parent).read == 1
    assert not (run.parent / FILE).exists()


@pytest.mark.parametrize("file", ["run.json", "config.yaml", "notes.json"])
@pytest.mark.parametrize("way", ["replaced", "in place", "same size and time"])
def test_a_run_that_changed_is_read_again(runs, file, way):
    settled(runs)
    run = next(runs.glob("2026*"))
    if file == "notes.json":
        add_labels(run, ["one"])
        expected = ("label", ["one"])
    else:
        expected = {"run.json": ("name", "SMALL"), "config.yaml": ("model.cell", "gru")}[file]
        path = run / file
        old, new = {"run.json": ('"name": "small"', '"name": "SMALL"'), "config.yaml": ("cell: rnn", "cell: gru")}[file]
        before, text = path.stat(), path.read_text().replace(old, new)
        if way != "in place":
            (run / "new").write_text(text)
            os.replace(run / "new", path)
        else:
            path.write_text(text)
        if way == "same size and time":
            os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    found = Registry(runs)
    assert found.read == 1
    assert found.column(expected[0])[found.names.index(run.name)] == expected[1]


def test_what_has_just_been_written_is_not_kept(made, tmp_path):
    """A file that changes again within a tick of the clock may keep its time."""
    runs = tmp_path / "runs"
    shutil.copytree(made, runs, copy_function=shutil.copy)  # with the time of the copy
    Registry(runs)
    assert Registry(runs).read == RUNS


def test_runs_that_came_and_went(runs):
    settled(runs)
    gone, renamed, *_ = sorted(runs.glob("2026*"))
    shutil.rmtree(gone)
    renamed.rename(runs / "best")
    found = Registry(runs)
    assert found.read == 1
    assert gone.name not in found.names
    assert {"best", *(path.name for path in runs.glob("2026*"))} == set(found.names)


def rewritten(runs, change):
    """The index with other lines, and a sum that fits."""
    body = (runs / FILE).read_bytes().partition(b"\n")[2]
    lines = change([line for line in body.split(b"\n") if line])
    body = b"".join(line + b"\n" for line in lines)
    (runs / FILE).write_bytes(f"{FORM} {zlib.crc32(body):08x}\n".encode() + body)


@pytest.mark.parametrize(
    "damage",
    [
        lambda runs: (runs / FILE).write_bytes((runs / FILE).read_bytes()[:-20]),
        lambda runs: (runs / FILE).write_bytes(b""),
        lambda runs: (runs / FILE).write_bytes((runs / FILE).read_bytes().replace(b"index 1", b"index 0", 1)),
        lambda runs: (runs / FILE).write_bytes(os.urandom(4000)),
        lambda runs: (runs / FILE).write_bytes((runs / FILE).read_bytes().replace(b"small", b"smell", 1)),
        lambda runs: rewritten(runs, lambda _lines: []),
        lambda runs: rewritten(runs, lambda _lines: [b'"_stamps"\t3']),
        lambda runs: rewritten(runs, lambda lines: [b"[" * 100_000 + b"\t1", *lines]),
        lambda runs: (runs / FILE).unlink() or os.mkfifo(runs / FILE),
        lambda runs: (runs / FILE).unlink() or (runs / FILE).mkdir(),
        lambda runs: (runs / FILE).unlink() or (runs / FILE).symlink_to(FILE),
    ],
)
def test_a_damaged_index_costs_time_and_nothing_else(runs, damage):
    expected = settled(runs)
    damage(runs)
    assert read_index(runs) is None
    found = Registry(runs)
    assert found.read == RUNS
    assert table(found) == expected


@pytest.mark.parametrize("line", [b'"status"\t["completed"]x', b'"status"\t["completed","lost"]', b'"status"\t{"a":1}'])
def test_a_column_that_cannot_be_one_is_read_from_the_runs(runs, line):
    expected = settled(runs)
    rewritten(runs, lambda lines: [line if one.startswith(b'"status"') else one for one in lines])
    assert table(Registry(runs)) == expected


def test_a_folder_that_cannot_be_written_is_read(runs, monkeypatch):
    def refuse(*_arguments):
        from rnnlab.errors import RunWriteError

        raise RunWriteError("no")

    monkeypatch.setattr(index, "replace", refuse)
    assert [Registry(runs).read for _ in range(2)] == [RUNS, RUNS]
    assert not (runs / FILE).exists()


def test_damaged_runs_are_not_kept(runs):
    """A permission that is given back leaves no trace in times and sizes."""
    broken = sorted(runs.glob("2026*"))[0]
    text = (broken / "run.json").read_text()
    (broken / "run.json").write_text("{")
    age(broken / "run.json")
    first = Registry(runs)
    assert first.column("status").count("unreadable") == 1
    assert Registry(runs).read == 1
    (broken / "run.json").write_text(text)
    assert set(Registry(runs).column("status")) == {"completed"}


def test_the_row_of_a_record_is_what_the_careful_reader_accepts(runs):
    """Every way in which the fast reader could be more lenient."""
    run = sorted(runs.glob("2026*"))[0]
    good = json.loads((run / "run.json").read_text())
    for text in (
        "[]", "null", "{}", '{"schema_version": 1}', json.dumps(good | {"schema_version": 2}),
        json.dumps(good | {"schema_version": True}), json.dumps(good | {"schema_version": 1.0}),
        json.dumps(good | {"status": "lost"}), json.dumps(good | {"seeds": [-1]}),
        json.dumps(good | {"tests": float("nan")}), json.dumps(good)[:-1] + ', "x": ' + "[" * 60 + "]" * 60 + "}",
        json.dumps(good) + "x",
    ):  # fmt: skip
        (run / "run.json").write_text(text)
        found = Registry(runs, write=False)
        assert found.column("status")[found.names.index(run.name)] == "unreadable", text[:80]
