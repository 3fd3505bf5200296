"""Everything that can go wrong on the user's side, as one tree.

    RnnlabError                 what the command line shows as one message, never as a traceback
    ├── UsageError              exit 2: the command was called with arguments that cannot work together
    │   ├── ConfigError         exit 2: one or more problems in a config, each with its place
    │   └── RunFolderError      exit 2: a run that does not exist or cannot be read
    │       ├── RunBusyError    exit 2: a run that another process holds
    │       └── RunWriteError   exit 6: a run folder that cannot be written: disk full, no permission, gone
    ├── DataError               exit 4: values that cannot be learnt from, files that cannot be read
    │   └── FetchError          exit 4: a price source that refused, failed or was out of reach
    ├── PluginError             exit 2: an installed package that brings a layer or a task, and fails
    ├── DivergedError           exit 3: every model of the run left the finite numbers
    └── OutputError             exit 6: standard output that cannot be written

Any other exception is a bug in rnnlab and ends with exit 1.
"""

from collections.abc import Sequence
from pathlib import Path


class RnnlabError(Exception):
    """A failure with a message for the user.

    Parameters
    ----------
    message : str
        Where, what must hold, and what came instead; one sentence, no trailing newline.
    hint : str, optional
        What to do next, shown on a line of its own.
    """

    exit_code = 2

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class UsageError(RnnlabError):
    """Arguments that cannot be carried out (exit 2)."""


class ConfigError(UsageError):
    """All problems of a config at once (exit 2).

    Parameters
    ----------
    problems : sequence of str
        Each problem fully rendered, with file, line, column and caret where it has a place.
    """

    def __init__(self, problems: Sequence[str], *, hint: str | None = None) -> None:
        super().__init__("\n".join(problems), hint=hint)
        self.problems = tuple(problems)


class RunFolderError(UsageError):
    """A runs folder or a run that cannot be used (exit 2)."""


class RunBusyError(RunFolderError):
    """A run that another process holds: it is being trained, resumed or removed (exit 2)."""


class RunWriteError(RunFolderError):
    """A runs folder or a run that cannot be written (exit 6).

    Attributes
    ----------
    summary : object
        Where a training was done: what it came to, which the folder could not take.
    """

    exit_code = 6
    summary: object = None


class DataError(RnnlabError):
    """Data that cannot be read or learnt from (exit 4)."""

    exit_code = 4


class FetchError(DataError):
    """A price source that gave no prices (exit 4)."""


class PluginError(RnnlabError):
    """What an installed package brings fails (exit 2)."""


class DivergedError(RnnlabError):
    """Every model of the run diverged (exit 3).

    Parameters
    ----------
    run : Path, optional
        The run folder, with the last finite state.
    """

    exit_code = 3

    def __init__(self, message: str, *, run: Path | None = None, hint: str | None = None) -> None:
        super().__init__(message, hint=hint)
        self.run = run


class OutputError(RnnlabError):
    """Standard output that cannot be written (exit 6).

    Parameters
    ----------
    run : Path, optional
        The run folder whose results were to be shown.
    """

    exit_code = 6

    def __init__(self, message: str, *, run: Path | None = None, hint: str | None = None) -> None:
        super().__init__(message, hint=hint)
        self.run = run
