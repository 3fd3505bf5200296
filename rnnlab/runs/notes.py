"""What people say about a run: labels and notes, in a file of their own, so that a run in training can have them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from rnnlab.errors import RunFolderError, UsageError
from rnnlab.files import name_of
from rnnlab.plain import timestamp
from rnnlab.printable import on_one_line, shortened
from rnnlab.runs.lock import RunLock
from rnnlab.runs.record import read_json, write_json

FILE, LOCK = "notes.json", ".notes.lock"
LONGEST_LABEL = 64
LONGEST_NOTE = 100_000
MOST_LABELS = 100
WAIT = 10.0  # seconds for another process that writes a note, which takes milliseconds


@dataclass(frozen=True)
class Note:
    """What was written, and when (UTC)."""

    at: str
    text: str


@dataclass(frozen=True)
class Annotations:
    """Labels in the order in which they were given, and notes, the oldest first."""

    labels: tuple[str, ...] = ()
    notes: tuple[Note, ...] = ()

    def plain(self) -> dict[str, object]:
        """The content of notes.json."""
        return {"labels": list(self.labels), "notes": [{"at": one.at, "text": one.text} for one in self.notes]}


def read_notes(run: Path) -> Annotations:
    """The labels and notes of a run; none where it has no notes.json.

    Raises
    ------
    RunFolderError
        If the file cannot be read, or holds something else.
    """
    path = run / FILE
    try:
        path.lstat()
    except FileNotFoundError:
        return Annotations()
    except (OSError, ValueError):
        pass  # reading it says what is wrong
    return parsed(path, read_json(path))


def parsed(path: Path, content: Mapping[str, object]) -> Annotations:
    """The labels and notes in the content of a notes.json; `RunFolderError` where it holds something else."""
    labels, notes = content.get("labels", []), content.get("notes", [])
    if not isinstance(labels, list) or not all(isinstance(one, str) for one in labels):
        raise RunFolderError(f"'{name_of(path)}' is damaged: labels must be a list of texts.")
    if not isinstance(notes, list) or not all(_is_note(one) for one in notes):
        raise RunFolderError(f"'{name_of(path)}' is damaged: notes must be a list of mappings with at and text.")
    return Annotations(tuple(dict.fromkeys(labels)), tuple(Note(one["at"], one["text"]) for one in notes))


def add_labels(run: Path, labels: Sequence[str]) -> Annotations:
    """Give a run labels that it may have already, and return all that it has then.

    Raises
    ------
    UsageError
        For a label that is empty, too long or not printable.
    RunFolderError
        If notes.json is damaged, cannot be written, or another process does not let go of it.
    """
    wanted = [checked_label(one) for one in labels]

    def added(before: Annotations) -> Annotations:
        together = tuple(dict.fromkeys([*before.labels, *wanted]))
        if len(together) > MOST_LABELS:
            raise UsageError(f"a run can have at most {MOST_LABELS} labels; this would make {len(together)}.")
        return Annotations(together, before.notes)

    return _change(run, added)


def remove_labels(run: Path, labels: Sequence[str]) -> Annotations:
    """Take labels from a run, and return those that it has left; errors as for `add_labels`.

    Raises
    ------
    UsageError
        If the run does not have one of them.
    """

    def removed(before: Annotations) -> Annotations:
        for label in labels:
            if label not in before.labels:
                has = ", ".join(map(shortened, before.labels)) or "none"
                raise UsageError(f"'{name_of(run)}' has no label {shortened(label)!r}; its labels: {has}.")
        return Annotations(tuple(one for one in before.labels if one not in labels), before.notes)

    return _change(run, removed)


def add_note(run: Path, text: str, now: datetime | None = None) -> Annotations:
    """Write a note, and return all; errors as for `add_labels`."""
    text = text.strip()
    if not text or len(text) > LONGEST_NOTE:
        raise UsageError(f"a note must have 1 to {LONGEST_NOTE:,} characters; got {len(text):,}.")
    note = Note(timestamp(now or datetime.now(UTC)), text)
    return _change(run, lambda before: Annotations(before.labels, (*before.notes, note)))


def checked_label(label: str) -> str:
    """The label, where it is one: 1 to 64 printable characters, no blank at either end.

    Raises
    ------
    UsageError
    """
    if not 1 <= len(label) <= LONGEST_LABEL or label != label.strip() or on_one_line(label) != label:
        raise UsageError(
            f"a label must have 1 to {LONGEST_LABEL} printable characters, without blanks at its ends; "
            f"got {shortened(label)!r}."
        )
    return label


def _change(run: Path, change: Callable[[Annotations], Annotations]) -> Annotations:
    """Read, change and replace notes.json while no other process does."""
    lock = RunLock(run, LOCK, patience=WAIT, what="The notes of ")
    lock.acquire()
    try:
        before = read_notes(run)
        after = change(before)
        if after != before:
            write_json(run / FILE, after.plain())
    finally:
        lock.release()
    return after


def _is_note(value: object) -> bool:
    return isinstance(value, dict) and isinstance(value.get("at"), str) and isinstance(value.get("text"), str)
