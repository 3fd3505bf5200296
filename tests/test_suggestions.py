"""What may have been meant."""

from rnnlab.suggestions import did_you_mean, nearest


def test_the_nearest_words_come_first_whatever_their_case():
    assert nearest("clos", ["open", "Close", "close", "CLOSED"], most=3, cutoff=0.5) == ["Close", "close", "CLOSED"]
    assert nearest("volume", ["open", "close"]) == []


def test_a_near_word_is_suggested_as_it_is_written():
    assert did_you_mean("--epoch", ["--epochs", "--seed"]) == "; did you mean --epochs?"
    assert did_you_mean("TRIAN", ["train", "fetch"], shown=repr) == "; did you mean 'train'?"


def test_a_word_that_begins_so_is_suggested_where_none_is_near():
    assert did_you_mean("grad", ["fetch", "gradcheck"]) == "; did you mean gradcheck?"
    assert did_you_mean("gr", ["fetch", "gradcheck"]) == ""


def test_a_word_is_never_meant_by_itself():
    assert did_you_mean("lstm", ["lstm", "lstm-2"]) == "; did you mean lstm-2?"
    assert did_you_mean("lstm", ["lstm"]) == ""
