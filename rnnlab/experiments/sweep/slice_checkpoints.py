"""Checkpoints of a slice while it is trained: a sweep that is stopped loses no more of it than of a training."""

import shutil
import time
from collections.abc import Callable
from contextlib import suppress
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from rnnlab.errors import RunFolderError
from rnnlab.experiments.observers import observer
from rnnlab.experiments.restoring import restore
from rnnlab.runs import checkpoints
from rnnlab.runs.checkpoints import Checkpoint

if TYPE_CHECKING:
    from rnnlab.experiments.sweep.members import Slice

KEPT = 2
AT_ONCE = 64  # arrays of a spool in one file


class SliceCheckpoints:
    """Saves one slice in a folder of its own, from which it is taken up again.

    A checkpoint holds the state of the training and of what observes it. The updates and the looks themselves grow with
    the training: each is written once, in ``parts/``, in files that all checkpoints after them need. What was measured
    before training is measured anew.

    Parameters
    ----------
    folder : Path
        ``checkpoints/slice-N`` of the run folder; made with the first checkpoint.
    section : Checkpoint
        `training.checkpoint` of the config, which says how often.
    clock : function
        Seconds since any moment.
    """

    def __init__(self, folder: Path, section, clock: Callable[[], float] = time.monotonic) -> None:
        self._folder, self._section, self._clock = folder, section, clock
        self._saved_at = clock()
        self._written = {"course": 0, "flow": 0}  # arrays of each spool that are in `parts`
        self._saved = 0  # updates

    @property
    def _parts(self) -> Path:
        return self._folder / "parts"

    def is_due(self, part: "Slice") -> bool:
        """Whether the slice is to be saved after the update that it has made."""
        every, seconds = self._section.updates, self._section.seconds
        if every is not None:
            return part.training.done % every == 0
        return seconds is not None and self._clock() - self._saved_at >= seconds

    def save(self, part: "Slice") -> None:
        """Write a checkpoint of a slice, unless nothing has happened since the last one.

        Raises
        ------
        RunWriteError
            If the run folder does not take it; earlier checkpoints stay.
        """
        if part.training.done == self._saved:
            return
        checkpoints.make_folder(self._folder)
        written = self._write_parts(part)
        arrays = part.training.state() | observer.state([part.course, part.flow])
        checkpoints.save(self._folder, arrays, {"update": part.training.done, "parts": written})
        checkpoints.prune(self._folder, KEPT, best=False)
        self._saved, self._saved_at = part.training.done, self._clock()

    def take_up(self, begin: "Callable[[], Slice]") -> "Slice":
        """The slice as the newest good checkpoint has it, or one that begins where there is none.

        Parameters
        ----------
        begin : function
            Makes the slice before its first update.
        """
        taken = []

        def go_on(found: Checkpoint) -> None:
            part = begin()
            restore(found, part.training, [part.course, part.flow])
            self._read_parts(found, part)
            taken.append((part, found))

        with suppress(RunFolderError):  # all of them are damaged: the slice is trained again
            checkpoints.latest(self._folder, take_up=go_on)
        if not taken:
            self.remove()
            return begin()
        part, found = taken[-1]
        self._written = {"course": len(part.course.spool), "flow": len(part.flow.spool)}
        self._saved = part.training.done
        checkpoints.cut(self._parts, found.metadata["parts"])
        return part

    def remove(self) -> None:
        """Take the folder away, once the rows of the slice are in the tables."""
        shutil.rmtree(self._folder, ignore_errors=True)

    def _write_parts(self, part: "Slice") -> int:
        """Write what the spools have beyond `parts`; the number of the last file there."""
        for name, spool in (("course", part.course.spool), ("flow", part.flow.spool)):
            items = enumerate(spool.tail(self._written[name]), self._written[name])
            while some := {f"{name}.{number}": item for number, item in islice(items, AT_ONCE)}:
                checkpoints.save(self._parts, some, {})
                self._written[name] += len(some)
        return checkpoints.newest(self._parts)

    def _read_parts(self, found: Checkpoint, part: "Slice") -> None:
        """Give a restored slice its updates and looks back.

        Raises
        ------
        RunFolderError
            If one is missing, or is none of this slice.
        """
        parts, read = found.metadata.get("parts"), {"course": 0, "flow": 0}
        updates = 0
        try:
            if not isinstance(parts, int):
                raise ValueError("it does not say how many parts it has")
            for number in range(1, parts + 1):
                for name, item in checkpoints.load(self._parts / f"{number:04d}.json").arrays.items():
                    kind, _, place = name.partition(".")
                    if kind not in read or place != str(read[kind]):
                        raise ValueError(f"part {number} holds {name}, which has no place there")
                    read[kind] += 1
                    updates += len(item) if kind == "course" and item.ndim else 0
                    part.take_in(kind, item)
            if not updates == part.course.updates == part.training.done <= part.training.updates or read["flow"] != len(
                part.flow.updates
            ):
                raise ValueError("its parts do not add up to its updates")
        except ValueError as error:
            raise RunFolderError(f"The checkpoint {found.path.stem} is not one of this slice: {error}.") from error
