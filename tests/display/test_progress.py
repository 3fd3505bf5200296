import dataclasses
import re

import pytest

from rnnlab.display import progress
from rnnlab.experiments.reports import Progress


def at(update, updates=300, *, epochs=None, loss=0.00123, elapsed=2.0):
    return Progress(
        update=update,
        updates=updates,
        epoch=update if epochs is None else 1,
        epochs=updates if epochs is None else epochs,
        loss=loss,
        gradient_norm=0.456,
        clipped_share=0.12,
        elapsed=elapsed,
    )


def test_lines_come_seldom_and_at_the_end(capsys):
    with progress.Lines(every=3600) as lines:
        for update in range(1, 301):
            lines.update(at(update))
    expected = "epoch 300/300   loss 0.00123   gradient norm 0.456   clipped 12 %   2.0 s in all\n"
    assert capsys.readouterr().err == expected
    assert lines.last == at(300)


def test_lines_come_when_due(capsys):
    with progress.Lines(every=0) as lines:
        lines.update(at(100))
    expected = "epoch 100/300   loss 0.00123   gradient norm 0.456   clipped 12 %   4.0 s left\n"
    assert capsys.readouterr().err == expected


def test_a_warning_is_given_once(capsys):
    with progress.Lines() as lines:
        lines.warning("beware")
        lines.warning("beware")
        lines.warning("of the dog")
    assert capsys.readouterr().err == "warning: beware\nwarning: of the dog\n"


def test_silence_says_nothing(capsys):
    with progress.Silence() as silence:
        silence.update(at(300))
        silence.note("a")
        silence.warning("b")
    assert capsys.readouterr() == ("", "")
    assert silence.last == at(300)


def test_the_loss_has_the_name_of_its_unit():
    look = dataclasses.replace(at(5), loss=4.25, loss_name="bits per character")
    assert "   bits per character 4.25   gradient norm" in progress.figures(look)


def test_updates_are_counted_where_there_are_no_epochs():
    assert progress.figures(at(5, 200, epochs=1)).startswith("update 5/200 ")
    assert progress.figures(at(5, 200, epochs=3)).startswith("update 5/200 ")
    assert progress.figures(at(5, 200, epochs=4)).startswith("epoch 1/4 ")


@pytest.mark.parametrize(("width", "words"), [(None, "gradient norm"), (78, "gradient norm"), (57, "|grad|")])
def test_figures_fit_the_width(width, words):
    line = progress.figures(at(261, loss=1.19e-4), width)
    assert words in line
    assert width is None or len(line) <= width


def test_a_loss_that_left_the_numbers_is_shown():
    assert "loss –" in progress.figures(at(3, loss=float("nan")))
    assert "loss inf" in progress.figures(at(3, loss=float("inf")))


@pytest.mark.parametrize(("share", "filled"), [(0.0, 0), (0.5, 20), (1.0, 40)])
def test_bar(share, filled):
    done, rest = progress.bar(share, 40, progress.console.err)
    assert (len(done), len(rest)) == (filled, 40 - filled)


def test_calls_between_two_looks_write_nothing(capsys):
    display = progress.Lines(every=3600)
    for epoch in range(1, 100):
        display.update(at(epoch))
    assert capsys.readouterr().err == ""


@pytest.mark.usefixtures("capsys")
def test_display_off_a_terminal():
    assert type(progress.display(quiet=False)) is progress.Lines
    assert type(progress.display(quiet=True)) is progress.Silence


def test_first_lines_leave_no_control_codes(capsys):
    with progress.Lines(every=0) as lines:
        lines.note("note")
        lines.warning("beware")
        lines.update(at(1))
    assert not re.search(r"[\x00-\x09\x0b-\x1f]", capsys.readouterr().err)


class Notebook:
    """What a notebook shows: `display` as IPython has it, and the handle that it gives."""

    def __init__(self):
        self.shown = []

    def display(self, content, *, raw, display_id=False):
        assert raw
        self.shown.append(content["text/plain"])
        self.place = len(self.shown) - 1
        return self if display_id else None

    def update(self, content, *, raw):
        assert raw
        self.shown[0] = content["text/plain"]


def test_a_notebook_has_one_line_that_is_replaced(capsys):
    notebook = Notebook()
    with progress.NotebookLine(notebook.display) as line:
        for update in range(1, 301):
            line.update(at(update))
        line.warning("beware\x1b[2J")
        line.warning("beware\x1b[2J")
        line.note("so far")
    assert notebook.shown == [
        "epoch 300/300   loss 0.00123   gradient norm 0.456   clipped 12 %   2.0 s in all",
        "warning: beware\\x1b[2J",
        "so far",
    ]
    assert capsys.readouterr() == ("", "")


def test_what_comes_after_the_training_adds_to_its_time_alone():
    silence = progress.Silence()
    silence.update(at(300))
    silence.update(dataclasses.replace(at(7, 39, elapsed=9.0), words="on all rows: update 7 of 39"))
    assert silence.last == at(300, elapsed=9.0)
