import io
import json
import math
import re

import pytest

from rnnlab.display import console


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.fixture
def terminal(monkeypatch):
    """Standard error as a terminal of 40 columns."""
    screen = Terminal()
    monkeypatch.setattr(console.Stream, "file", screen)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "40")
    monkeypatch.delenv("NO_COLOR", raising=False)
    return screen


def test_document_has_no_nan(capsys):
    console.document({"rmse": math.nan, "all": [1.5, math.inf, (-math.inf, None)], "deep": {"x": 2}})
    assert json.loads(capsys.readouterr().out) == {
        "schema_version": 1,
        "rmse": None,
        "all": [1.5, None, [None, None]],
        "deep": {"x": 2},
    }


def test_a_document_keeps_its_own_version(capsys):
    console.document({"name": "a", "schema_version": 7})
    assert json.loads(capsys.readouterr().out) == {"name": "a", "schema_version": 7}


def test_the_next_step_is_for_a_terminal_only(capsys, terminal):
    console.next_step("rnnlab inspect latest", "what it did")
    assert terminal.getvalue() == "\x1b[2mnext\x1b[0m  rnnlab inspect latest  \x1b[2mwhat it did\x1b[0m\n"
    assert capsys.readouterr().out == ""


def test_off_a_terminal_there_is_no_next_step(capsys):
    console.next_step("rnnlab inspect latest", "what it did")
    assert capsys.readouterr() == ("", "")


def test_streams(capsys):
    console.result("result")
    console.note("note")
    console.warning("beware")
    console.error("wrong", "do this")
    captured = capsys.readouterr()
    assert captured.out == "result\n"
    assert captured.err == "note\nwarning: beware\nerror: wrong\n hint: do this\n"


def test_control_characters_cannot_drive_the_terminal(capsys):
    console.error("a\x1b[2Jb\rc\x9bd\ttab\nline\u202e")
    assert capsys.readouterr().err == "error: a\\x1b[2Jb\\x0dc\\x9bd\ttab\nline\\u202e\n"


def test_a_json_document_is_harmless_and_holds_what_it_was_given(capsys, monkeypatch):
    monkeypatch.setattr(console, "_documents", 0)
    content = {"name": "a\x1b[2J\x9b31m\x7f\u202e\u2028\U000e0041\udcff Zürich 東京\n"}
    console.document(content)
    said = capsys.readouterr().out
    assert all(character.isprintable() or character == "\n" for character in said)
    assert "Zürich 東京" in said
    assert json.loads(said) == {"schema_version": 1, **content}


def test_nothing_foreign_reaches_a_terminal_unescaped(terminal):
    console.note("\x1b[1;31mred\x1b[0m \x1b[2J\x9b31m \x1b]0;title\x07 \u202e \udcff")
    assert terminal.getvalue() == "\x1b[1;31mred\x1b[0m \\x1b[2J\\x9b31m \\x1b]0;title\\x07 \\u202e \\udcff\n"


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "cp1252", "utf-8"])
def test_any_encoding_carries_any_text(monkeypatch, encoding):
    raw = io.BytesIO()
    monkeypatch.setattr("sys.stdout", io.TextIOWrapper(raw, encoding=encoding))
    console.result("1.0 ± 0.2 – 日本")
    console.out.file.flush()
    text = raw.getvalue().decode(encoding)
    expected = {"ascii": "1.0 +- 0.2 - ??", "utf-8": "1.0 ± 0.2 – 日本"}
    assert text == expected.get(encoding, "1.0 +- 0.2 - ??") + "\n"


def test_what_follows_a_title_is_indented_as_far(terminal):
    for say, title in ((console.error, "error: "), (console.warning, "warning: "), (console.advice, " hint: ")):
        before = len(terminal.getvalue())
        say("word " * 30)
        lines = re.sub(r"\x1b\[[0-9;]*m", "", terminal.getvalue()[before:]).splitlines()
        assert lines[0].startswith(f"{title}word")
        assert len(lines) > 1
        assert all(line.startswith(" " * len(title) + "word") for line in lines[1:])


def test_sentences_fold_on_a_terminal(terminal):
    text = "a good deal longer than the forty columns of this terminal, said/in/one/path/that/cannot/be/cut"
    console.warning(text)
    plain = re.sub(r"\x1b\[[0-9;]*m", "", terminal.getvalue())
    *lines, path = plain.splitlines()
    assert all(len(line) <= 40 for line in lines)
    assert path.endswith("/cut")
    assert " ".join(plain.split()) == f"warning: {text}"


def test_sentences_stay_whole_off_a_terminal(capsys):
    console.warning("word " * 100)
    assert capsys.readouterr().err.count("\n") == 1


@pytest.mark.usefixtures("terminal")
def test_indented_excerpts_keep_their_indentation():
    assert console.err.fold("   14 |   hidden: 16") == "   14 |   hidden: 16"
