"""A training or a sweep carried out at the command line: progress, signals, and what came of it."""

import sys
from collections.abc import Callable
from shlex import quote
from typing import TYPE_CHECKING, cast

import rnnlab
from rnnlab.cli import summary, sweep_table
from rnnlab.cli.interrupts import Interrupts
from rnnlab.display import console, progress
from rnnlab.errors import RunWriteError

if TYPE_CHECKING:
    from rnnlab import Run
    from rnnlab.display.progress import Silence
    from rnnlab.experiments.reports import TrainSummary
    from rnnlab.experiments.sweep.rho import SweepSummary

EXIT_DIVERGED, EXIT_SOME_FAILED = 3, 5


def carry_out(
    work: "Callable[..., Run | SweepSummary]",
    *,
    as_json: bool,
    quiet: bool,
    then: "Callable[[Run], None] | None" = None,
) -> int:
    """Do what makes a run, with a display and with signals that wait for the end of an update, and print what came.

    Parameters
    ----------
    work : callable
        Takes `progress`, `should_stop` and `command`, and returns the run, or what a sweep found.
    as_json, quiet : bool
    then : callable, optional
        Is given a run that was not interrupted, and prints in place of what a training prints.

    Returns
    -------
    int
        The exit code.
    """
    with progress.display(quiet=quiet) as screen, Interrupts(screen.note) as interrupts:
        try:
            done = work(progress=screen, should_stop=interrupts.should_stop, command=["rnnlab", *sys.argv[1:]])
        except RunWriteError as error:
            if error.summary is not None and not as_json and not quiet:
                summary.show(cast("TrainSummary", error.summary), screen.last)
            raise
    if isinstance(done, rnnlab.Run):
        path, status, code = done.path, done.status, 0
    else:
        path, status, code = done.run, done.record["status"], _code_of(done)
    assert path is not None
    with console.results_of(path):
        if then is not None and isinstance(done, rnnlab.Run) and status != "interrupted":
            then(done)
        elif quiet and not as_json:
            console.result(str(path))
        elif isinstance(done, rnnlab.Run):
            _show_training(done, screen, as_json=as_json)
        else:
            _show_sweep(done, as_json=as_json)
    if status == "interrupted":
        if not quiet:
            console.advice(f"`rnnlab resume {quote(str(path))}` continues the run.")
        return interrupts.exit_code
    return code


def _show_training(run: "Run", screen: "Silence", *, as_json: bool) -> None:
    assert run.summary is not None
    was_interrupted = run.status == "interrupted"
    if as_json:
        console.document(run.record.plain())
        return
    summary.show(run.summary, None if was_interrupted else screen.last)
    if not was_interrupted:
        console.next_step(f"rnnlab inspect {quote(str(run.path))}", "what the training did to gradients")


def _show_sweep(swept: "SweepSummary", *, as_json: bool) -> None:
    if as_json:
        console.document({**swept.record, "run": str(swept.run), "summary": swept.summary})
        return
    sweep_table.show(swept)
    if swept.record["status"] != "interrupted":
        console.next_step("rnnlab sweep-rho --help", "ranges of rho, other cells, activations and lengths")


def _code_of(swept: "SweepSummary") -> int:
    if swept.summary["failed"]:
        return EXIT_SOME_FAILED
    return EXIT_DIVERGED if swept.record["status"] == "diverged" else 0
