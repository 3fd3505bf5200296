"""What differs between two runs, in which order, and what is said of it."""

import json
import shutil

import pandas as pd
import pytest

from rnnlab.experiments.comparison.why import GROUPS, why
from rnnlab.experiments.train import train
from tests.experiments.sweeps import small_config, sweep
from tests.painting import nothing_painted

VARIANTS = {
    "first": (),
    "again": (),
    "faster": ("training.optimizer.learning_rate=0.01",),
    "other": ("data.text=hello world", "data.repeat=9", "model.hidden_size=5", "training.l2=0.1"),
    "logged": ("training.log_gradient_flow_every=3", "training.checkpoint={every: 2, keep: 1}"),
    "clipped": ("training.clip={kind: norm, threshold: 1e-3}",),
}


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs")
    with nothing_painted():
        return {
            name: train(small_config(*changes), runs_dir=folder, command=["rnnlab", "train", name]).run
            for name, changes in VARIANTS.items()
        }


@pytest.fixture
def changed(runs, tmp_path):
    """A copy of a run whose run.json is changed by a function."""

    def change(name, edit):
        run = shutil.copytree(runs[name], tmp_path / runs[name].name)
        record = json.loads((run / "run.json").read_text())
        edit(record)
        (run / "run.json").write_text(json.dumps(record))
        return run

    return change


def ranked(found):
    return [(one.group, one.difference.key) for one in found.ranked]


def test_a_run_trained_again_differs_in_nothing_but_its_command(runs):
    found = why(runs["first"], runs["again"])
    assert ranked(found) == [("command", "command")]
    assert found.numbers_differ is False
    assert found.sentences == ["Nothing that can change a number differs, and no number does."]


def test_nothing_at_all_differs(runs, changed):
    twin = changed("again", lambda record: record.update(command=["rnnlab", "train", "first"]))
    found = why(runs["first"], twin)
    assert found.ranked == []
    assert found.sentences == ["Nothing differs: record, config and numbers are the same."]


def test_a_run_is_itself(runs):
    assert why(runs["first"], runs["first"]).sentences == ["A and B are the same run."]


def test_a_learning_rate_shows_after_the_first_update(runs):
    found = why(runs["first"], runs["faster"])
    assert ranked(found)[0] == ("training", "training.optimizer.learning_rate")
    norms = next(one for one in found.tables if one.table == "gradient_norms.csv")
    assert norms.first.place["update"] == 2
    assert found.sentences[0].startswith("This list is ordered by")
    assert not any("first gradient" in sentence for sentence in found.sentences)


def test_clipping_does_not_show_in_the_first_gradient(runs):
    norms = next(one for one in why(runs["first"], runs["clipped"]).tables if one.table == "gradient_norms.csv")
    assert (norms.first.place["update"], norms.first.column, norms.before_any_update) == (1, "clip_scale", False)


def test_data_come_first_then_model_then_training(runs):
    found = why(runs["first"], runs["other"])
    groups = [group for group, _ in ranked(found)]
    assert ranked(found)[0] == ("data", "data.sha256")
    assert groups == sorted(groups, key=GROUPS.index)
    assert {("data", "data.text"), ("model", "model.hidden_size"), ("training", "training.l2")} <= set(ranked(found))
    assert found.sentences[-1].startswith("The first gradient differs, before any update")


def test_what_is_logged_is_bookkeeping(runs):
    found = why(runs["first"], runs["logged"])
    assert ranked(found)[1:] == [
        ("bookkeeping", "training.log_gradient_flow_every"),
        ("bookkeeping", "training.checkpoint.every"),
        ("bookkeeping", "training.checkpoint.keep"),
    ]
    assert found.causes == []
    assert found.sentences == ["Nothing that can change a number differs, and no number does."]


def test_entries_of_the_record_are_found_whatever_they_are_called(runs, changed):
    def edit(record):
        record["code"] |= {"git_commit": "f" * 40, "untracked": ["rnnlab/new.py"]}
        record["environment"]["packages"]["pandas"] = "9"
        record["environment"]["blas"][0]["kernel"] = "Prescott"
        record["data"]["anything"] = 1

    found = why(runs["first"], changed("again", edit))
    assert [one for one in ranked(found) if one[0] in ("code", "environment")] == [
        ("code", "code.git_commit"),
        ("code", "code.untracked"),
        ("environment", "environment.packages.pandas"),
        ("environment", "environment.blas.0.kernel"),
    ]
    assert ranked(found)[0] == ("data", "data.anything")
    assert found.sentences == ["All numbers that both have are the same, despite these differences."]


def test_numbers_that_differ_without_a_cause_on_record_are_told(runs, changed):
    twin = changed("again", lambda record: record["metrics"]["cross_entropy"]["per_seed"].reverse())
    found = why(runs["first"], twin)
    assert found.numbers_differ
    assert (
        found.sentences[0]
        == "Nothing that can change a number differs, but the numbers do: the cause is not on record."
    )


@pytest.mark.parametrize("patch", [{}, {"patch": {"sha256": "1", "cut": False}}])
def test_uncommitted_changes_are_told_unless_the_record_holds_them(changed, patch):
    def edit(record):
        record["code"] = {"version": "1", "git_commit": "a", "git_dirty": True} | patch

    def edit_numbers(record):
        edit(record)
        record["metrics"]["cross_entropy"]["per_seed"].reverse()

    found = why(changed("first", edit), changed("again", edit_numbers))
    assert any("uncommitted changes" in sentence for sentence in found.sentences) is not bool(patch)


def test_data_that_moved_are_the_same_data(runs, changed):
    found = why(runs["first"], changed("again", lambda record: record["data"].update(source="elsewhere")))
    assert ("bookkeeping", "data.source") in ranked(found)
    assert found.causes == []


def test_a_rounding_error_is_told(runs, tmp_path):
    twin = shutil.copytree(runs["again"], tmp_path / runs["again"].name)
    path = twin / "gradient_norms.csv"
    header, first, *rest = path.read_text().splitlines()
    cells = first.split(",")
    cells[2] = repr(float(cells[2]) * (1 + 4e-16))
    path.write_text("\n".join([header, ",".join(cells), *rest]) + "\n")
    found = why(runs["first"], twin)
    assert any("no larger than rounding" in sentence for sentence in found.sentences)


@pytest.mark.parametrize("name", ["run.json", "config.yaml", "metrics.csv", "gradient_norms.csv"])
def test_what_is_damaged_is_left_out(runs, tmp_path, name):
    twin = shutil.copytree(runs["faster"], tmp_path / runs["faster"].name)
    (twin / name).write_text('{"')
    found = why(runs["first"], twin)
    assert any(warning.startswith("B: ") for warning in found.warnings)
    assert found.numbers_differ
    assert not found.differences.empty


def test_the_cause_may_lie_in_what_cannot_be_read(runs, tmp_path):
    twin = shutil.copytree(runs["faster"], tmp_path / runs["faster"].name)
    (twin / "config.yaml").unlink()
    assert why(runs["first"], twin).sentences[0].endswith("the cause may lie in what cannot be read.")


def test_differences_are_a_table_of_pandas(runs):
    frame = why(runs["first"], runs["clipped"]).differences
    assert frame.columns.tolist() == ["group", "file", "key", "a", "b"]
    row = frame.set_index("key").loc["training.clip.threshold"]
    assert (row["a"] is pd.NA, row["b"], row["file"]) == (True, 1e-3, "config.yaml")


def test_sweeps_are_compared_by_their_results(tmp_path):
    with nothing_painted():
        one, same, other = (
            sweep(tmp_path, rhos, f"model.activation={activation}").run
            for rhos, activation in (([0.9], "relu"), ([0.9], "relu"), ([0.9, 1.1], "tanh"))
        )
    assert why(one, same).sentences == ["Nothing differs: record, config and numbers are the same."]
    found = why(one, other)
    assert [group for group, _ in ranked(found)][:2] == ["model", "sweep"]
    results = next(table for table in found.tables if table.table == "results.csv")
    assert (results.rows, results.only_b) == (3, 3)
    assert results.first.place == {"rho": 0.9, "seed": 0}


def test_a_sweep_and_a_training_share_no_numbers(runs, tmp_path):
    with nothing_painted():
        swept = sweep(tmp_path, [0.9]).run
    found = why(runs["first"], swept)
    assert ("sweep", "verb") in ranked(found)
    assert (found.tables, found.numbers_differ, found.sentences) == ([], None, ["There are no numbers to compare."])
