"""The log keeps the words and drops what only a terminal understands."""

import subprocess
import sys
import warnings

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rnnlab.runs.log import libraries_warnings, without_control_codes


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ("\x1b[1;31mred\x1b[0m plain", "red plain"),
        ("\x1b]8;;file:///x\x1b\\link\x1b]8;;\x07", "link"),
        ("10 %\r50 %\rdone\nnext", "done\nnext"),
        ("a\r\nb\r\n", "a\nb\n"),
        ("loss\t0.5\n", "loss\t0.5\n"),
        ("bell\x07\x00\x7f\x9b", "bell"),
        ("rho = 0.9, ρ ≤ 1", "rho = 0.9, ρ ≤ 1"),
    ],
)
def test_control_codes_are_stripped(said, kept):
    assert without_control_codes(said) == kept


@given(st.text())
def test_nothing_but_newlines_and_tabs_controls(text):
    kept = without_control_codes(text)
    assert all(c in "\n\t" or not (ord(c) < 32 or 127 <= ord(c) < 160) for c in kept)
    assert without_control_codes(kept) == kept


def test_titles_without_end_take_no_time():
    """Going on to the end of the text from each of them takes minutes; the limit is generous."""
    code = "from rnnlab.runs.log import without_control_codes as f; print(len(f('\\x1b]' * 100_000)))"
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert answer.stdout == "0\n"


def test_what_libraries_warn_of_is_logged_without_paths():
    said = []
    with warnings.catch_warnings(action="default"), libraries_warnings(said.append):
        warnings.warn("overflow encountered in cast", RuntimeWarning, stacklevel=1)
    assert said == ["RuntimeWarning: overflow encountered in cast"]
