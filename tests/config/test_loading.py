"""Files, layers and the command line: what overrides what, and where a problem is said to be."""

import io
import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from rnnlab.config import dump, load
from rnnlab.config.loading import load_with_origins
from rnnlab.config.locations import Origin
from rnnlab.errors import ConfigError

PRICES = "data: {kind: prices, symbol: AAPL}\n"


def read(file, **options) -> Any:
    """The config of a file, whose kinds a test knows."""
    return load(file, **options)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Write files into an empty current folder: `folder(name=text)`."""
    monkeypatch.chdir(tmp_path)

    def write(**files):
        for name, text in files.items():
            Path(f"{name}.yaml").write_text(text, encoding="utf-8")

    return write


def problems(source, **arguments):
    with pytest.raises(ConfigError) as error:
        load(source, **arguments)
    return "\n".join(error.value.problems)


# Files


def test_a_file_that_is_not_there_brings_the_nearest_name(folder):
    folder(stock="", gradients="")
    assert problems("stok.yaml") == "stok.yaml: no such file; did you mean stock.yaml?"
    assert problems("stok") == "stok: no such file; did you mean stock.yaml or the bundled config stock?"
    assert problems("grid.yaml") == (
        "grid.yaml: no such file; the configs in that folder are gradients.yaml, stock.yaml."
    )
    assert problems("zzz.yaml") == (
        "zzz.yaml: no such file; the configs in that folder are gradients.yaml, stock.yaml."
    )


@pytest.mark.usefixtures("folder")
def test_a_file_in_a_folder_that_is_not_there():
    assert problems("nowhere/c.yaml") == "nowhere/c.yaml: no such file: there is no folder nowhere."


@pytest.mark.usefixtures("folder")
def test_a_file_where_there_is_no_config_at_all():
    assert problems("c.yaml") == "c.yaml: no such file; there is no config in that folder."


@pytest.mark.usefixtures("folder")
def test_a_folder():
    os.mkdir("sub")
    Path("sub/a.yaml").write_text(PRICES)
    assert problems("sub") == "sub: a config must be a file; this is a folder; the configs in that folder are a.yaml."


@pytest.mark.usefixtures("folder")
def test_no_path():
    assert problems("") == 'the config must be the path of a YAML file, or - for standard input; got "".'
    assert problems("a\0b") == "a\\x00b: cannot be read: this is no path."


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_may_not_be_read(folder):
    folder(c=PRICES)
    os.chmod("c.yaml", 0)
    assert problems("c.yaml") == "c.yaml: cannot be read: permission denied."


def test_a_file_that_is_too_large(folder):
    folder(c="# " + "x" * 300_000)
    assert problems("c.yaml") == (
        "c.yaml: a config must be at most 256 KiB; this is more. "
        "Put a long text into a file of its own and name it with data.path."
    )


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize("content", [b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", b"a: 1\n\0", b"\xff\xfe\x00"])
def test_a_binary_file(content):
    Path("c.yaml").write_bytes(content)
    assert problems("c.yaml") == "c.yaml: a config must be a text file in UTF-8; this file is binary."


@pytest.mark.usefixtures("folder")
def test_a_file_in_latin_1():
    Path("c.yaml").write_bytes("seeds: 3\nname: caf\u00e9 # x".encode("latin-1"))
    assert problems("c.yaml") == (
        "c.yaml:2:10: a config must be text in UTF-8; the byte 0xe9 is not. Save it as UTF-8.\n"
        "    2 | name: caf\ufffd # x\n"
        "      |          ^"
    )


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize("encoding", ["utf-16", "utf-8-sig"])
def test_a_config_as_windows_editors_save_it(encoding):
    Path("c.yaml").write_bytes((PRICES + "seeds: 0 # \u4e09\n").encode(encoding))
    assert problems("c.yaml").startswith("c.yaml:2:8: seeds must be")
    Path("c.yaml").write_bytes(PRICES.encode(encoding))
    assert read("c.yaml").data.symbol == "AAPL"


@pytest.mark.usefixtures("folder")
def test_a_byte_order_mark_is_read_over():
    Path("c.yaml").write_bytes(b"\xef\xbb\xbf" + PRICES.encode() + b"seeds: 0\n")
    assert problems("c.yaml").startswith("c.yaml:2:8: seeds must be")


@pytest.mark.usefixtures("folder")
def test_standard_input(monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(PRICES.encode() + b"seeds: x\n")))
    assert problems("-").startswith("<stdin>:2:8: seeds must be")
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(PRICES.encode())))
    assert load("-").name == "run"


@pytest.mark.usefixtures("tmp_path")
def test_a_config_from_a_pipe():
    code = "from rnnlab.config import load; print(load('/dev/stdin').data.symbol)"
    done = subprocess.run([sys.executable, "-c", code], input=PRICES, capture_output=True, text=True, check=True)
    assert done.stdout == "AAPL\n"


def test_the_name_comes_from_the_file(folder):
    folder(**{"my run, no. 2": PRICES, "_-": PRICES, "named": PRICES + "name: other\n"})
    assert load("my run, no. 2.yaml").name == "my-run-no.-2"
    assert load("_-.yaml").name == "run"
    folder(**{"про\u0438\u0306ка 2": PRICES})  # й in two characters
    assert load("про\u0438\u0306ка 2.yaml").name == "пройка-2"
    assert load("named.yaml", name="日本-1").name == "日本-1"
    assert load("named.yaml").name == "other"
    assert load("named.yaml", name="third").name == "third"


def test_paths_start_at_the_folder_of_their_file(folder, tmp_path):
    os.mkdir("sub")
    Path("sub/c.yaml").write_text("data: {kind: csv, path: prices.csv}")
    folder(upper="extends: sub/c.yaml\nseeds: 2\n")
    assert read("sub/c.yaml").data.path == str(tmp_path / "sub" / "prices.csv")
    assert read("upper.yaml").data.path == str(tmp_path / "sub" / "prices.csv")
    assert read("sub/c.yaml", overrides=["data.path=x.csv"]).data.path == str(tmp_path / "x.csv")


@pytest.fixture
def moved(tmp_path):
    """A run folder below `new`; its config names data below `old`, which is gone, by their absolute path."""
    run = tmp_path / "new" / "runs" / "run"
    run.mkdir(parents=True)
    old = tmp_path / "old" / "data" / "prices.csv"
    (run / "config.yaml").write_text(f"data: {{kind: csv, path: {old}, sha256: {'a' * 64}}}\n")
    return SimpleNamespace(run=run, old=old, path=lambda: read(run / "config.yaml").data.path)


@pytest.mark.parametrize("place", ["new/data/prices.csv", "new/runs/run/prices.csv", "new/prices.csv"])
def test_data_that_were_moved_with_their_run_are_found(moved, tmp_path, place):
    assert moved.path() == str(moved.old)  # nothing is there: the message names what was written
    (tmp_path / place).parent.mkdir(exist_ok=True)
    (tmp_path / place).touch()
    assert moved.path() == str(tmp_path / place)


def test_data_where_they_were_come_first_and_those_with_more_of_the_path_next(moved, tmp_path):
    (tmp_path / "new" / "prices.csv").touch()
    (tmp_path / "new" / "data").mkdir()
    (tmp_path / "new" / "data" / "prices.csv").touch()
    assert moved.path() == str(tmp_path / "new" / "data" / "prices.csv")
    moved.old.parent.mkdir(parents=True)
    moved.old.touch()
    assert moved.path() == str(moved.old)


def test_without_a_hash_no_other_file_is_taken(moved, tmp_path):
    (tmp_path / "new" / "prices.csv").touch()
    (moved.run / "config.yaml").write_text(f"data: {{kind: csv, path: {moved.old}}}\n")
    assert moved.path() == str(moved.old)


# extends


def test_what_a_file_extends_is_read_first(folder):
    folder(
        base=PRICES + "seeds: 3\ntraining: {optimizer: {kind: sgd, learning_rate: 0.5, momentum: 0.9}, epochs: 7}\n",
        upper="extends: base.yaml\ntraining: {optimizer: {learning_rate: 0.25}}\n",
    )
    config = load("upper.yaml")
    assert (config.name, config.seeds, config.training.epochs) == ("upper", [0, 1, 2], 7)
    assert config.training.optimizer.model_dump() == {
        "kind": "sgd", "learning_rate": 0.25, "momentum": 0.9, "nesterov": False
    }  # fmt: skip


def test_another_kind_replaces_a_section_whole(folder):
    folder(
        base=PRICES + "training: {optimizer: {kind: sgd, learning_rate: 0.5, momentum: 0.9}}\n",
        upper="extends: base.yaml\ntraining: {optimizer: {kind: adam}}\n",
        short="extends: base.yaml\ntraining: {optimizer: adam}\n",
    )
    assert load("upper.yaml").training.optimizer.learning_rate == 0.001
    assert load("short.yaml").training == load("upper.yaml").training


def test_keys_are_merged_into_a_kind_in_short_form(folder):
    folder(
        base=PRICES + "training: {optimizer: adam}\n",
        upper="extends: base.yaml\ntraining: {optimizer: {beta1: 0.5}}\n",
    )
    assert read("upper.yaml").training.optimizer.beta1 == 0.5


@pytest.mark.parametrize(("below", "above"), [("epochs: 7", "updates: 5"), ("updates: 5", "epochs: 7")])
def test_the_upper_file_chooses_between_epochs_and_updates(folder, below, above):
    folder(base=PRICES + f"training: {{{below}}}\n", upper=f"extends: base.yaml\ntraining: {{{above}}}\n")
    key, value = above.split(": ")
    assert load("upper.yaml").training.model_dump(include={"epochs", "updates"}) == {
        "epochs": None, "updates": None, key: int(value)
    }  # fmt: skip
    folder(upper="extends: base.yaml\ntraining: {epochs: 3, updates: 4}\n")
    assert "cannot both be given" in problems("upper.yaml")


def test_a_complete_config_can_be_extended(folder):
    folder(base=PRICES + "training: {updates: 4}\n")
    folder(complete=dump(load("base.yaml")), upper="extends: complete.yaml\ntraining: {epochs: 9}\n")
    assert load("upper.yaml").training.epochs == 9


def test_a_problem_is_shown_in_the_file_that_it_is_in(folder):
    os.mkdir("sub")
    Path("sub/base.yaml").write_text(PRICES + "model: {layers: 0}\n")
    folder(upper="extends: sub/base.yaml\nseeds: 0\n")
    assert problems("upper.yaml") == (
        "upper.yaml:2:8: seeds must be a number of models from 1 to 1000000, or a list of distinct seeds "
        "of at least 0; got 0.\n"
        "    2 | seeds: 0\n"
        "      |        ^\n"
        "sub/base.yaml:2:17: model.layers must be a whole number of at least 1; got 0.\n"
        "    2 | model: {layers: 0}\n"
        "      |                 ^"
    )


def test_a_contradiction_between_two_files_shows_both(folder):
    folder(base=PRICES + "model: {activation: relu}\n", upper="extends: base.yaml\nmodel: {cell: gru}\n")
    assert problems("upper.yaml") == (
        "base.yaml:2:9: model.activation must be tanh with cell: gru, whose activations are fixed; got relu. "
        "Drop it, or use cell: rnn.\n"
        "    2 | model: {activation: relu}\n"
        "      |         ^^^^^^^^^^\n"
        "    in upper.yaml:\n"
        "    2 | model: {cell: gru}\n"
        "      |         ^^^^"
    )


def test_extends_in_a_circle(folder):
    folder(a="extends: b.yaml\n", b="extends: ./a.yaml\n" + PRICES)
    assert problems("a.yaml") == (
        "b.yaml:1:10: extends must not lead back to where it began: a.yaml -> b.yaml -> a.yaml.\n"
        "    1 | extends: ./a.yaml\n"
        "      |          ^^^^^^^^"
    )


def test_extends_what_is_not_there(folder):
    folder(a=PRICES + "extends: base.yml\n", base=PRICES)
    assert problems("a.yaml") == (
        "a.yaml:2:10: extends: base.yml: no such file; did you mean base.yaml?\n"
        "    2 | extends: base.yml\n"
        "      |          ^^^^^^^^"
    )


@pytest.mark.parametrize(("value", "shown"), [("[a, b]", '["a", "b"]'), ("3", "3"), ("", "nothing")])
def test_extends_no_path(folder, value, shown):
    folder(a=f"extends: {value}\n" + PRICES)
    assert f"extends must be the path of another config; got {shown}." in problems("a.yaml")


# The command line


def test_arguments_win_over_files_and_later_ones_over_earlier_ones(folder):
    folder(a=PRICES + "training: {updates: 3, optimizer: {kind: sgd, momentum: 0.9}}\nseeds: 4\n")
    config = read(
        "a.yaml",
        overrides=[
            "model.layers=2",
            "model.layers=3",
            "training.epochs=5",
            "training.optimizer.learning_rate=1e-2",
        ],
        seeds="7,9",
        name="007",
    )
    assert (config.model.layers, config.training.epochs, config.training.updates) == (3, 5, None)
    assert (config.training.optimizer.learning_rate, config.training.optimizer.momentum) == (0.01, 0.9)
    assert (config.seeds, config.name) == ([7, 9], "007")


@pytest.mark.parametrize(
    ("seeds", "expected"),
    [
        ("3", [0, 1, 2]),
        (3, [0, 1, 2]),
        ("5,3", [5, 3]),
        ("[5, 3]", [5, 3]),
        ("7,", [7]),
        ("[7]", [7]),
        (" 2 ", [0, 1]),
    ],
)
def test_seeds_are_a_number_or_a_list(folder, seeds, expected):
    folder(a=PRICES)
    assert load("a.yaml", seeds=seeds).seeds == expected


@pytest.mark.parametrize(
    ("assignment", "key", "value"),
    [
        ("training.optimizer=adam", "training.optimizer.kind", "adam"),
        ("training.optimizer={kind: rmsprop, decay: 0.5}", "training.optimizer.decay", 0.5),
        ("training.clip.threshold=2", "training.clip.threshold", 2.0),
        ("model.init.W_hh.gain=0.5", "model.init.W_hh.gain", 0.5),
        ("data.length.1=40", "data.length", (20, 40)),
        ("model.hidden_size=0x10", "model.hidden_size", 16),
        ("data.seed=", "data.seed", None),
        (" model.layers = 2", "model.layers", 2),
    ],
)
def test_a_value_is_set_wherever_it_lies(folder, assignment, key, value):
    folder(
        a="data: {kind: synthetic, task: echo, length: [20, 30]}\nmodel: {init: {W_hh: orthogonal}}\n"
        "training: {clip: norm}\n"
    )
    if value is None:
        assert problems("a.yaml", overrides=[assignment]).startswith(
            f"--set {assignment}: {key} must be a whole number of at least 0; got nothing."
        )
        return
    found = load("a.yaml", overrides=[assignment])
    for part in key.split("."):
        found = getattr(found, part)
    assert found == value


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (
            {"overrides": ["model.hidden_size=0"]},
            "--set model.hidden_size=0: model.hidden_size must be a whole number of at least 1; got 0.\n"
            "      | --set model.hidden_size=0\n"
            "      |                         ^",
        ),
        (
            {"overrides": ["model.hiden_size=3"]},
            "--set model.hiden_size=3: model.hiden_size: no such key; did you mean hidden_size?\n"
            "      | --set model.hiden_size=3\n"
            "      |       ^^^^^^^^^^^^^^^^",
        ),
        (
            {"overrides": ["model.layers"]},
            "--set model.layers: must have the form KEY=VALUE, such as --set model.hidden_size=32; "
            'got "model.layers".\n'
            "      | --set model.layers\n"
            "      |       ^^^^^^^^^^^^",
        ),
        (
            {"overrides": ["model..layers=2"]},
            "--set model..layers=2: must have the form KEY=VALUE, such as --set model.hidden_size=32; "
            'got "model..layers=2".\n'
            "      | --set model..layers=2\n"
            "      |       ^^^^^^^^^^^^^",
        ),
        (
            {"overrides": ["training.optimizer={kind: adam"]},
            "--set training.optimizer={kind: adam: a ',' or the closing '}' is missing here.\n"
            "      | --set training.optimizer={kind: adam\n"
            "      |                          ^ opened here\n"
            "      |                                     ^",
        ),
        (
            {"overrides": ["seeds.0.x=3"]},
            "--set seeds.0.x=3: seeds.0.x: seeds is 4, in which there is no 0.\n"
            "      | --set seeds.0.x=3\n"
            "      |       ^^^^^^^^^\n"
            "    in a.yaml:\n"
            "    2 | seeds: 4\n"
            "      | ^^^^^ here",
        ),
        (
            {"overrides": ["training.optimizer.momentum=0.9"]},
            "--set training.optimizer.momentum=0.9: training.optimizer.momentum: no such key for kind: adam; "
            "it belongs to sgd.\n"
            "      | --set training.optimizer.momentum=0.9\n"
            "      |       ^^^^^^^^^^^^^^^^^^^^^^^^^^^",
        ),
        (
            {"overrides": ["training.stateful=true"]},
            "--set training.stateful=true: training.stateful needs sequences that continue each other, "
            "which only data of kind text has; got kind: prices.\n"
            "      | --set training.stateful=true\n"
            "      |       ^^^^^^^^^^^^^^^^^\n"
            "    in a.yaml:\n"
            "    1 | data: {kind: prices, symbol: AAPL}\n"
            "      |        ^^^^",
        ),
        (
            {"overrides": ["日本.x=3"]},
            "--set 日本.x=3: 日本: no such key. "
            "The keys of a config are name, seeds, data, model, training, evaluation.\n"
            "      | --set 日本.x=3\n"
            "      |       ^^^^^^",
        ),
        (
            {"seeds": "1,x"},
            "--seeds 1,x: seeds must be a number of models from 1 to 1000000, or a list of distinct seeds "
            'of at least 0; got [1, "x"].\n'
            "      | --seeds 1,x\n"
            "      |         ^^^",
        ),
        (
            {"seeds": ""},
            '--seeds "": seeds must be a number of models from 1 to 1000000, or a list of distinct seeds '
            "of at least 0; got nothing.\n"
            '      | --seeds ""\n'
            "      |         ^",
        ),
        (
            {"name": "../up"},
            "--name ../up: name must be 1 to 64 letters, digits and . _ -, with a letter or digit first; "
            'got "../up".\n'
            "      | --name ../up\n"
            "      |        ^^^^^",
        ),
    ],
)
def test_a_problem_in_an_argument_is_shown_in_the_argument(folder, arguments, expected):
    folder(a=PRICES + "seeds: 4\ntraining: {optimizer: adam}\n")
    assert problems("a.yaml", **arguments) == expected


def test_problems_of_file_and_arguments_come_together(folder):
    folder(a=PRICES + "model: {layers: 0}\n")
    shown = problems("a.yaml", overrides=["training.l2=-1", "nothing"], seeds="0", name="/")
    heads = [line.split(": ")[0] for line in shown.split("\n") if not line.startswith(" ")]
    assert heads[0] == "a.yaml:2:17"
    assert sorted(heads[1:]) == ["--name /", "--seeds 0", "--set nothing", "--set training.l2=-1"]


def test_origins_name_file_and_line_or_the_argument(folder):
    folder(base=PRICES + "model: {layers: 2}\n", upper="extends: base.yaml\nseeds: 3\n")
    config, found = load_with_origins("upper.yaml", overrides=["model.cell=gru"])
    assert config == load("upper.yaml", overrides=["model.cell=gru"])
    assert found["model.layers"] == Origin("extended", "base.yaml:2")
    assert found["seeds"] == Origin("file", "upper.yaml:2")
    assert found["model.cell"] == Origin("argument", "--set model.cell=gru")
    assert {"training", "name"}.isdisjoint(found)


def test_a_key_with_very_many_parts_is_refused():
    with pytest.raises(ConfigError, match="nested more than 40 levels deep"):
        load("configs/stock.yaml", overrides=[".".join("a" * 510) + "=1"])


def test_latest_is_no_name(tmp_path):
    file = tmp_path / "latest.yaml"
    file.write_text("data: {kind: prices, symbol: AAPL}\n")
    assert load(file).name == "run"
    with pytest.raises(ConfigError, match="name must be a word other than latest, which stands for the newest run"):
        load(file, name="latest")
    file.write_text("name: latest\ndata: {kind: prices, symbol: AAPL}\n")
    with pytest.raises(ConfigError, match="name must be a word other than latest"):
        load(file)
