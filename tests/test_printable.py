"""Text of unknown origin on its way to a terminal."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rnnlab.printable import cut, cut_apart, on_one_line, printable, shortened

ACTING = {"Cc", "Cf", "Cs", "Zl", "Zp"}


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a\x1b[2Jb\rc", "a\\x1b[2Jb\\x0dc"),
        ("\x80\x9b31m\x9f\x7f", "\\x80\\x9b31m\\x9f\\x7f"),
        ("\u202eevil\u2066\u200f\u061c\ufeff", "\\u202eevil\\u2066\\u200f\\u061c\\ufeff"),
        ("a\u2028b\u0085", "a\\u2028b\\x85"),
        ("\udcff\U000e0041", "\\udcff\\U000e0041"),
        ("soft\xadhyphen", "soft\\xadhyphen"),
        ("Zürich, 東京, ρ ≤ 1,\xa0–\n\ttab", "Zürich, 東京, ρ ≤ 1,\xa0–\n\ttab"),
    ],
)
def test_what_a_terminal_acts_upon_is_spelt_out(text, shown):
    assert printable(text) == shown
    assert on_one_line(text) == shown.replace("\n", "\\n").replace("\t", "\\t")


def test_every_character_of_unicode():
    for code in range(0x110000):
        character = chr(code)
        is_shown = printable(character) == character
        assert is_shown == (unicodedata.category(character) not in ACTING or character in "\n\t"), hex(code)


@given(st.text())
def test_what_is_printable_stays(text):
    assert printable(printable(text)) == printable(text)


def test_a_text_is_cut_where_it_is_too_long():
    assert [cut("abcd", most) for most in (5, 4, 3)] == ["abcd", "abcd", "ab…"]
    assert shortened("a\tb" * 40, 6) == "a\\tba…"


def test_texts_are_cut_so_that_their_difference_is_seen():
    begin = "rnnlab train stock --set training.epochs=300 --set training.optimizer.learning_rate="
    assert cut_apart(f"{begin}0.1", f"{begin}0.2", 40) == (
        "rnnlab train stock --set training…te=0.1",
        "rnnlab train stock --set training…te=0.2",
    )
    assert cut_apart("a" * 50, "b" * 50, 40) == ("a" * 39 + "…", "b" * 39 + "…")
    assert cut_apart("short", "texts", 40) == ("short", "texts")
    assert all(len(one) <= 12 for one in cut_apart("x" * 90, "x" * 30 + "y" * 60, 12))
