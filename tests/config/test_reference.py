"""The reference of keys is made from the schema, and leaves nothing out."""

import json
import subprocess
import sys

from rnnlab.config import json_schema
from rnnlab.config.reference import keys, tables
from rnnlab.config.schema_index import every_key


def test_every_key_is_in_the_tables_once():
    names = [key.name for key in keys()]
    assert len(names) == len(set(names))
    last_parts = {name.rpartition(".")[2] for name in names}
    assert {entry.path[-1] for _, entry in every_key()} == last_parts


def test_tables_are_markdown_of_one_width():
    rows = [line for line in tables().splitlines() if line.startswith("|")]
    assert len(rows) > 80
    assert {row.replace("\\|", "").count("|") for row in rows} == {7}


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
