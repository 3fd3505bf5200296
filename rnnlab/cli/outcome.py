"""A training carried out at the command line: progress, signals, and what came of it."""

import sys
from collections.abc import Callable
from shlex import quote
from typing import TYPE_CHECKING, cast

from rnnlab.cli import summary
from rnnlab.cli.interrupts import Interrupts
from rnnlab.display import console, progress
from rnnlab.errors import RunWriteError

if TYPE_CHECKING:
    from rnnlab import Run
    from rnnlab.display.progress import Silence
    from rnnlab.experiments.reports import TrainSummary


def carry_out(work: "Callable[..., Run]", *, as_json: bool, quiet: bool) -> int:
    """Train with a display and with signals that wait for the end of an update, and print what came of it.

    Parameters
    ----------
    work : callable
        Takes `progress`, `should_stop` and `command`, and returns the run.
    as_json, quiet : bool

    Returns
    -------
    int
        The exit code.
    """
    with progress.display(quiet=quiet) as screen, Interrupts(screen.note) as interrupts:
        try:
            run = work(progress=screen, should_stop=interrupts.should_stop, command=["rnnlab", *sys.argv[1:]])
        except RunWriteError as error:
            if error.summary is not None and not as_json and not quiet:
                summary.show(cast("TrainSummary", error.summary), screen.last)
            raise
    _show(run, screen, as_json=as_json, quiet=quiet)
    return interrupts.exit_code if run.status == "interrupted" else 0


def _show(run: "Run", screen: "Silence", *, as_json: bool, quiet: bool) -> None:
    assert run.path is not None
    assert run.summary is not None
    was_interrupted = run.status == "interrupted"
    with console.results_of(run.path):
        if as_json:
            console.document(run.record.plain())
        elif quiet:
            console.result(str(run.path))
        else:
            summary.show(run.summary, None if was_interrupted else screen.last)
            if not was_interrupted:
                console.next_step(f"rnnlab inspect {quote(str(run.path))}", "what the training did to gradients")
    if was_interrupted and not quiet:
        console.advice(f"`rnnlab resume {quote(str(run.path))}` goes on where it stopped.")
