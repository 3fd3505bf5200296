"""Training from Python, as from the command line."""

import os
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from typing import TYPE_CHECKING

from rnnlab.api.arguments import listed, whole_number
from rnnlab.api.configs import as_config
from rnnlab.api.finding import runs_folder
from rnnlab.api.keeping import path_of
from rnnlab.api.run import Run
from rnnlab.display.progress import Silence, display
from rnnlab.errors import UsageError
from rnnlab.experiments.reports import TrainSummary
from rnnlab.experiments.train import train as run_training
from rnnlab.printable import described

if TYPE_CHECKING:
    from rnnlab.config import Config
    from rnnlab.experiments.observers import Observer
    from rnnlab.experiments.sweep.rho import SweepSummary


def train(
    config: "Config | str | os.PathLike[str]",
    folder: str | os.PathLike[str] | None = None,
    *,
    progress: bool | Silence = True,
    should_stop: Callable[[], bool] | None = None,
    observers: "Sequence[Observer]" = (),
    command: Sequence[str] = ("rnnlab.train",),
) -> Run:
    """Train the networks of a config, one per seed, and measure them on held-out data.

    Parameters
    ----------
    config : Config, str or path
        From :func:`rnnlab.load`, or what that takes.
    folder : str or path, optional
        Runs folder in which the run gets a folder of its own; kept in memory if left out, with tables that grow with
        the number of updates.
    progress : bool or display
        Whether to show progress and warnings on standard error, or in the notebook.
    should_stop : callable, optional
        Asked after every update; True ends the training with a checkpoint. If left out, the first Ctrl-C, or a
        notebook's stop button, ends it after the update in hand, and the second one raises KeyboardInterrupt.
    observers : sequence of Observer, optional
        Told of every update (`rnnlab.experiments.observers.Observer`).
    command : sequence of str, optional
        For the record: what the user typed.

    Returns
    -------
    Run
        Its ``status`` is ``completed``, or ``interrupted`` where it was stopped.

    Raises
    ------
    ConfigError, DataError, UsageError
        Before anything is trained.
    DivergedError
        If every model diverged; its ``run`` is the path of the run folder.
    RunFolderError
        If the run folder cannot be written.
    """
    chosen, observers = as_config(config), _observers(observers)
    runs_dir = None if folder is None else runs_folder(folder)
    with watched(progress, should_stop) as (screen, asked):
        summary = run_training(
            chosen,
            runs_dir=runs_dir,
            command=list(map(str, listed(command, "command"))),
            on_progress=screen.update,
            on_warning=screen.warning,
            should_stop=asked,
            observers=observers,
        )
        for warning in summary.warnings:
            screen.warning(warning)
    assert summary.trained is not None
    return Run(summary.trained.store, summary)


def resume(
    run: "Run | str | os.PathLike[str]",
    folder: str | os.PathLike[str] | None = None,
    *,
    epochs: int | None = None,
    updates: int | None = None,
    progress: bool | Silence = True,
    should_stop: Callable[[], bool] | None = None,
    observers: "Sequence[Observer]" = (),
    command: Sequence[str] = ("rnnlab.resume",),
) -> "Run | SweepSummary":
    """Continue a run that was interrupted, lost or failed from its last good checkpoint, or lengthen one.

    On the same CPU, versions and BLAS kernel the tables and the parameters end byte for byte as those of a run that
    was never stopped, wall times aside.

    Parameters
    ----------
    run : Run, str or path
        A path, an id, the beginning of one, a name (its newest run), or "latest".
    folder : str or path, optional
        The runs folder; ``RNNLAB_RUNS``, else ``runs``, if left out.
    epochs, updates : int, optional
        New total of the training, one of the two; it stands in config.yaml from then on. Models that early stopping
        ended continue from their last parameters, with their patience whole again.
    progress, should_stop, observers, command
        As for :func:`rnnlab.train`.

    Returns
    -------
    Run
        Of a sweep, what :func:`rnnlab.sweep_rho` returns.

    Raises
    ------
    UsageError
        If the run is completed and no new total is given, or the new total is not more than what was made.
    RunFolderError
        If no run, or more than one, is meant; if it cannot be read or written, another process holds it, or none of
        its checkpoints is good.
    DataError
        If the data have changed since.
    DivergedError
        If every model diverged.
    """
    from rnnlab.experiments.resume import Length
    from rnnlab.experiments.resume import resume as run_resume

    length = Length(*(None if one is None else whole_number(one, what)
                      for one, what in ((epochs, "epochs"), (updates, "updates"))))  # fmt: skip
    observers = _observers(observers)
    with watched(progress, should_stop) as (screen, asked):
        summary = run_resume(
            path_of(run, folder, screen.warning),
            length=length,
            command=list(map(str, listed(command, "command"))),
            on_progress=screen.update,
            on_warning=screen.warning,
            on_note=screen.note,
            should_stop=asked,
            observers=observers,
        )
        if not isinstance(summary, TrainSummary):
            return summary
        for warning in summary.warnings:
            screen.warning(warning)
    assert summary.trained is not None
    return Run(summary.trained.store, summary)


def _observers(observers: object) -> "list[Observer]":
    """The observers as a list, each of them one."""
    from rnnlab.experiments.observers import Observer

    found = listed(observers, "observers")
    for one in found:
        if not isinstance(one, Observer):
            hint = "Derive a class from rnnlab.Observer, and give an instance of it."
            raise UsageError(f"each of the observers must be an Observer; got {described(one)}.", hint=hint)
    return found


@contextmanager
def watched(
    progress: bool | Silence, should_stop: Callable[[], bool] | None
) -> Iterator[tuple[Silence, Callable[[], bool]]]:
    """The display of some work, and what the work asks to know whether it should stop."""
    if should_stop is not None and not callable(should_stop):
        raise UsageError(f"should_stop must be a function without arguments; got {described(should_stop)}.")
    # A display that the caller brings is the caller's to open and to close.
    shown = nullcontext(progress) if isinstance(progress, Silence) else display(quiet=not progress)
    with shown as screen, _stop_button(screen.note, should_stop) as asked:
        yield screen, asked


@contextmanager
def _stop_button(say: Callable[[str], None], should_stop: Callable[[], bool] | None) -> Iterator[Callable[[], bool]]:
    """What the training asks after every update: the caller's `should_stop`, else whether Ctrl-C came.

    Until the training has asked for the first time, and where Ctrl-C comes twice, it raises KeyboardInterrupt.
    """
    mine = threading.current_thread() is threading.main_thread()
    before = signal.getsignal(signal.SIGINT) if mine else None
    if should_stop is not None or before is not signal.default_int_handler:
        yield should_stop or (lambda: False)
        return
    asked, came = False, 0

    def note(number, frame) -> None:
        nonlocal came
        came += 1
        if came > 1 or not asked:
            signal.default_int_handler(number, frame)

    def ask() -> bool:
        nonlocal asked
        if came and asked:
            say("stopping after this update; Ctrl-C once more stops at once")
        asked = True
        return came > 0

    signal.signal(signal.SIGINT, note)
    try:
        yield ask
    finally:
        signal.signal(signal.SIGINT, before)
