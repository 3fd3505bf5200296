"""Text: tokens, chunks in the order of the stream, and errors that say where."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rnnlab.data.text import build_vocabulary, encode_text, make_chunks, read_text
from rnnlab.errors import DataError

PANGRAM = "the quick brown fox jumps over the lazy dog"


def decode_tokens(tokens, vocabulary):
    return "".join(vocabulary[token] for token in tokens)


def test_the_pangram_of_the_report():
    vocabulary = build_vocabulary(PANGRAM)
    assert vocabulary == " abcdefghijklmnopqrstuvwxyz"
    tokens = encode_text(PANGRAM * 200, vocabulary)
    chunks = make_chunks(tokens, 50)
    assert chunks.inputs.shape == chunks.targets.shape == (50, 171)
    assert decode_tokens(chunks.inputs[:, 0], vocabulary) == (PANGRAM * 2)[:50]
    assert decode_tokens(chunks.targets[:, 0], vocabulary) == (PANGRAM * 2)[1:51]


@given(st.text(min_size=1))
def test_decoding_undoes_encoding(text):
    vocabulary = build_vocabulary(text)
    tokens = encode_text(text, vocabulary)
    assert tokens.dtype == np.intp
    assert decode_tokens(tokens, vocabulary) == text
    assert list(vocabulary) == sorted(set(text))


@given(n=st.integers(2, 300), chunk=st.integers(1, 9), streams=st.integers(1, 5))
def test_batches_carry_each_stream_on(n, chunk, streams):
    tokens = np.arange(n)
    if n < chunk * streams + 1:
        with pytest.raises(DataError, match=f"at least {chunk * streams + 1} characters; the text has {n}"):
            make_chunks(tokens, chunk, streams)
        return
    chunks = make_chunks(tokens, chunk, streams)
    np.testing.assert_array_equal(chunks.targets, chunks.inputs + 1)
    updates = chunks.inputs.shape[1] // streams
    assert updates == (n - 1) // (chunk * streams)
    in_stream_order = np.concatenate(np.split(chunks.inputs, updates, axis=1))
    expected = np.arange(streams * updates * chunk).reshape(streams, -1).T
    np.testing.assert_array_equal(in_stream_order, expected)


def test_one_stream_is_not_copied():
    tokens = np.arange(1000)
    chunks = make_chunks(tokens, 50)
    assert np.shares_memory(chunks.inputs, tokens)
    assert np.shares_memory(chunks.targets, tokens)
    with pytest.raises(ValueError, match="read-only"):
        chunks.inputs[0, 0] = 1


def test_an_unknown_character_is_located():
    with pytest.raises(DataError, match=r"27 characters of the vocabulary; got 'T' at line 2, column 3"):
        encode_text("ab\ncdT", build_vocabulary(PANGRAM.replace(" ", "\n")))


def test_reading_drops_the_byte_order_mark_and_unifies_line_ends(tmp_path):
    path = tmp_path / "a.txt"
    path.write_bytes(b"\xef\xbb\xbfone\r\ntwo\rthree\n")
    assert read_text(path) == "one\ntwo\nthree\n"


def test_bytes_that_are_not_utf8_are_located(tmp_path):
    path = tmp_path / "latin.txt"
    path.write_bytes("gr\u00fc\u00dfe\n\u00e4b".encode() + "\u00fc".encode("latin-1"))
    with pytest.raises(DataError, match=r"latin\.txt:2:3: text must be UTF-8; got byte 0xfc, byte 12 of"):
        read_text(path)


@pytest.mark.parametrize("content", [b"", b"\xef\xbb\xbf"])
def test_an_empty_file_is_refused(tmp_path, content):
    path = tmp_path / "empty.txt"
    path.write_bytes(content)
    with pytest.raises(DataError, match="at least one character"):
        read_text(path)


def test_a_missing_file_and_a_folder_are_refused(tmp_path):
    with pytest.raises(DataError, match="No such file"):
        read_text(tmp_path / "nothing.txt")
    with pytest.raises(DataError, match="directory"):
        read_text(tmp_path)
