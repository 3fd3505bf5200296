"""Markdown on a terminal: nothing is cut, nothing is wider than the screen, marks become colours."""

import re
from collections import Counter

import pytest

from rnnlab.display.console import ESCAPE
from rnnlab.display.markdown import links, render
from tests.manual import CHAPTERS

WIDTHS = (20, 60, 80, 200)


def bare(text, _name):
    return text


def coloured(text, name):
    return f"\x1b[{ {'bold': 1, 'cyan': 36}[name] }m{text}\x1b[0m"


def letters(text):
    return Counter(letter for letter in text if letter.isalnum())


@pytest.mark.parametrize("style", [bare, coloured])
@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("chapter", CHAPTERS, ids=lambda path: path.stem)
def test_no_chapter_loses_a_letter_or_passes_the_screen(chapter, width, style):
    source = chapter.read_text(encoding="utf-8")
    shown = render(source, width, style)
    assert max(len(ESCAPE.sub("", line)) for line in shown.splitlines()) <= width
    # What is not shown: comments, the languages of blocks, the targets of links.
    prose = re.sub(r"^ *<!--.*-->$|^```.*$", "", source, flags=re.MULTILINE)
    missing = letters(re.sub(r"\]\([^)\s]*\)", "]", prose)) - letters(ESCAPE.sub("", shown))
    # Tables that are shown row by row name a column in each row, or not at all where there are two.
    headers = letters("".join(re.findall(r"^(\|.*)\n\|[-|: ]+\|$", source, re.MULTILINE)))
    assert missing - headers == Counter()


@pytest.mark.parametrize("chapter", CHAPTERS, ids=lambda path: path.stem)
def test_no_mark_is_left_where_there_is_colour(chapter):
    shown = ESCAPE.sub("", render(chapter.read_text(encoding="utf-8"), 80, coloured))
    prose = [line for line in shown.splitlines() if not line.startswith("  ")]
    assert prose
    assert [line for line in prose if re.search(r"`|\*\*|\]\(|<!--|^#", line)] == []


def test_marks_become_styles_word_by_word():
    text = "a `b c`, **d e** and *f*; [g `h`](i.md) \\* 2 * 3 * 4"
    shown = render(text, 80, lambda word, name: f"<{name[0]}:{word}>")
    assert shown == "a <c:b> <c:c>, <b:d> <b:e> and <b:f>; g <c:h> * 2 * 3 * 4"


def test_marks_stay_without_colour():
    assert render("## A `b`\n\nc `d` **e**", 80, bare) == "## A `b`\n\nc `d` e"


def test_code_is_left_as_it_is_and_goes_on_below():
    text = "```sh\nabc  **d**  # <!-- e -->\n\nf\n```\nnext"
    assert render(text, 12, bare).splitlines() == ["  abc  **d**", "    # <!-- e", "   -->", "", "  f", "", "next"]


def test_a_list_hangs_below_its_marks():
    text = "Before:\n- one two three\n  four\n- five\n\n1. six seven eight"
    shown = ["Before:", "  • one two", "    three", "    four", "  • five", "", "  1. six", "     seven", "     eight"]
    assert render(text, 11, bare).splitlines() == shown


TABLE = "| key | meaning |\n|---|---|\n| `a` | one two three |\n| `bcd` | x \\| y |"


def test_a_table_is_aligned_and_its_last_column_folds():
    assert render(TABLE, 80, bare).splitlines() == [
        "  key    meaning",
        "  `a`    one two three",
        "  `bcd`  x | y",
    ]
    assert render(TABLE, 17, bare).splitlines() == [
        "  key    meaning",
        "  `a`    one two",
        "         three",
        "  `bcd`  x | y",
    ]


def test_a_table_that_does_not_fit_is_shown_row_by_row():
    text = (
        "| key | default | unit | meaning |\n|---|---|---|---|\n| a | long default | | what it is |\n| b | 1 | s | x |"
    )
    assert render(text, 30, bare).splitlines() == [
        "  a",
        "    default: long default",
        "    meaning: what it is",
        "  b",
        "    default: 1",
        "    unit: s",
        "    meaning: x",
    ]


def test_links_are_listed_once_and_not_out_of_code():
    text = "[a](b.md) and [c](d.md#e), [f](b.md)\n\n```\n[g](h.md)\n```\n\n`[i](j.md)`"
    assert links(text) == ["b.md", "d.md#e"]
