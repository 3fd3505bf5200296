"""The reference of keys is made from the schema, and leaves nothing out."""

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
