"""The configs of the package are found by their names, from anywhere, and stand behind files."""

import io
import os
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from rnnlab.config import bundled, load
from rnnlab.config.loading import extended_by, load_with_origins
from rnnlab.errors import ConfigError

CONFIGS = Path(__file__).parents[2] / "configs"
NAMES = [path.relative_to(CONFIGS).with_suffix("").as_posix() for path in CONFIGS.rglob("*.yaml")]
CSV = "data: {kind: csv, path: series.csv}\n"


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def problems(source, **arguments):
    with pytest.raises(ConfigError) as error:
        load(source, **arguments)
    return "\n".join(error.value.problems)


def test_all_configs_of_the_checkout_are_bundled():
    assert sorted(bundled.configs()) == sorted(NAMES)
    assert len(NAMES) > 10


@pytest.mark.parametrize("name", NAMES)
def test_a_name_and_its_last_part_mean_the_file(name):
    there = load(CONFIGS / f"{name}.yaml")
    assert load(name) == there
    last = name.rpartition("/")[2]
    if [one.rpartition("/")[2] for one in NAMES].count(last) == 1:
        assert load(last) == there


def test_a_last_part_that_two_configs_share_means_neither(monkeypatch):
    both = {name: bundled.Bundled(name, Path(name)) for name in ("a/one", "b/one", "b/two")}
    monkeypatch.setattr(bundled, "configs", lambda: both)
    assert bundled.find("one") is None
    assert bundled.find("two") is both["b/two"]
    assert bundled.find("a/one") is both["a/one"]
    assert bundled.words() == ["a/one", "b/one", "b/two", "two"]


def test_a_last_part_that_two_configs_share_brings_both():
    assert problems("gru") == "gru: no such file, and 2 bundled configs end so: remedies/gru or stock/gru. Write one."


def test_a_pattern_means_the_configs_that_match_it():
    assert [one.name for one in bundled.matching("stock/adam*")] == ["stock/adam", "stock/adam_cosine"]
    assert {one.name for one in bundled.matching("stock/*")} == {name for name in NAMES if name.startswith("stock/")}
    assert bundled.matching("[sg]*k") == [bundled.find("stock")]
    assert bundled.matching("stock") == bundled.matching("none/*") == []


def test_the_config_that_another_extends_is_found():
    assert extended_by("stock/lstm") == bundled.find("stock")
    assert extended_by("clipping") == bundled.find("gradients")
    assert extended_by("stock") is None
    Path("mine.yaml").write_text("extends: stock/lstm\n")
    assert extended_by("mine.yaml") == bundled.find("stock/lstm")
    assert extended_by("nowhere.yaml") is None


def test_a_file_comes_before_a_bundled_config_and_a_folder_does_not():
    os.mkdir("stock")
    assert load("stock").name == "stock"
    Path("gradients").write_text("name: mine\ndata: {kind: prices, symbol: GOOG}\n")
    assert load("gradients").name == "mine"


def test_standard_input_comes_first(monkeypatch):
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(b"name: piped\nextends: stock\n")))
    assert load("-").name == "piped"


def test_a_config_may_extend_a_bundled_one_and_a_file_comes_first():
    Path("mine.yaml").write_text("extends: clipping\nseeds: 3\n")
    assert load("mine.yaml").training.clip.kind == "norm"
    _, origins = load_with_origins("mine.yaml")
    assert origins["seeds"].where == "mine.yaml:2"
    assert origins["training.clip.threshold"].where.startswith("remedies/clipping (bundled):")
    assert origins["training.updates"].where.startswith("gradients (bundled):")
    Path("clipping").write_text("data: {kind: prices, symbol: GOOG}\n")
    assert load("mine.yaml").training.clip.kind == "none"


def test_a_bundled_config_extends_its_neighbour_whatever_is_here():
    Path("gradients").write_text("nonsense")
    Path("gradients.yaml").write_text("nonsense")
    assert load("clipping") == load(CONFIGS / "remedies" / "clipping.yaml")


def test_problems_name_a_bundled_config_and_the_line():
    first, *excerpt = problems("clipping", overrides=["model.cell=gru"]).splitlines()
    lines = (CONFIGS / "gradients.yaml").read_text(encoding="utf-8").splitlines()
    number = next(number for number, line in enumerate(lines, 1) if "activation:" in line)
    assert first.startswith(f"gradients (bundled):{number}:3: model.activation must be tanh with cell: gru")
    assert "  activation: relu" in excerpt[0]


@pytest.mark.parametrize(
    ("word", "advice"),
    [
        ("stok", "; did you mean the bundled config stock?"),
        ("clippng", "; did you mean the bundled config clipping?"),
        ("stock.yaml", "; did you mean the bundled config stock?"),
        ("configs/stock.yaml", ": there is no folder configs; did you mean the bundled config stock?"),
        (
            "configs/remedies/gru.yaml",
            ": there is no folder configs/remedies; did you mean the bundled config remedies/gru?",
        ),
    ],
)
def test_a_word_that_is_near_brings_the_bundled_config(word, advice):
    assert problems(word) == f"{word}: no such file{advice}"


def test_a_word_that_is_near_to_nothing_brings_all_and_a_group_its_own():
    assert problems("xyz") == f"xyz: no such file; the bundled configs are {', '.join(bundled.configs())}."
    Path("a.yaml").write_text(CSV)
    assert problems("xyz").startswith(
        "xyz: no such file; the configs in that folder are a.yaml, and the bundled configs"
    )
    shapes = [name for name in bundled.configs() if name.startswith("shapes/")]
    assert problems("shapes") == (f"shapes: no such file; the bundled configs of that group are {', '.join(shapes)}.")


def test_a_run_is_named_after_a_bundled_config_without_a_name():
    assert load("shapes/many_to_one").name == "many_to_one"
    assert load("many_to_one").name == "many_to_one"
