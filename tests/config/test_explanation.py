"""What `explain` answers: every key is found by its path and its end, and its value says where it comes from."""

import subprocess
import sys
from pathlib import Path

import pytest

from rnnlab.config import load
from rnnlab.config.explanation import explain
from rnnlab.config.schema_index import every_key
from rnnlab.config.synonyms import SYNONYMS
from rnnlab.errors import ConfigError, UsageError

KEYS = sorted({".".join(entry.path) for _, entry in every_key()})


def one(word, *arguments, **options):
    (key,) = explain(word, *arguments, **options).matches
    return key


def names(keys):
    return [key.name for key in keys]


def test_every_key_is_found_by_its_path_and_says_all_that_the_schema_does():
    assert len(KEYS) > 150
    for name in KEYS:
        key = one(name)
        assert key.name == name
        for facts in (key.meaning, key.must, key.default):
            assert facts, name
            assert all(text for text, _ in facts), name


def test_every_key_is_found_by_its_end():
    for name in KEYS:
        found = names(explain(name.rpartition(".")[2]).matches)
        general = name.replace(".".join(name.split(".")[:3]), "model.init.*") if name.count(".") == 3 else name
        general = name if name.startswith("model.init.forget_bias") else general
        assert {name, general} & set(found), name


def test_a_key_tells_range_unit_and_default():
    key = one("training.epochs")
    assert key.must == (("a whole number of at least 1, or null", ()),)
    assert key.default == (("300, unless updates is given or sequences are endless", ()),)
    assert (key.unit, key.kinds, key.origin) == ("epochs", (), None)


def test_what_differs_by_kind_is_told_by_kind():
    key = one("learning_rate")
    assert key.name == "training.optimizer.learning_rate"
    assert key.default == (("0.01", ("sgd", "adagrad")), ("0.001", ("rmsprop", "adam", "adamw")))
    assert one("threshold").kinds == ("norm", "per_parameter", "value")


@pytest.mark.parametrize(
    ("word", "name"),
    [
        ("training.carry_state", "training.stateful"),
        ("truncate", "training.tbptt_steps"),
        ("lr", "training.optimizer.learning_rate"),
        ("training.lr", "training.optimizer.learning_rate"),
        ("--hidden-dim", "model.hidden_size"),
        ("Hidden_Size", "model.hidden_size"),
        ("clip.threshold", "training.clip.threshold"),
        ("init.W_hh.rho", "model.init.W_hh.rho"),
        ("W_hh.rho", "model.init.W_hh.rho"),
        ("relu", "model.activation"),
        ("log_return", "data.target"),
        ("full", "training.batch_size"),
        ("extends", "extends"),
    ],
)
def test_a_word_leads_to_its_key(word, name):
    assert one(word).name == name


@pytest.mark.parametrize("word", [word for word in SYNONYMS if len(word) > 2])
def test_every_word_of_other_tools_leads_somewhere(word):
    assert explain(word).matches


def test_a_word_that_may_mean_several_things_brings_all_of_them():
    assert names(explain("text").matches) == ["data.text", "data.kind=text"]
    assert names(explain("rho").matches) == ["model.init.*.rho"]
    assert len(explain("kind").matches) > 5
    assert explain("kind").inside == ()


def test_a_section_brings_its_keys_and_its_kinds():
    found = explain("training.clip")
    assert [word for word, _ in found.matches[0].choices] == ["none", "norm", "per_parameter", "value"]
    assert names(found.inside) == ["training.clip.threshold"]
    assert len(explain("training").inside) > 10


@pytest.mark.parametrize("word", ["adam", "training.optimizer=adam", "optimizer=adam", "training.optimizer.kind=adam"])
def test_a_kind_brings_its_own_keys_and_defaults(word):
    found = explain(word)
    assert (found.kind, names(found.matches)) == ("adam", ["training.optimizer=adam"])
    ends = [key.name.rpartition(".")[2] for key in found.inside]
    assert ends == ["learning_rate", "beta1", "beta2", "epsilon"]
    assert found.inside[0].default == (("0.001", ()),)


@pytest.mark.parametrize("word", ["prices", "csv", "order", "logistic_map", "data=adding", "data.task=echo"])
def test_the_example_of_a_kind_of_data_loads(word, tmp_path):
    (tmp_path / "c.yaml").write_text(one(word).example + "\n")
    assert load(tmp_path / "c.yaml").data.task_name == word.rpartition("=")[2]


def test_the_example_of_a_key_is_one_that_it_can_have():
    """Where it does not suit the other keys of this config, the error is about that and not about the value."""
    tried = 0
    for name in KEYS:
        example = one(name).example
        if not example.startswith("--set ") or name.startswith(("data.", "model.init.")):
            continue
        tried += 1
        problems = problems_of("stock", example.removeprefix("--set "))
        assert not [problem for problem in problems if f"{name} must be" in problem]
    assert tried > 20


@pytest.mark.parametrize("word", ["data.kind=synthetic", "data=synthetic"])
def test_a_kind_that_has_tasks_may_mean_any_of_them(word):
    names = [one.name for one in explain(word).matches]
    assert {"data.task=adding", "data.task=echo"} < set(names)
    assert all(name.startswith("data.task=") for name in names)


def problems_of(source, setting):
    try:
        load(source, overrides=[setting])
    except ConfigError as error:
        return error.problems
    return ()


@pytest.mark.parametrize(
    ("word", "message"),
    [
        ("model.hiden_size", "model.hiden_size: no such key; did you mean model.hidden_size?"),
        ("hiden_size", "hiden_size: no such key; did you mean model.hidden_size?"),
        ("qqqq", "qqqq: no such key."),
        ("", ": no such key."),
        ("training.optimizer=adm", "training.optimizer=adm: no such kind; did you mean adam?"),
        ("seeds=3", "seeds=3: seeds has no kinds."),
        ("qqqq=3", "qqqq=3: no such key."),
    ],
)
def test_a_key_that_there_is_not_brings_the_nearest(word, message):
    with pytest.raises(UsageError) as error:
        explain(word)
    assert error.value.message == message
    assert error.value.hint


# In a config


@pytest.fixture
def upper(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("base.yaml").write_text(
        "data: {kind: prices, symbol: AAPL}\ntraining:\n  optimizer: sgd\n  clip: {threshold: 2}\n"
    )
    Path("upper.yaml").write_text("extends: base.yaml\nmodel:\n  cell: lstm\n  init: {forget_bias: 2}\n")
    return "upper.yaml"


@pytest.mark.parametrize(
    ("word", "value", "kind", "where"),
    [
        ("model.cell.kind", "lstm", "file", "upper.yaml:3"),
        ("forget_bias.value", 2.0, "file", "upper.yaml:4"),
        ("forget_bias.kind", "constant", "file", "upper.yaml:4"),
        ("training.optimizer.kind", "sgd", "extended", "base.yaml:3"),
        ("threshold", 2.0, "extended", "base.yaml:4"),
        ("training.clip.kind", "norm", "default", "norm"),
        ("hidden_size", 8, "argument", "--set model.hidden_size=8"),
        ("learning_rate", 0.01, "default", ""),
        ("momentum", 0.0, "default", "0.0"),
        ("batch_size", "full", "default", "full for series, 32 for others, 1 with stateful"),
        ("name", "upper", "default", "the config file's name"),
        ("beta1", None, "unused", "training.optimizer is sgd"),
        ("data.chunk", None, "unused", "data is prices"),
        ("omega.alpha", None, "unused", "training.omega is null"),
    ],
)
def test_a_value_says_where_it_comes_from(upper, word, value, kind, where):
    key = one(word, upper, overrides=["model.hidden_size=8"])
    assert (key.value, key.origin.kind, key.origin.where) == (value, kind, where)


def test_the_keys_of_a_section_have_their_values(upper):
    found = explain("model", upper)
    assert found.config == "upper.yaml"
    values = {key.name: key.value for key in found.inside}
    assert (values["model.hidden_size"], values["model.cell"]) == (32, {"kind": "lstm"})


def test_every_key_can_be_asked_of_a_config(upper):
    origins = {one(name, upper).origin.kind for name in KEYS}
    assert origins == {"file", "extended", "default", "unused"}


def test_a_config_that_is_wrong_is_an_error(upper):
    with pytest.raises(ConfigError, match=r"model\.layers must be a whole number"):
        explain("layers", upper, overrides=["model.layers=0"])


def test_explaining_a_key_imports_neither_numpy_nor_a_reader_of_yaml():
    code = (
        "import sys, rnnlab\n"
        "rnnlab.explain('threshold')\n"
        "assert not {'numpy', 'pandas', 'matplotlib', 'requests', 'yaml'} & set(sys.modules)\n"
        "rnnlab.explain('threshold', 'stock')\n"
        "assert not {'numpy', 'pandas', 'matplotlib', 'requests'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
