"""Counts and lists in sentences."""

from rnnlab.words import count, listed


def test_a_count_has_its_noun():
    assert (count(1, "seed"), count(2, "seed"), count(5000, "epoch")) == ("1 seed", "2 seeds", "5,000 epochs")


def test_a_list_has_a_word_before_its_last():
    assert [listed(words) for words in (["a"], ["a", "b"], ["a", "b", "c"])] == ["a", "a and b", "a, b and c"]
    assert listed(("a", "b", "c"), "or") == "a, b or c"
