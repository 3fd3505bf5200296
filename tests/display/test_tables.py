from hypothesis import given
from hypothesis import strategies as st

from rnnlab.display import tables

WORDS = st.text("abc", min_size=1, max_size=12)


def test_columns_are_aligned():
    lines = tables.render(["", "network", "naive"], [["RMSE (USD)", "14.7 ± 1.0", "2.75"], ["skill", "-4", "0"]])
    assert lines == [
        "                 network  naive",
        "  RMSE (USD)  14.7 ± 1.0   2.75",
        "  skill               -4      0",
    ]


def test_columns_that_do_not_fit_follow_below():
    lines = tables.render(["", "one", "two", "three"], [["a", "1", "2", "3"]], width=15)
    assert lines == ["     one  two", "  a    1    2", "", "     three", "  a      3"]


@given(st.integers(1, 6).flatmap(lambda n: st.lists(st.lists(WORDS, min_size=n + 1, max_size=n + 1), min_size=2)))
def test_every_cell_is_shown_once_within_the_width(rows):
    header, *body = rows
    lines = tables.render(header, body, width=34)
    assert max(map(len, lines)) <= 34
    blocks = lines.count("") + 1
    shown = sorted(word for line in lines for word in line.split())
    expected = [cell for row in rows for cell in row[1:]] + [row[0] for row in rows] * blocks
    assert shown == sorted(expected)


def test_definitions_hang_beside_their_names_and_fit():
    rows = [("a", "one two three four five six seven"), ("long", "x\ny")]
    assert tables.definitions(rows) == ["  a     one two three four five six seven", "  long  x", "        y"]
    narrow = tables.definitions(rows, 30, indent=0)
    assert narrow == ["a     one two three four five", "      six seven", "long  x", "      y"]
    assert max(map(len, narrow)) <= 30
