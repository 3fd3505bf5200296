"""Whatever is fed to `load`, it gives a config or a ConfigError: nothing else ever comes out."""

import json
import re
from pathlib import Path

import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rnnlab.config import Config, dump, load
from rnnlab.errors import ConfigError

CONFIGS = Path(__file__).parents[2] / "configs"
STOCK = (CONFIGS / "stock.yaml").read_text(encoding="utf-8")
QUICK = settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])

fragments = st.sampled_from(
    ["\t", ":", ": ", "- ", "{", "}", "[", "]", "&a ", "*a", "!!int ", "!x ", "|", ">", "'", '"', "#", "---",
     "...", "<<: ", "%", "@", "? ", "\\ud800", "\0", "\x85", "\u2028", "\ufeff", "\r", "é", "日", "0x",
     "1e999", ".nan", "kind: ", "null", "~", "2" * 30]
)  # fmt: skip


@QUICK
@given(text=st.text(max_size=80) | st.lists(fragments, max_size=12).map("".join), raw=st.binary(max_size=40))
def test_random_text_and_bytes_give_a_config_error(tmp_path, text, raw):
    file = tmp_path / "c.yaml"
    for content in (text.encode("utf-8", "surrogatepass"), raw, raw + text.encode("utf-8", "ignore")):
        file.write_bytes(content)
        _only_config_errors(file)


@QUICK
@given(data=st.data())
def test_a_mutated_config_gives_a_config_or_a_config_error(tmp_path, data):
    text = STOCK
    for _ in range(data.draw(st.integers(1, 4))):
        start = data.draw(st.integers(0, len(text)))
        end = min(len(text), start + data.draw(st.integers(0, 12)))
        text = text[:start] + data.draw(fragments | st.text(max_size=4)) + text[end:]
    file = tmp_path / "c.yaml"
    file.write_text(text.encode("utf-8", "replace").decode(), encoding="utf-8")
    _only_config_errors(file)


scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.sampled_from(
    ["adam", "sgd", "order", "text", "prices", "csv", "synthetic", "full", "normal", "chrono", "none"]
)  # fmt: skip
names = st.sampled_from(
    ["name", "seeds", "data", "model", "training", "kind", "task", "symbol", "path", "text", "length", "init",
     "W_hh", "rho", "forget_bias", "optimizer", "clip", "loss", "omega", "schedule", "batch_size", "epochs",
     "extends", "start"]
)  # fmt: skip
trees = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names | st.text(max_size=3), inner, max_size=5),
    max_leaves=20,
)


@QUICK
@given(tree=st.dictionaries(names, trees, max_size=5))
def test_any_tree_of_values_gives_a_config_or_a_config_error(tmp_path, tree):
    file = tmp_path / "c.yaml"
    file.write_text(json.dumps(tree), encoding="utf-8")
    _only_config_errors(file)
    file.write_text(yaml.safe_dump(tree, allow_unicode=True), encoding="utf-8", errors="replace")
    _only_config_errors(file)


keys = st.lists(names | st.text(max_size=3), max_size=4).map(".".join)


@QUICK
@given(
    assignments=st.lists(st.builds("{}={}".format, keys, trees.map(json.dumps) | st.text(max_size=6)), max_size=3),
    seeds=st.none() | st.text(max_size=6) | st.lists(st.integers(-2, 9), max_size=3).map(lambda s: str(s)[1:-1]),
    name=st.none() | st.text(max_size=6),
)
def test_any_argument_gives_a_config_or_a_config_error(assignments, seeds, name):
    try:
        load(CONFIGS / "stock.yaml", overrides=assignments, seeds=seeds, name=name)
    except ConfigError as error:
        _check(error)


def _only_config_errors(file):
    try:
        config = load(file)
    except ConfigError as error:
        _check(error)
    else:
        assert isinstance(config, Config)
        again = file.with_name("again.yaml")
        again.write_text(dump(config), encoding="utf-8")
        assert load(again) == config


def _check(error):
    """The problems are short, printable and free of the machinery's own words."""
    assert error.problems
    for problem in error.problems:
        sentence, *excerpt = problem.split("\n")
        assert len(sentence) < 700
        assert all(re.match(r" *[0-9]* \||    (in|with) .*:$", line) for line in excerpt), excerpt
        assert not any(ord(character) < 32 or ord(character) == 127 for character in problem.replace("\n", ""))
        assert not any(word in sentence for word in ("pydantic", "Traceback", "Input should", "validation error"))
