"""The reference of keys is made from the schema, and leaves nothing out."""

import json
import subprocess
import sys

import pytest

from rnnlab.config import describe, json_schema
from rnnlab.config.reference import keys, tables
from rnnlab.config.schema_index import every_key
from rnnlab.errors import UsageError


def test_every_key_is_in_the_tables_once():
    names = [key.name for key in keys()]
    assert len(names) == len(set(names))
    last_parts = {name.rpartition(".")[2] for name in names}
    assert {entry.path[-1] for _, entry in every_key()} == last_parts


def test_tables_are_markdown_of_one_width():
    rows = [line for line in tables().splitlines() if line.startswith("|")]
    assert len(rows) > 80
    assert {row.replace("\\|", "").count("|") for row in rows} == {7}


def test_a_key_tells_default_unit_and_range():
    (key,) = describe("training.epochs")
    assert (key.must, key.default, key.unit) == (
        "a whole number of at least 1, or null", "300, unless updates is given or sequences are endless", "epochs"
    )  # fmt: skip
    rates = describe("training.optimizer.learning_rate")[0]
    assert rates.default == "0.01 (sgd, adagrad); 0.001 (rmsprop, adam, adamw)"


def test_a_key_is_found_by_its_old_name():
    assert describe("training.truncate") == describe("training.tbptt_steps")


def test_a_section_brings_its_keys():
    names = [key.name for key in describe("training.clip")]
    assert names == ["training.clip", "training.clip.kind", "training.clip.threshold"]


def test_parameters_share_their_ways_to_start():
    assert describe("model.init.W_hh.rho") == describe("model.init.b_o.rho")


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("model.hiden_size", "model.hiden_size: no such key; did you mean model.hidden_size?"),
        ("MODEL.HIDEN_SIZE", "MODEL.HIDEN_SIZE: no such key; did you mean model.hidden_size?"),
        ("learning_rate", "learning_rate: no such key; did you mean training.optimizer.learning_rate?"),
        ("qqqq", "qqqq: no such key."),
        ("", ": no such key."),
    ],
)
def test_a_key_that_there_is_not_brings_the_nearest(name, message):
    if not name:
        assert {key.name for key in describe(name)} == {"name", "seeds", "data", "model", "training"}
        return
    with pytest.raises(UsageError) as error:
        describe(name)
    assert error.value.message == message


def test_the_json_schema_lets_a_kind_stand_for_its_section():
    schema = json_schema()
    clip = schema["$defs"]["TrainingSection"]["properties"]["clip"]
    assert clip["anyOf"][0] == {"enum": ["none", "norm", "per_parameter", "value"]}
    assert clip["examples"] == [{"kind": "norm", "threshold": 5.0}]
    assert schema["required"] == ["data"]
    assert "extends" in schema["properties"]
    assert not any(f'"{word}":' in json.dumps(schema) for word in ("must", "shown_default", "example"))


def test_the_module_prints_the_tables():
    command = [sys.executable, "-W", "error", "-m", "rnnlab.config.reference"]
    assert subprocess.run(command, capture_output=True, text=True, check=True).stdout == tables()
