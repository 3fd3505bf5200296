"""`rnnlab manual`: the list of chapters, a chapter, and names that are none."""

import json

import pytest

from rnnlab.display.console import ESCAPE
from tests.manual import CHAPTERS

NAMES = sorted(path.stem for path in CHAPTERS)


def test_the_list_has_every_chapter_with_its_summary(rnnlab):
    done = rnnlab("manual")
    assert (done.returncode, done.stderr) == (0, "")
    rows = done.stdout.splitlines()
    assert sorted(row.split()[0] for row in rows) == NAMES
    assert all(row.endswith(".") and len(row.split()) > 3 for row in rows)


@pytest.mark.parametrize("columns", [60, 80, 200])
def test_the_list_fits_the_terminal(on_terminal, rnnlab, columns):
    code, screen = on_terminal("manual", columns=columns)
    assert code == 0
    assert max(map(len, ESCAPE.sub("", screen).splitlines())) <= columns
    listed, _, following = ESCAPE.sub("", screen).partition("next  ")
    assert listed.split() == rnnlab("manual").stdout.split()
    assert following.split() == ["rnnlab", "manual", "configs", "read", "a", "chapter"]


@pytest.mark.parametrize("chapter", NAMES)
def test_off_a_terminal_a_chapter_is_its_source(rnnlab, chapter):
    done = rnnlab("manual", chapter)
    source = next(path for path in CHAPTERS if path.stem == chapter).read_text(encoding="utf-8")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == source


@pytest.mark.parametrize("columns", [60, 80, 200])
def test_on_a_terminal_a_chapter_is_formatted(on_terminal, columns):
    code, screen = on_terminal("manual", "runs", columns=columns)
    assert code == 0
    assert "\x1b[1mRun\x1b[0m \x1b[1mfolders\x1b[0m" in screen
    lines = ESCAPE.sub("", screen).splitlines()
    assert max(map(len, lines)) <= columns
    assert "Files" in lines
    assert " ".join(lines[-2:]).split()[-9:] == [
        "next",
        "rnnlab",
        "manual",
        "commands",
        "another",
        "chapter:",
        "commands,",
        "dynamics,",
        "forecasting",
    ]


@pytest.mark.parametrize(("arguments", "env"), [((), {"NO_COLOR": "1"}), (("--no-color",), {})])
def test_without_colour_the_marks_stay(on_terminal, arguments, env):
    _, screen = on_terminal("manual", "runs", *arguments, env=env)
    assert "\x1b[" not in screen
    assert "## Files" in screen


def test_as_json(rnnlab):
    listed = json.loads(rnnlab("manual", "--json").stdout)
    assert listed["schema_version"] == 1
    assert sorted(one["chapter"] for one in listed["chapters"]) == NAMES
    assert all(one["title"] and one["summary"] for one in listed["chapters"])
    told = json.loads(rnnlab("manual", "runs", "--json").stdout)
    assert told == {"schema_version": 1, "chapter": "runs", "text": rnnlab("manual", "runs").stdout}


@pytest.mark.parametrize("word", ["dyn", "DYNAMICS", "dynamics.md"])
def test_a_beginning_is_enough(rnnlab, word):
    assert rnnlab("manual", word).stdout == rnnlab("manual", "dynamics").stdout != ""


@pytest.mark.parametrize(
    ("word", "message"),
    [
        ("forcasting", "error: no such chapter: forcasting; did you mean forecasting?\n hint: `rnnlab manual` lists"),
        ("zzz", "error: no such chapter: zzz\n hint: `rnnlab manual` lists the chapters\n"),
        ("../runs", "error: no such chapter: ../runs"),
        ("", "error: no such chapter: "),
        ("co", "error: co begins several chapters: configs, commands, contributing.\n"),
    ],
)
def test_a_name_that_is_none(rnnlab, word, message):
    done = rnnlab("manual", word)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(message)


def test_completion_knows_the_chapters(installed):
    assert installed("manual", "dy", env={"_RNNLAB_COMPLETE": "complete_bash"}).stdout.split() == ["dynamics"]
