"""The chapter on equations: its lines are where it says, its formulas are those that users read."""

import re
from pathlib import Path

import pytest

from rnnlab.engine.layers import LAYERS
from tests import equations
from tests.equations import CHAPTER, ROOT, TABLES

TEXT = CHAPTER.read_text(encoding="utf-8")
LINK = re.compile(r"\[`([\w/]+\.py):(\d+)`\]\(\.\./([\w/]+\.py)#L(\d+)\)")


def test_every_table_stands_in_the_chapter():
    assert re.findall(r"<!-- generated: lines (\w+) -->", TEXT) == list(TABLES)
    assert len(LINK.findall(TEXT)) == sum(
        bool(loops) + bool(fast) for rows in TABLES.values() for _, loops, fast in rows
    )


def test_a_line_that_moved_is_noticed(tmp_path, monkeypatch):
    """The tables of a copy in which every file has one line more at its top."""
    for place in {place[0] for rows in TABLES.values() for row in rows for place in row[1:] if place}:
        copy = tmp_path / "rnnlab" / place
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_text("\n" + (ROOT / "rnnlab" / place).read_text(encoding="utf-8"))
    before = {name: equations.table(name) for name in TABLES}
    monkeypatch.setattr(equations, "ROOT", tmp_path)
    for name, table in before.items():
        numbers = [int(number) for _, number, _, _ in LINK.findall(table)]
        assert [int(number) for _, number, _, _ in LINK.findall(equations.table(name))] == [one + 1 for one in numbers]
    changed = tmp_path / "rnnlab" / equations.RNN
    changed.write_text(changed.read_text().replace("# (2')", "# differently"))
    with pytest.raises(ValueError, match=r"engine/reference/rnn\.py has 0 lines"):
        equations.table("vanilla")


@pytest.mark.parametrize("name", ["lstm", "gru"])
def test_the_formulas_of_the_gated_cells_are_those_that_unroll_prints(name):
    """Of a table's formulas, those of one symbol are a cell's own."""
    cell = LAYERS[name]().reference()
    assert cell is not None
    formulas = cell.formulas.forward | cell.formulas.backward
    told = {}
    for row in TABLES[name]:
        symbol, _, formula = row[0].split("`")[1].partition(" = ")
        told[symbol] = formula
    same = {symbol for symbol in told.keys() & formulas.keys() if told[symbol] == _carried(formulas[symbol], cell)}
    assert same == told.keys() & formulas.keys()
    assert len(same) >= 5


def _carried(formula: str, cell) -> str:
    return formula.replace("{c}", cell.formulas.carried.get("c", ""))


def test_links_lead_to_files():
    links = re.findall(r"\]\(([^)\s]+)\)", TEXT)
    local = [Path(CHAPTER.parent, link.partition("#")[0]) for link in links if "://" not in link]
    assert len(local) > 40
    assert [path for path in local if not path.exists()] == []
