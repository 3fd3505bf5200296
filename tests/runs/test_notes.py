"""Labels and notes, from several processes at once, and in damaged files."""

import json
import subprocess
import sys

import pytest

from rnnlab.errors import RunFolderError, RunWriteError, UsageError
from rnnlab.runs.notes import FILE, add_labels, add_note, read_notes, remove_labels

WRITE = """
import sys
from pathlib import Path
from rnnlab.runs.notes import add_labels, add_note
for number in range(5):
    add_note(Path(sys.argv[1]), f"{sys.argv[2]} {number}")
    add_labels(Path(sys.argv[1]), [f"{sys.argv[2]}-{number}"])
"""


def test_labels_and_notes_come_and_go(tmp_path):
    assert read_notes(tmp_path).plain() == {"labels": [], "notes": []}
    add_labels(tmp_path, ["paper", "a b"])
    assert add_labels(tmp_path, ["paper", "c"]).labels == ("paper", "a b", "c")
    assert remove_labels(tmp_path, ["a b"]).labels == ("paper", "c")
    add_note(tmp_path, "  first\nsecond line ")
    found = read_notes(tmp_path)
    assert found.labels == ("paper", "c")
    assert [one.text for one in found.notes] == ["first\nsecond line"]
    assert found.notes[0].at.endswith("Z")
    assert json.loads((tmp_path / FILE).read_text()) == found.plain()


def test_processes_that_write_at_once_lose_nothing(tmp_path):
    running = [subprocess.Popen([sys.executable, "-c", WRITE, str(tmp_path), name]) for name in "abc"]
    assert [process.wait() for process in running] == [0, 0, 0]
    found = read_notes(tmp_path)
    assert {one.text for one in found.notes} == {f"{name} {number}" for name in "abc" for number in range(5)}
    assert len(found.labels) == 15


@pytest.mark.parametrize("label", ["", " ", "x" * 65, "a\nb", " a", "\x1b[31m", "\u202e"])
def test_what_is_no_label(tmp_path, label):
    with pytest.raises(UsageError, match="a label must have 1 to 64 printable characters"):
        add_labels(tmp_path, [label])
    assert not (tmp_path / FILE).exists()


def test_a_label_that_is_not_there_cannot_be_removed(tmp_path):
    add_labels(tmp_path, ["a"])
    with pytest.raises(UsageError, match="has no label 'b'; its labels: a"):
        remove_labels(tmp_path, ["a", "b"])
    assert read_notes(tmp_path).labels == ("a",)


def test_an_empty_note_and_too_many_labels(tmp_path):
    with pytest.raises(UsageError, match="a note must have"):
        add_note(tmp_path, " \n ")
    with pytest.raises(UsageError, match="at most 100 labels"):
        add_labels(tmp_path, [str(number) for number in range(101)])


@pytest.mark.parametrize(
    "content", ["", "{", "[]", '{"labels": "x"}', '{"labels": [1]}', '{"notes": [{"at": "x"}]}', '{"notes": {}}', "\0"]
)
def test_a_damaged_file_is_told_and_left_as_it_is(tmp_path, content):
    (tmp_path / FILE).write_text(content)
    for act in (lambda: read_notes(tmp_path), lambda: add_labels(tmp_path, ["a"]), lambda: add_note(tmp_path, "x")):
        with pytest.raises(RunFolderError, match=FILE):
            act()
    assert (tmp_path / FILE).read_text() == content


def test_a_run_that_is_gone_stays_gone(tmp_path):
    with pytest.raises(RunWriteError, match="nowhere"):
        add_labels(tmp_path / "nowhere", ["a"])
    assert not (tmp_path / "nowhere").exists()
