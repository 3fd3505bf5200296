"""`rnnlab why`: what is printed, and the document."""

import json
import re

import pytest

from tests.command_line import run_here, watch_here
from tests.painting import nothing_painted

CONFIG = """\
seeds: 2
data: {kind: text, text: the quick brown fox, repeat: 4, chunk: 12}
model: {hidden_size: 5}
training: {updates: 3, batch_size: 2}
"""


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    folder = tmp_path_factory.mktemp("why")
    (folder / "c.yaml").write_text(CONFIG)
    with nothing_painted():
        for name, change in (
            ("one", "seeds=2"),
            ("gru", "model.cell=gru"),
            ("long", f"data.text={'the quick brown fox ' * 9}"),
        ):
            done = run_here(folder, "train", "c.yaml", "--name", name, "--set", change, "--quiet")
            assert done.returncode == 0, done.stderr
    return folder


def test_groups_are_numbered_and_both_values_stand_beside_the_key(place):
    done = run_here(place, "why", "one", "gru")
    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    assert [line.split()[:2] for line in lines[:2]] == [["A", "one"], ["B", "gru"]]
    assert lines[4] == "1. model"
    assert lines[5].split() == ["model.cell", "rnn", "gru"]
    said = (
        r"^gradient_norms.csv: first difference at update 1, seed 0 in total: [\d.]+ and [\d.]+, a relative difference "
        r"of .*; 6 more columns of that row differ\.$"
    )
    assert re.search(said, done.stdout, re.MULTILINE)
    assert "not a proof of the cause." in done.stdout


def test_the_document_has_every_difference(place):
    content = json.loads(run_here(place, "why", "one", "gru", "--json").stdout)
    assert content["differences"][0] == {
        "group": "model", "file": "config.yaml", "key": "model.cell", "a": "rnn", "b": "gru"
    }  # fmt: skip
    assert content["numbers_differ"] is True
    assert {table["table"] for table in content["tables"]} == {"metrics.csv", "gradient_norms.csv"}
    assert content["tables"][1]["first_difference"]["update"] == 1
    assert "median" in content["metrics"]["cross_entropy"]["a"]


@pytest.mark.parametrize("columns", [60, 80, 120])
def test_long_values_are_cut_where_they_part(place, columns):
    code, said = watch_here(place, "why", "one", "long", columns=columns, env={"NO_COLOR": "1"})
    assert code == 0
    lines = said.replace("\r", "").split("\n")
    below = lines[lines.index("   data.text") + 1 :]
    a, b = below[0].removeprefix("      A  "), below[1].removeprefix("      B  ")
    assert max(len(below[0]), len(below[1])) <= columns
    assert a == "the quick brown fox"
    assert b.startswith("the quick brown fox the quick")
    assert b.endswith("…")


def test_a_run_beside_itself_is_said_to_be_so(place):
    done = run_here(place, "why", "one", "one")
    assert (done.returncode, done.stdout.splitlines()[-1]) == (0, "A and B are the same run.")


def test_a_damaged_run_is_compared_as_far_as_it_goes(place):
    (path,) = place.glob("runs/*-long-*/config.yaml")
    text = path.read_text()
    path.write_text("{")
    try:
        done = run_here(place, "why", "one", "long")
    finally:
        path.write_text(text)
    assert done.returncode == 0
    assert done.stderr == "warning: B: its config.yaml cannot be read.\n"
    assert "data.sha256" in done.stdout


def test_a_run_that_is_not_there_is_refused(place):
    done = run_here(place, "why", "one", "nonesuch")
    assert done.returncode == 2
    assert done.stderr.startswith("error: There is no run 'nonesuch' in 'runs'")
