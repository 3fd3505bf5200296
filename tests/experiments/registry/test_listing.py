"""Runs filtered and sorted."""

import json
import shutil
from datetime import timedelta

import numpy as np
import pytest

from rnnlab.errors import RunFolderError, UsageError
from rnnlab.experiments.registry.listing import list_runs
from rnnlab.experiments.registry.rows import median
from rnnlab.runs import RunFolder
from rnnlab.runs.notes import add_labels, add_note
from rnnlab.seeds import spread
from tests.experiments.registry_runs import START, TEXT, lose, make_run, metric


@pytest.fixture
def runs(tmp_path):
    """Four runs, the newest last: a, b, c, d."""
    folder = tmp_path / "runs"
    make_run(folder, 0, name="a", metrics={"rmse": metric(1.0, 3.0, 8.0)}, headline="good")
    lstm = TEXT + "seeds: [4, 7]\nmodel: {cell: lstm}\ntraining: {optimizer: {kind: sgd, learning_rate: 0.1}}\n"
    add_labels(make_run(folder, 1, name="b", config=lstm, metrics={"rmse": metric(2.0)}), ["paper", "my label"])
    add_note(make_run(folder, 2, name="c", status="interrupted"), "Wants a larger net")
    make_run(folder, 3, name="d", metrics={"accuracy": metric(0.5)})
    return folder


def names(runs, where=None, **options):
    return "".join(list_runs(runs, where=where, **options).values("name"))


@pytest.mark.parametrize(
    ("where", "found"),
    [
        (None, "dcba"),
        ("metrics.rmse=3", "a"),
        ("metrics.rmse<3", "b"),
        ("metrics.rmse=null", "dc"),
        ("model.cell=lstm", "b"),
        ("training.optimizer=sgd and training.optimizer.learning_rate>0.01", "b"),
        ("training.optimizer=adam", "dca"),
        ("data.kind=text", "dcba"),
        ("task=text", "dcba"),
        ("kind=text and verb=train", "dcba"),
        ("seeds>1", "b"),
        ("label=paper", "b"),
        ('label="my label"', "b"),
        ("labels!=paper", "dca"),
        ("notes~larger", "c"),
        ("status!=completed", "c"),
        ("seconds=30", "dcba"),
        ("headline~goo", "a"),
        ("started_at>=2026-01-01T00:02", "dc"),
        ("id~-0001", "b"),
        ("name=b or name=d", "db"),
        ("environment.numpy~.", "dcba"),
        ("warnings=0 and command~train", "dcba"),
        ("model.attention=null", "dcba"),
    ],
)
def test_conditions(runs, where, found):
    if where == "model.attention=null":  # no key of a config yet
        with pytest.raises(UsageError):
            names(runs, where)
    else:
        assert names(runs, where) == found


@pytest.mark.parametrize(
    ("options", "found"),
    [
        ({"reverse": True}, "abcd"),
        ({"sort": "name"}, "abcd"),
        ({"sort": "-name"}, "dcba"),
        ({"sort": "-name", "reverse": True}, "abcd"),
        ({"sort": "metrics.rmse"}, "badc"),
        ({"sort": "-metrics.rmse"}, "abdc"),
        ({"sort": "label"}, "bdca"),
        ({"status": "interrupted"}, "c"),
        ({"status": "lost"}, ""),
        ({"label": "paper"}, "b"),
        ({"label": "pap"}, ""),
        ({"limit": 2}, "dc"),
        ({"limit": 1, "sort": "seeds", "reverse": True}, "b"),
    ],
)
def test_options(runs, options, found):
    assert names(runs, **options) == found


@pytest.mark.parametrize(
    ("where", "told"),
    [
        ("metrics.rmze<3", "no run has a key 'metrics.rmze'; did you mean metrics.rmse?"),
        ("rmse<3", "did you mean metrics.rmse?"),
        ("cell=lstm", "did you mean model.cell"),
        ("lr=1", "did you mean training.optimizer.learning_rate"),
        ("qqqqqq=1", "no run has a key 'qqqqqq'"),
    ],
)
def test_a_key_that_there_is_not(runs, where, told):
    with pytest.raises(UsageError) as caught:
        list_runs(runs, where=where)
    assert told in caught.value.message
    with pytest.raises(UsageError, match=r"^sort: no run has a key 'nothing'"):
        list_runs(runs, sort="nothing")


def test_a_key_that_a_config_may_have_is_known_without_any_run(tmp_path):
    assert names(tmp_path / "none", "model.cell=lstm and status=completed", sort="training.l2") == ""


def test_lost_is_worked_out_each_time(runs):
    run = next(runs.glob("*-d-*"))
    lose(run)
    assert names(runs, "status=lost") == "d"
    lose(run, host="elsewhere")
    assert names(runs, status="running") == "d"


def test_the_median_is_that_of_the_seeds():
    rng = np.random.default_rng(3)
    for size in range(1, 8):
        values = [None, *rng.normal(size=size).tolist()]
        assert median(values) == spread(values).median
    assert median([]) is median([None]) is None


def test_a_folder_is_the_whole_truth(runs, tmp_path):
    """Copied elsewhere and given another name, a run lists as it did, in its place by age."""
    elsewhere = tmp_path / "elsewhere"
    shutil.copytree(runs, elsewhere)
    next(elsewhere.glob("*-b-*")).rename(elsewhere / "best")
    assert names(elsewhere) == "dcba"
    found = list_runs(elsewhere, where="label=paper and metrics.rmse=2")
    assert found.values("id") == ["best"]


def test_one_damaged_run_is_a_warning_and_several_are_counted(runs):
    assert list_runs(runs).warnings == []
    first, second, third, fourth = sorted(runs.iterdir())
    (first / "run.json").write_text("{")
    found = list_runs(runs)
    assert found.values("status")[-1] == "unreadable"
    assert found.values("name")[-1] == "a"
    (said,) = found.warnings
    assert "run.json' must be JSON" in said
    assert names(runs, "model.cell=rnn") == "dca"  # its config is whole
    (second / "notes.json").write_text('{"labels": 3}')
    (third / "run.json").unlink()
    (said,) = list_runs(runs).warnings
    assert said.startswith("3 runs cannot be read in full: ")
    assert all(run.name in said for run in (first, second, third))
    assert names(runs, label="paper") == ""
    assert fourth.name not in said


def test_a_folder_without_a_record_is_listed_where_it_is_named_as_a_run(runs):
    (runs / "20260101T000200Z-begun-00ff").mkdir()
    (runs / "mine").mkdir()
    (runs / ".trash" / "20260101T000200Z-begun-00fe").mkdir(parents=True)
    assert list_runs(runs, status="unreadable").values("id") == ["20260101T000200Z-begun-00ff"]


def test_json_is_plain(runs):
    found = json.loads(json.dumps(list_runs(runs, where="name=b", sort="model.cell").plain()))
    (one,) = found
    assert one["labels"] == ["paper", "my label"]
    assert one["metrics"] == {"rmse": 2.0}
    assert one["values"] == {"name": "b", "model.cell": "lstm"}
    assert one["seeds"] == 2


def test_a_file_is_no_runs_folder(tmp_path):
    (tmp_path / "runs").touch()
    with pytest.raises(RunFolderError, match="cannot be read"):
        list_runs(tmp_path / "runs")


def test_within_a_second_the_moment_decides(tmp_path):
    for milliseconds, digits in [(900, "0000"), (100, "ffff")]:
        RunFolder.create(tmp_path, "x", now=START + timedelta(milliseconds=milliseconds), digits=lambda d=digits: d)
    assert [one[-4:] for one in list_runs(tmp_path).values("id")] == ["0000", "ffff"]
