"""Configs from Python are those of the command line."""

from pathlib import Path

import numpy as np
import pytest

import rnnlab
from rnnlab import config
from rnnlab.api.facts import namesake
from rnnlab.config import starters
from rnnlab.errors import ConfigError, OutputError, UsageError

pytestmark = pytest.mark.usefixtures("folder")


def test_overrides_are_those_of_set():
    given = {
        "model.cell": "lstm",
        "training.epochs": 7,
        "model.init.W_hh": {"kind": "normal", "rho": 0.5},
        "name": "a b",
    }
    typed = ["model.cell=lstm", "training.epochs=7", "model.init.W_hh={kind: normal, rho: 0.5}"]
    assert rnnlab.load("small.yaml", typed) == config.load("small.yaml", overrides=typed)
    with pytest.raises(ConfigError, match="name"):
        rnnlab.load("small.yaml", given)
    given["name"] = "other"
    read = rnnlab.load("small.yaml", given)
    assert (read.name, read.model.cell.kind, read.training.epochs, read.model.init.W_hh.model_dump()["rho"]) == (
        "other",
        "lstm",
        7,
        0.5,
    )


def test_a_key_is_taken_out_by_none_and_a_text_stays_a_text():
    assert rnnlab.load("small.yaml", {"training.epochs": None}) == config.load(
        "small.yaml", overrides=["training.epochs=null"]
    )
    assert rnnlab.load("small.yaml", {"data.value_column": "1e3"}).data.value_column == "1e3"


@pytest.mark.parametrize("value", [float("inf"), float("nan")])
def test_a_number_that_is_not_finite_is_refused(value):
    with pytest.raises(ConfigError, match=r"training\.l2"):
        rnnlab.load("small.yaml", {"training.l2": value})


def test_an_override_alone_is_that_override():
    assert rnnlab.load("small.yaml", "model.cell=lstm").model.cell.kind == "lstm"


@pytest.mark.parametrize(
    ("seeds", "read"),
    [
        (3, [0, 1, 2]), ([7], [7]), ((4, 2), [4, 2]), ("5,6", [5, 6]), (range(2), [0, 1]), (np.int64(2), [0, 1]),
        (np.array([9, 3]), [9, 3]),
    ],
)  # fmt: skip
def test_seeds(folder, seeds, read):
    assert rnnlab.load(folder / "small.yaml", seeds=seeds).seeds == read


def test_a_value_that_yaml_cannot_hold_is_named():
    with pytest.raises(ConfigError, match=r"model\.cell"):
        rnnlab.load("small.yaml", {"model.cell": object()})


def test_a_mapping_is_a_config():
    given = {"data": {"kind": "csv", "path": "series.csv", "lookback": 4}, "model": {"hidden_size": 3}, "seeds": 2}
    read = rnnlab.load(given, {"model.cell": "gru"})
    assert (read.name, read.seeds, read.model.cell.kind, read.data.lookback) == ("config", [0, 1], "gru", 4)
    assert read.data.path.startswith("/")
    assert rnnlab.train(given, progress=False).status == "completed"
    with pytest.raises(ConfigError, match=r"<config>:\d+:\d+: model\.hiden_size: no such key; did you mean"):
        rnnlab.load(given | {"model": {"hiden_size": 3}})
    assert rnnlab.load({"extends": "small.yaml"}).model.hidden_size == 3
    with pytest.raises(ConfigError, match="config must be a number"):
        rnnlab.load({"data": object()})
    with pytest.raises(ConfigError, match=r"^<config>: data is missing"):
        rnnlab.load({})


def test_a_mapping_may_hold_any_text_and_extend_any_file(folder):
    text = {"data": {"kind": "text", "text": "a😀b é\u2028\x7f" * 20, "chunk": 5}}
    assert rnnlab.load(text).data.text == text["data"]["text"]
    (folder / "config").write_text("extends: small.yaml\nseeds: 4\n")
    assert rnnlab.load({"extends": "config"}).seeds == [0, 1, 2, 3]


@pytest.mark.skipif(not Path("/proc/self/mem").exists(), reason="there is no file here that nobody can read")
def test_a_file_beside_a_bundled_config_that_cannot_be_read_is_not_the_same(folder):
    (folder / "stock.yaml").symlink_to("/proc/self/mem")
    assert "the file stock.yaml differs and is not read" in (namesake("stock") or "")


def test_a_folder_that_cannot_be_is_an_error_in_one_sentence(tmp_path):
    (tmp_path / "nowhere").symlink_to(tmp_path / "gone")
    for name, said in (("a" * 300, "cannot write"), ("a\0b", "null byte"), ("nowhere", "a link that leads nowhere")):
        with pytest.raises((UsageError, OutputError), match=said):
            rnnlab.init(tmp_path / name)
    assert not (tmp_path / "gone").exists()


def test_an_interrupt_while_a_starter_is_made_leaves_nothing(tmp_path, monkeypatch):
    made = []

    def interrupted(path, mode):
        made.append(open(path, mode))  # noqa: SIM115 - closed below
        if len(made) == 3:
            raise KeyboardInterrupt
        return made[-1]

    monkeypatch.setattr(starters, "open", interrupted, raising=False)
    with pytest.raises(KeyboardInterrupt):
        rnnlab.init(tmp_path / "new")
    for file in made:
        file.close()
    assert len(made) == 3
    assert not (tmp_path / "new").exists()


def test_a_large_or_unreadable_namesake_of_a_bundled_config_is_told_of(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with open("stock.yaml", "wb") as file:
        file.truncate(2**40)  # a file with a hole
    assert "stock.yaml differs" in (namesake("stock") or "")
