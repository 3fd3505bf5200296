"""`rnnlab init` and `rnnlab schema`: the starter configs in an empty folder, and what editors need."""

import json
import os
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from rnnlab.config import json_schema, load

CONFIGS = Path(__file__).parents[2] / "configs"
NAMES = sorted(path.relative_to(CONFIGS).as_posix() for path in CONFIGS.rglob("*.yaml"))
DATA = sorted(path.relative_to(CONFIGS).as_posix() for path in CONFIGS.rglob("*") if path.suffix in (".csv", ".md"))


def files_in(folder):
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def test_it_writes_the_configs_and_they_train(installed, tmp_path):
    done = installed("init")
    assert (done.returncode, done.stderr) == (0, "")
    assert files_in(tmp_path) == sorted([*NAMES, *DATA, "rnnlab.schema.json"])
    for name in [*NAMES, *DATA]:
        assert (tmp_path / name).read_bytes() == (CONFIGS / name).read_bytes()
    assert "benchmarks/shampoo.csv" in DATA
    for name in NAMES:
        mine, theirs = load(tmp_path / name), load(CONFIGS / name)
        path = getattr(theirs.data, "path", None)
        if path is not None and not path.startswith("package:"):
            assert Path(mine.data.path) == tmp_path / Path(path).relative_to(CONFIGS)
            mine = load(tmp_path / name, overrides=[f"data.path={path}"])
        assert mine == theirs
    assert "  stock.yaml" in done.stdout
    again = installed("train", "stock.yaml", "--seeds", "1", "--set", "training.epochs=1", "--quiet")
    assert again.returncode == 0


def test_the_first_line_of_each_config_leads_to_the_schema(rnnlab, tmp_path):
    assert rnnlab("init", "mine/configs").returncode == 0
    top = tmp_path / "mine" / "configs"
    for name in NAMES:
        first = (top / name).read_text(encoding="utf-8").splitlines()[0]
        assert ((top / name).parent / first.partition("$schema=")[2]).samefile(top / "rnnlab.schema.json")
    Draft202012Validator.check_schema(json.loads((top / "rnnlab.schema.json").read_text()))


def test_it_overwrites_nothing_and_writes_nothing_then(rnnlab, tmp_path):
    (tmp_path / "remedies").mkdir()
    (tmp_path / "remedies" / "gru.yaml").write_text("mine")
    (tmp_path / "rnnlab.schema.json").symlink_to("nowhere")
    done = rnnlab("init")
    assert (done.returncode, done.stdout) == (2, "")
    assert "it would overwrite remedies/gru.yaml, rnnlab.schema.json." in done.stderr
    assert files_in(tmp_path) == ["remedies/gru.yaml"]
    assert (tmp_path / "remedies" / "gru.yaml").read_text() == "mine"


def test_a_second_time_names_what_is_there(rnnlab):
    assert rnnlab("init", "a").returncode == 0
    done = rnnlab("init", "a")
    assert done.returncode == 2
    assert "gradients.yaml, stock.yaml, " in done.stderr
    assert f" and {len(NAMES) + len(DATA) + 1 - 5} more." in done.stderr


def test_json_lists_what_was_written(rnnlab, tmp_path):
    document = json.loads(rnnlab("init", "a", "--json").stdout)
    assert (document["schema_version"], document["folder"]) == (1, "a")
    assert sorted(document["written"]) == [f"a/{name}" for name in files_in(tmp_path / "a")]


def test_a_file_in_the_place_of_the_folder_is_an_error(rnnlab, tmp_path):
    (tmp_path / "a").write_text("")
    done = rnnlab("init", "a")
    assert done.returncode == 2
    assert "a: must be a folder; this is a file." in done.stderr


@pytest.mark.skipif(os.name != "posix", reason="needs a folder below a file")
def test_a_folder_that_cannot_be_written_ends_with_exit_6_and_leaves_nothing(rnnlab, tmp_path):
    (tmp_path / "file").write_text("")
    done = rnnlab("init", "file/below")
    assert (done.returncode, done.stdout) == (6, "")
    assert "error: cannot write " in done.stderr
    assert files_in(tmp_path) == ["file"]


def test_what_was_written_before_a_failure_is_removed(rnnlab, tmp_path):
    """A file stands where a folder of the configs must be made: the files before it were written by then."""
    (tmp_path / "shapes").write_text("mine")
    done = rnnlab("init")
    assert done.returncode == 6
    assert files_in(tmp_path) == ["shapes"]
    assert [path.name for path in tmp_path.iterdir()] == ["shapes"]


def test_the_schema_is_printed_as_one_document(installed):
    done = installed("schema")
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout) == json_schema()


@pytest.mark.parametrize("columns", [60, 80, 200])
def test_lines_fit_the_terminal(on_terminal, columns):
    code, screen = on_terminal("init", "a", env={"NO_COLOR": "1"}, columns=columns)
    assert "next  rnnlab train a/stock.yaml  train the first of them" in screen
    assert code == 0
    assert max(map(len, screen.splitlines())) <= columns
