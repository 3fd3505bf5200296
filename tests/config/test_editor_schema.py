"""The JSON Schema agrees with `load`: it accepts what that accepts, and refuses what is wrong with a config's shape."""

import copy
import json
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from pydantic import ValidationError

from rnnlab.config import dump, json_schema, load
from rnnlab.config.locations import SourceText
from rnnlab.config.reader import read
from rnnlab.config.schema.experiment import Config
from rnnlab.config.schema_index import every_key
from rnnlab.config.sources import lines_of

ROOT = Path(__file__).parents[2]
FILES = sorted((ROOT / "configs").rglob("*.yaml"))
DOCUMENTS = [ROOT / "README.md", *sorted((ROOT / "rnnlab" / "manual").glob("*.md"))]
EXAMPLES = [
    text
    for file in DOCUMENTS
    for text in re.findall(r"^```yaml\n(.*?)^```$", file.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
]
SCHEMA = json_schema()
VALIDATOR = Draft202012Validator(SCHEMA)
# What only `load` can say, by the words of its sentence: that needs more than one value to be looked at.
BEYOND = ("more than once", "in this order", "in the calendar", "1 to 64 letters")


def tree_of(text) -> Any:
    tree = read(text, SourceText("c.yaml", lines_of(text), Path())).tree
    return tree and tree.plain()


def structural_faults(values) -> list[str]:
    """What `load` finds wrong with the shape of a config that extends nothing."""
    try:
        Config.model_validate(values)
    except ValidationError as error:
        items = error.errors(include_url=False)
        return [
            f"{item['loc']}: {item['type']}"
            for item in items
            if item["type"] != "conflicts" and not any(word in str(item.get("ctx", "")) for word in BEYOND)
        ]
    return []


def accepted(values) -> bool:
    try:
        Config.model_validate(values)
    except ValidationError:
        return False
    return True


def agree(values) -> None:
    faults = [error.message[:200] for error in VALIDATOR.iter_errors(values)]
    if accepted(values):
        assert faults == []
    elif found := structural_faults(values):
        assert faults, found


def test_it_is_a_schema_and_says_something_of_every_key():
    Draft202012Validator.check_schema(SCHEMA)
    text = json.dumps(SCHEMA)
    assert not any(f'"{word}":' in text for word in ("must", "shown_default", "discriminator"))
    described = re.findall(r'"description": "([^"]*)"', text.replace('\\"', "'"))
    for _, entry in every_key():
        assert (entry.field.description or "").replace('"', "'") in described, entry.path


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_every_shipped_config_is_valid_as_it_stands_and_written_out(file):
    assert list(VALIDATOR.iter_errors(tree_of(file.read_text(encoding="utf-8")))) == []
    whole = tree_of(dump(load(file)))
    assert list(VALIDATOR.iter_errors(whole)) == []
    agree(whole)


@pytest.mark.parametrize("text", EXAMPLES)
def test_every_example_of_the_manual_is_valid(text):
    assert list(VALIDATOR.iter_errors(tree_of(text))) == []


def test_there_are_examples():
    assert EXAMPLES


PRICES = {"kind": "prices", "symbol": "AAPL"}


@pytest.mark.parametrize(
    "section",
    [
        {"training": {"optimizer": "adam"}},
        {"training": {"optimizer": {"learning_rate": 0.1}}},
        {"training": {"clip": {"threshold": 3}, "loss": None, "omega": {"alpha": 1}}},
        {"training": {"truncate": 3}},
        {"training": {"schedule": {"warmup": 3}}},
        {
            "model": {
                "cell": "lstm",
                "init": {"forget_bias": 1, "W_hh": "zeros", "b_h": {"kind": "constant", "value": 1}},
            }
        },
        {"seeds": [3, 4]},
        {"data": {"kind": "synthetic", "task": "order", "length": [5, 9], "sequences": "endless"}},
        {"data": {"kind": "csv", "path": "a.csv", "start": "2020-01-31"}},
    ],
)
def test_short_forms_are_valid(section):
    values = {"data": PRICES, **section}
    assert accepted(values) or "truncate" in str(section)
    assert list(VALIDATOR.iter_errors(values)) == []


@pytest.mark.parametrize(
    "values",
    [
        {},
        {"data": PRICES, "mdoel": {}},
        {"data": {"kind": "prices"}},
        {"data": "prices"},
        {"data": {"symbol": "AAPL"}},
        {"data": {**PRICES, "symbol": "A B"}},
        {"data": {"kind": "synthetic"}},
        {"data": {**PRICES, "start": "31.1.2020"}},
        {"data": PRICES, "seeds": 0},
        {"data": PRICES, "name": ""},
        {"data": PRICES, "model": {"hidden_size": "16"}},
        {"data": PRICES, "model": {"hidden_size": True}},
        {"data": PRICES, "model": {"cell": {}}},
        {"data": PRICES, "training": {"optimizer": {"kind": "sgd", "beta1": 0.5}}},
        {"data": PRICES, "training": {"optimizer": {"momentum": 0.5}}},
        {"data": PRICES, "training": {"optimizer": None}},
        {"data": PRICES, "training": {"schedule": "step"}},
        {"data": PRICES, "training": {"omega": {}}},
        {"data": PRICES, "model": {"init": {"W_hh": {"kind": "constant"}}}},
        {"data": PRICES, "model": {"init": {"forget_bias": "chrono"}}},
    ],
)
def test_what_is_wrong_with_the_shape_is_refused(values):
    assert not accepted(values)
    assert list(VALIDATOR.iter_errors(values))


def test_a_config_that_extends_another_may_leave_out_what_that_says():
    lower = {"extends": "stock"}
    good = [{}, {"data": {"lookback": 5}}, {"training": {"optimizer": {"momentum": 0.5}, "omega": {"form": "norm"}}}]
    bad = [{"extends": 3}, {"data": {"lokback": 5}}, {"training": {"optimizer": {"momentum": "high"}}}, {"seeds": 0}]
    for values in good:
        assert list(VALIDATOR.iter_errors(lower | values)) == []
    for values in bad:
        assert list(VALIDATOR.iter_errors(lower | values))


def test_an_old_name_and_the_new_one_together_are_refused():
    training = {"truncate": 3, "tbptt_steps": 3}
    assert list(VALIDATOR.iter_errors({"data": PRICES, "training": training}))


def _outside(values) -> bool:
    """Old names, which `load` renames beforehand; whole numbers with a point; numbers that JSON does not have."""
    if isinstance(values, dict):
        return bool({"carry_state", "truncate"} & values.keys()) or any(map(_outside, values.values()))
    if isinstance(values, list):
        return any(map(_outside, values))
    return isinstance(values, float) and (values != values or values == round(values, 0) or abs(values) > 1e300)


def _golden():
    for file in sorted((Path(__file__).parent / "golden").glob("*.txt")):
        for case in file.read_text(encoding="utf-8").removeprefix("=== ").split("\n\n=== "):
            title, _, rest = case.partition("\n")
            if not title.endswith("(escaped)"):
                text = rest.rpartition("\n---\n")[0] + "\n"
                document = read(text, SourceText("c.yaml", lines_of(text), Path()))
                values = document.tree and document.tree.plain()
                sound = not document.problems and isinstance(values, dict) and "extends" not in values
                if sound and not _outside(values):
                    yield pytest.param(values, id=f"{file.stem}: {title}")


@pytest.mark.parametrize("values", list(_golden()))
def test_it_agrees_on_every_config_with_a_golden_message(values):
    agree(values)


def test_most_golden_messages_are_about_the_shape_of_a_config():
    assert len([case for case in _golden() if structural_faults(case.values[0])]) > 30


SOUND = [tree_of(dump(load(file))) for file in FILES]
odd = st.sampled_from(
    [None, True, False, 0, 1, 2, -1, 0.5, 1.5, "", "x", "adam", "norm", "zeros", "full", "endless", "relu", [], [1], {},
     [2, 3], {"kind": "adam"}, {"kind": "chrono"}, {"kind": "norm"}, {"threshold": 2}, {"x": 1}, 2**63]
)  # fmt: skip
words = st.sampled_from(["kind", "task", "symbol", "seed", "rho", "delta", "layers", "x", "warmup", "alpha"])


def _mappings(values) -> list[dict]:
    if not isinstance(values, dict):
        return []
    return [values, *(inner for child in values.values() for inner in _mappings(child))]


@settings(max_examples=300)
@given(data=st.data())
def test_it_agrees_on_configs_with_values_and_keys_changed_at_random(data):
    values = copy.deepcopy(data.draw(st.sampled_from(SOUND)))
    for _ in range(data.draw(st.integers(1, 3))):
        section = data.draw(st.sampled_from(_mappings(values)))
        key = data.draw(words | st.sampled_from(sorted(section) or ["x"]))
        if data.draw(st.booleans()):
            section.pop(key, None)
        else:
            section[key] = copy.deepcopy(data.draw(odd))
    agree(values)
