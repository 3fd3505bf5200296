"""`rnnlab doctor`: what kills, full disks and edits have left behind in a runs folder, and how it is put right."""

import os
import shutil
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from shlex import quote

from rnnlab.config.flat import flat_text
from rnnlab.errors import RnnlabError, RunBusyError, RunFolderError
from rnnlab.experiments.registry.index import FILE as INDEX
from rnnlab.experiments.registry.index import Registry, read_index
from rnnlab.experiments.sweep.members import slice_folders
from rnnlab.files import name_of
from rnnlab.plain import timestamp
from rnnlab.printable import on_one_line, shortened
from rnnlab.runs import RunFolder, checkpoints
from rnnlab.runs.files import LineFile, content_of, is_leftover, reading, whole_lines, writing
from rnnlab.runs.find import is_id, is_run, run_folders
from rnnlab.runs.lock import RunLock
from rnnlab.runs.notes import read_notes
from rnnlab.runs.record import MOST_BYTES, load_record
from rnnlab.runs.schema import REFIT, SWEEP_RHO, TRAIN, RunRecord
from rnnlab.runs.trash import remove

YOUNG = 60.0  # seconds in which a file may still be at work: one that is being written, a run that is being made
SET_ASIDE = ".damaged"  # what the name of a checkpoint that is passed over from now on ends with
_TABLES = (".csv", ".txt")


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong.

    Attributes
    ----------
    run : Path
        The run folder; for what concerns the index, the runs folder.
    kind : str
        A word: no_record, record, config, notes, unreadable, torn, lost, checkpoint, leftover, link, index.
    sentence : str
        What is wrong.
    remedy : str or None
        What a repair does; None where nothing can be done but what `advice` says.
    advice : str or None
        What to do by hand.
    """

    run: Path
    kind: str
    sentence: str
    remedy: str | None = None
    advice: str | None = None
    act: Callable[[], object] | None = field(default=None, repr=False, compare=False)

    def plain(self) -> dict[str, object]:
        """For JSON."""
        return {name: getattr(self, name) for name in ("run", "kind", "sentence", "remedy", "advice")}


@dataclass(frozen=True)
class Diagnosis:
    """What was examined, and what was found.

    Attributes
    ----------
    runs_dir : Path
    findings : list of Finding
        By run, the oldest first.
    runs : int
        How many there are.
    busy : list of Path
        Those in training, which were not examined.
    """

    runs_dir: Path
    findings: list[Finding]
    runs: int
    busy: list[Path]


def examine(runs_dir: Path) -> Diagnosis:
    """Look for damage in every run of a folder; nothing is written.

    Raises
    ------
    RunFolderError
        If the folder exists and cannot be read.
    """
    findings: list[Finding] = []
    busy: list[Path] = []
    names = sorted(name for name in run_folders(runs_dir) if is_id(name) or is_run(runs_dir / name))
    for name in names:
        run = runs_dir / name
        try:
            record = load_record(run)
        except RunFolderError as error:
            findings.append(_without_record(run, error))
            record = None
        if record is not None and record.current_status == "running":
            busy.append(run)
            continue
        if os.path.lexists(run / "run.json"):
            findings += _in_run(run, record)
    findings += _in_folder(runs_dir)
    return Diagnosis(runs_dir, findings, len(names), busy)


def repair(diagnosis: Diagnosis) -> list[tuple[Finding, str | None]]:
    """Carry out every remedy, holding the lock of its run.

    Returns
    -------
    list of (Finding, str or None)
        Each finding, and what stands in the way; None where it is put right.
    """
    return [(one, _repair(one, diagnosis.runs_dir)) for one in diagnosis.findings]


def _repair(finding: Finding, runs_dir: Path) -> str | None:
    if finding.act is None:
        return finding.advice or "there is no remedy"
    lock = RunLock(finding.run)
    removed = finding.kind == "no_record"  # `remove` takes the lock by itself
    try:
        if finding.run != runs_dir and not removed:
            lock.acquire()
        finding.act()
    except RunBusyError:
        return "another process holds the run"
    except RnnlabError as error:
        return error.message
    finally:
        lock.release()
    return None


def _without_record(run: Path, error: RunFolderError) -> Finding:
    if os.path.lexists(run / "run.json"):
        return Finding(
            run, "record", error.message, advice=error.hint or f"`rnnlab rm {quote(str(run))}` removes the run"
        )
    sentence = "There is no run.json: the process ended while it made the run."
    if _is_young(run):
        return Finding(run, "no_record", sentence, advice="it may be starting at this moment: look again in a minute")
    return Finding(run, "no_record", sentence, "move it to the trash", act=lambda: remove([run]))


def _in_run(run: Path, record: RunRecord | None) -> Iterator[Finding]:
    """What is wrong in a run that nobody trains, beyond a record that cannot be read."""
    if record is not None and record.current_status == "lost":
        yield Finding(
            run,
            "lost",
            "The record says running, but its process is gone.",
            "set its status to interrupted",
            f"`rnnlab resume {quote(str(run))}` continues it",
            lambda: _interrupt(run),
        )
    content = content_of(os.fspath(run / "config.yaml"), MOST_BYTES)
    if content is None or flat_text(content) is None:
        missing = not os.path.lexists(run / "config.yaml")
        why = "There is no config.yaml." if missing else "config.yaml cannot be read as a config."
        yield Finding(run, "config", why, advice="the run cannot be repeated or resumed as it is")
    try:
        read_notes(run)
    except RunFolderError as error:
        yield Finding(run, "notes", error.message, advice="correct it by hand, or delete it")
    for path in _files(run):
        if path.suffix in _TABLES and path.parent == run:
            yield from _in_table(run, path)
    yield from _links(run)
    done = _is_done(record)
    yield from _checkpoints(run, _checkpoint_folders(run)[: 1 if done else None])
    if record is not None and record.verb == TRAIN and record.status == "completed":
        yield from _no_checkpoints(run, record)
    if done:
        yield from _slices(run)
    yield from _leftovers(run, _files(run))


def _in_table(run: Path, path: Path) -> Iterator[Finding]:
    try:
        bytes_torn = _torn(path)
    except RunFolderError as error:
        if os.path.lexists(path):  # else it was removed meanwhile
            yield Finding(run, "unreadable", error.message, advice="give yourself read permission, then try again")
        return
    if bytes_torn:
        sentence = f"The last line of {on_one_line(path.name)} is incomplete ({bytes_torn:,} bytes)."
        yield Finding(run, "torn", sentence, "cut it off", act=lambda: LineFile(path).close())


def _checkpoints(run: Path, folders: list[Path]) -> Iterator[Finding]:
    for folder in folders:
        for path in sorted(folder.glob("*.json")):
            try:
                checkpoints.load(path)
            except RunFolderError as error:
                yield Finding(
                    run,
                    "checkpoint",
                    error.message,
                    f"set it aside: its files are renamed and end in {SET_ASIDE}",
                    act=lambda path=path: _set_aside(path),
                )
        for path in sorted(folder.glob("*.npz")):
            if not os.path.lexists(path.with_suffix(".json")) and not _is_young(path):
                name = on_one_line(str(path.relative_to(run / "checkpoints").with_suffix("")))
                sentence = f"The checkpoint {name} has no JSON file: it was never completed."
                yield Finding(run, "leftover", sentence, "delete it", act=lambda path=path: _delete(path))


def _no_checkpoints(run: Path, record: RunRecord) -> Iterator[Finding]:
    """Networks of a completed training that are not there."""
    if not any((run / "checkpoints").glob("*.json")):
        advice = f"`rnnlab train {quote(str(run / 'config.yaml'))}` trains them again"
        yield Finding(run, "checkpoint", "There is no checkpoint: the networks are lost.", advice=advice)
    elif record.refit is not None:
        name = str(record.refit.get("checkpoint"))
        if not any(one.stem == name for one in (run / "checkpoints" / REFIT).glob("*.json")):
            which = f"{REFIT}/{on_one_line(shortened(name, 30))}"
            sentence = f"The checkpoint {which}, of the networks of all rows, is not there."
            advice = f"`rnnlab resume {quote(str(run))}` trains them, if the data are as they were"
            yield Finding(run, "checkpoint", sentence, advice=advice)


def _links(run: Path) -> Iterator[Finding]:
    """Folders of the run that are links: nothing is written through them, and nobody looks into them here."""
    for folder in (run / "checkpoints", run / "plots"):
        if folder.is_symlink():
            sentence = f"{folder.name} is a link: the run cannot be written to."
            yield Finding(run, "link", sentence, advice="put the folder itself in its place")


def _is_done(record: RunRecord | None) -> bool:
    """Whether nobody will go on with a sweep."""
    return record is not None and record.verb == SWEEP_RHO and record.status in ("completed", "diverged")


def _slices(run: Path) -> Iterator[Finding]:
    """Checkpoints of slices that nobody goes on from: the rows of all slices are in the tables."""
    for folder in slice_folders(run):
        sentence = f"{on_one_line(folder.name)} holds checkpoints of models whose rows are in the tables."
        yield Finding(run, "leftover", sentence, "delete it", act=lambda folder=folder: _delete(folder))


def _checkpoint_folders(run: Path) -> list[Path]:
    """Where the checkpoints of a run lie, those of a sweep's slices too; links are not followed."""
    slices = [one for folder in slice_folders(run) for one in (folder, folder / "parts")]
    folders = (run / "checkpoints", run / "checkpoints" / REFIT, *slices)
    return [one for one in folders if one.is_dir() and not one.is_symlink()]


def _leftovers(run: Path, files: list[Path]) -> Iterator[Finding]:
    for path in files:
        if is_leftover(path.name) and not _is_young(path):
            sentence = f"{on_one_line(path.name)} was left by a process that ended while it wrote the file."
            yield Finding(run, "leftover", sentence, "delete it", act=lambda path=path: _delete(path))


def _in_folder(runs_dir: Path) -> Iterator[Finding]:
    """What is wrong with the index, and temporary files beside the runs."""
    if os.path.lexists(runs_dir / INDEX) and read_index(runs_dir) is None:
        yield Finding(
            runs_dir,
            "index",
            f"{INDEX} is damaged or of another version; the runs are read one by one until it is rebuilt.",
            "rebuild it",
            act=lambda: _index_anew(runs_dir),
        )
    try:
        with os.scandir(runs_dir) as entries:
            files = [Path(entry.path) for entry in entries if entry.is_file(follow_symlinks=False)]
    except OSError:
        files = []
    yield from _leftovers(runs_dir, sorted(files))


def _files(run: Path) -> list[Path]:
    """The files of a run folder and of the folders in it; links are not followed."""
    found = []
    plots = [] if (run / "plots").is_symlink() else [run / "plots"]
    for folder in (run, *_checkpoint_folders(run), *plots):
        try:
            with os.scandir(folder) as entries:
                found += [Path(entry.path) for entry in entries if entry.is_file(follow_symlinks=False)]
        except OSError:
            continue
    return sorted(found)


def _torn(path: Path) -> int:
    """Bytes after the last newline of a file (RunFolderError where it cannot be read)."""
    with reading(path) as file:
        size = os.fstat(file.fileno()).st_size
        return size - whole_lines(file.fileno(), size)


def _interrupt(run: Path) -> None:
    """Write that a lost run is interrupted, as of the moment in which it last wrote something."""
    store = RunFolder.open(run)
    if store.record.current_status != "lost":  # somebody has gone on with it since
        raise RunFolderError(f"'{name_of(run)}' is {store.record.current_status} now.")
    written = (path for path in _files(run) if not path.name.startswith("."))
    last = max((path.lstat().st_mtime for path in written), default=time.time())
    store.update(status="interrupted", ended_at=timestamp(datetime.fromtimestamp(last, UTC)))


def _set_aside(path: Path) -> None:
    for one in (path, path.with_suffix(".npz")):
        if os.path.lexists(one):
            with writing(one):
                os.rename(one, f"{one}{SET_ASIDE}")


def _delete(path: Path) -> None:
    with writing(path):
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)


def _index_anew(runs_dir: Path) -> None:
    _delete(runs_dir / INDEX)
    Registry(runs_dir)


def _is_young(path: Path) -> bool:
    try:
        return time.time() - path.lstat().st_mtime < YOUNG
    except OSError:
        return True
