"""Exceptions become one message and one exit code here, and nowhere else."""

import dataclasses
import errno
import os
import platform
import re
import shlex
import tempfile
import traceback
from collections.abc import Sequence
from pathlib import Path

from rnnlab import __version__
from rnnlab.api.facts import fault
from rnnlab.display import console
from rnnlab.errors import ConfigError, OutputError, RnnlabError

BUG = 1
USAGE = 2
INTERRUPTED = 130
MOST_PROBLEMS = 20  # of a config that are shown


def report(failure: BaseException, arguments: Sequence[str], *, as_json: bool = False, debug: bool = False) -> int:
    """Say what went wrong and return the exit code of the process.

    Parameters
    ----------
    failure : BaseException
        What ended the command.
    arguments : sequence of str
        The command line, for the report of a bug.
    as_json : bool
        Also give standard output its one JSON document, ``{"error": {...}}``, unless it has one already.
    debug : bool
        Show the traceback on standard error.
    """
    if debug and isinstance(failure, Exception):
        console.note("".join(traceback.format_exception(failure)).rstrip())
    if isinstance(failure, KeyboardInterrupt):
        console.note("interrupted")
        return getattr(failure, "exit_code", INTERRUPTED)
    known = _as_known(failure)
    if known is None:
        known = _bug(failure, arguments, debug)
    _show(known)
    if as_json and not console.has_document():
        try:
            console.document({"error": _content(known)})
        except OutputError as error:  # the failure is on standard error
            _show(error)
    return known.exit_code


def _as_known(failure: BaseException) -> RnnlabError | None:
    """The failure as one that the user can do something about, if it is one."""
    if isinstance(failure, RnnlabError):
        return failure
    if isinstance(failure, MemoryError):
        message = str(failure).strip() or "the machine has no more to give"
        hint = "a smaller model or batch, or fewer seeds, needs less"
        return RnnlabError(f"not enough memory: {message}", hint=hint)
    if isinstance(failure, OSError) and failure.errno in (errno.ENOSPC, errno.EDQUOT, errno.EIO):
        where = f" to {failure.filename}" if failure.filename else ""
        return OutputError(f"cannot write{where}: {os.strerror(failure.errno)}")
    if isinstance(failure, OSError) and failure.errno in (errno.EMFILE, errno.ENFILE):
        return RnnlabError("too many open files", hint="raise the limit: ulimit -n 256")
    if isinstance(failure, RuntimeError) and "start new thread" in str(failure):
        return RnnlabError("not enough memory: no further thread can be started", hint="raise the limit: ulimit -u, -v")
    if isinstance(failure, ImportError) and re.search(r"map segment|allocate memory", str(failure)):
        return RnnlabError("not enough memory: a library cannot be loaded", hint="raise the limit: ulimit -v")
    return fault(failure)


class _InternalError(RnnlabError):
    exit_code = BUG


def _bug(failure: BaseException, arguments: Sequence[str], debug: bool) -> RnnlabError:
    what = traceback.format_exception_only(failure)[-1].strip()
    try:
        place = _write_traceback(failure, arguments)
    except OSError:
        console.note("".join(traceback.format_exception(failure)).rstrip() if not debug else "")
        return _InternalError(f"a bug in rnnlab: {what}")
    return _InternalError(f"a bug in rnnlab: {what}; the traceback is in {place}")


def _write_traceback(failure: BaseException, arguments: Sequence[str]) -> Path:
    """Write the traceback into the run folder that the failure names, else among the temporary files."""
    run = getattr(failure, "run", None)
    folder = run if isinstance(run, Path) and run.is_dir() else None
    handle, name = tempfile.mkstemp(prefix="rnnlab-bug-", suffix=".txt", dir=folder)
    with os.fdopen(handle, "w", encoding="utf-8", errors="backslashreplace") as file:
        file.write(f"rnnlab {__version__}, Python {platform.python_version()}, {platform.platform()}\n")
        file.write(f"{shlex.join(['rnnlab', *_without_keys(arguments)])}\n\n")
        file.writelines(traceback.format_exception(failure))
    return Path(name)


def _without_keys(arguments: Sequence[str]) -> list[str]:
    """The command line without the user's secrets."""
    kept: list[str] = []
    for before, argument in zip(["", *arguments], arguments, strict=False):
        if before == "--api-key":
            kept.append("***")
        else:
            kept.append("--api-key=***" if argument.startswith("--api-key=") else argument)
    return kept


def _show(failure: RnnlabError) -> None:
    if not isinstance(failure, ConfigError):
        console.error(failure.message, failure.hint)
    else:
        for problem in failure.problems[:MOST_PROBLEMS]:
            first, *excerpt = problem.removeprefix("error: ").split("\n")
            console.error(first)
            for line in excerpt:
                console.note(_with_red_caret(console.printable(line)))
        if failure.hint:
            console.advice(failure.hint)
        if len(failure.problems) > 1:
            more = f"; the first {MOST_PROBLEMS} are shown" if len(failure.problems) > MOST_PROBLEMS else ""
            console.note(f"{len(failure.problems)} problems{more}")
    run = getattr(failure, "run", None)
    if run is not None:
        console.note(f"  run: {console.printable(str(run))}")


def _with_red_caret(line: str) -> str:
    """The marks under the faulty text, coloured."""
    head, bar, marks = line.partition("| ")
    return f"{head}{bar}{console.err.style(marks, 'red')}" if bar and set(marks) <= {" ", "^"} else line


def _content(failure: RnnlabError) -> dict[str, object]:
    content: dict[str, object] = {
        "kind": type(failure).__name__.lstrip("_"),
        "exit_code": failure.exit_code,
        "message": failure.message,
        "hint": failure.hint,
    }
    if isinstance(failure, ConfigError):
        content["problems"] = list(failure.problems)
    run, summary = getattr(failure, "run", None), getattr(failure, "summary", None)
    if run is not None:
        content["run"] = str(run)
    if summary is not None:  # of a training whose folder could not take it
        content["metrics"] = {name: dataclasses.asdict(one) for name, one in summary.metrics.items()}
    return content
