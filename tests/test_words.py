"""Counts, lists and durations in sentences."""

import pytest

from rnnlab.words import alike, count, duration, key_of, listed, rough_duration, seeds_shown, spread_aside


def test_a_count_has_its_noun():
    assert (count(1, "seed"), count(2, "seed"), count(5000, "epoch")) == ("1 seed", "2 seeds", "5,000 epochs")


def test_a_list_has_a_word_before_its_last():
    assert [listed(words) for words in (["a"], ["a", "b"], ["a", "b", "c"])] == ["a", "a and b", "a, b and c"]
    assert listed(("a", "b", "c"), "or") == "a, b or c"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.04, "0.0 s"),
        (9.94, "9.9 s"),
        (9.96, "10 s"),
        (59.6, "1 min 00 s"),
        (200, "3 min 20 s"),
        (3599.7, "1 h 00 min"),
        (7500, "2 h 05 min"),
    ],
)
def test_duration(seconds, text):
    assert duration(seconds) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "1 second"),
        (44.2, "45 seconds"),
        (120, "2 minutes"),
        (7000, "117 minutes"),
        (7200, "2 hours"),
        (2e5, "3 days"),
    ],
)
def test_a_rough_duration_is_rounded_up(seconds, text):
    assert rough_duration(seconds) == text


def test_what_is_shown_of_the_seeds():
    assert seeds_shown(1) == "1 seed"
    assert seeds_shown(5) == "median of 5 seeds, 5–95 %"
    assert seeds_shown(5, interval=False) == "median of 5 seeds"
    assert spread_aside(5, "248", "327") == " (median of 5 seeds, 5–95 %: 248 to 327)"
    assert spread_aside(2, "3", "11", " %") == " (median of 2 seeds, 5–95 %: 3 to 11 %)"
    assert spread_aside(2, "3", "3", " %") == ""


@pytest.mark.parametrize(
    ("name", "key"),
    [("Adj Close", "adj_close"), ("<CLOSE>", "close"), ("Close/Last", "close_last"), ("Prix (€)", "prix"),
     ("価格", "価格"), ("Größe", "grösse"), ("a_b", "a_b"), ("**", "")],
)  # fmt: skip
def test_a_key_has_neither_case_nor_punctuation(name, key):
    assert key_of(name) == key


def test_names_are_alike_but_for_case_and_punctuation():
    assert alike("Adj Close", "adj_close")
    assert alike("**", "**")
    assert not alike("**", "++")
    assert not alike("open", "close")
