"""`rnnlab check`: in an empty folder, by the installed executable."""

import json
import re

import pytest


def test_a_config_is_valid_and_the_table_says_what_would_be_trained(installed):
    done = installed("check", "stock", "--seeds", "2")
    assert done.returncode == 0
    assert done.stdout.startswith("stock is valid: rnn, 305 parameters, 2 models\n")
    assert re.search(r"^  layer0 +20 x 1592 x 16 +288 +W_hh 16 x 16, W_xh 1 x 16, b_h 16$", done.stdout, re.M)
    assert "samples  1,592 sequences to train on, 403 held out\n" in done.stdout
    assert "updates  300: 300 epochs of 1 update\n" in done.stdout
    assert re.search(r"^memory   at least [\d.]+ MiB, and [\d.]+ KiB of training data", done.stdout, re.M)
    assert re.search(
        r"^time     about .* for 2 models together: .* an update \(median of \d+ timed\)", done.stdout, re.M
    )


def test_every_problem_is_shown(rnnlab):
    done = rnnlab("check", "stock", "--set", "model.layers=0", "--set", "training.epoch=1")
    assert (done.returncode, done.stdout) == (2, "")
    assert "model.layers must be a whole number of at least 1" in done.stderr
    assert "training.epoch: no such key; did you mean epochs?" in done.stderr
    assert "2 problems" in done.stderr


def test_json_is_one_document(rnnlab, tmp_path):
    document = json.loads(rnnlab("check", "one_to_one", "--json").stdout)
    assert (document["schema_version"], document["valid"], document["name"]) == (1, True, "one_to_one")
    assert document["stages"][1]["parameters"]["layer0.W_hh"] == [16, 16]
    assert document["seconds"] > 0
    refused = rnnlab("check", "one_to_one", "--set", "seeds=0", "--json")
    assert refused.returncode == 2
    assert json.loads(refused.stdout)["error"]["exit_code"] == 2
    assert list(tmp_path.iterdir()) == []


def test_data_that_cannot_be_read_end_with_exit_4(rnnlab, tmp_path):
    (tmp_path / "c.yaml").write_text("data: {kind: csv, path: gone.csv}\n")
    done = rnnlab("check", "c.yaml")
    assert (done.returncode, done.stdout) == (4, "")
    assert "gone.csv: no such file" in done.stderr


@pytest.mark.parametrize("columns", [60, 80, 200])
def test_lines_fit_the_terminal(on_terminal, columns):
    code, screen = on_terminal("check", "one_to_one", "--seeds", "2", env={"NO_COLOR": "1"}, columns=columns)
    assert code == 0
    assert "next  rnnlab train one_to_one --seeds 2  train it" in screen
    assert max(len(line) for line in screen.splitlines()) <= columns
