"""Where a sweep stands after its last whole slice: saved beside its tables, checked before it goes on from there."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from itertools import accumulate

from rnnlab.errors import RunFolderError
from rnnlab.experiments.sweep.members import Failure
from rnnlab.experiments.sweep.tables import RESULTS, TABLES
from rnnlab.files import name_of
from rnnlab.printable import shortened
from rnnlab.runs import RunFolder
from rnnlab.runs.checkpoints import Checkpoint
from rnnlab.runs.files import reading
from rnnlab.words import count

BLOCK = 1 << 20


@dataclass
class Standing:
    """What is known of a sweep besides its tables.

    Attributes
    ----------
    done : int
        Models of whole slices, in their order: they have their rows, or failed.
    failures : list of Failure
    warnings : list of str
    """

    done: int = 0
    failures: list[Failure] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)

    @property
    def measured(self) -> int:
        """Models in results.csv."""
        return self.done - len(self.failures)


def save(run: RunFolder, standing: Standing, keep: int) -> None:
    """Write a checkpoint, once the disk has all rows of the tables.

    Parameters
    ----------
    run : RunFolder
    standing : Standing
    keep : int
        Checkpoints that stay.

    Raises
    ------
    RunWriteError
        If the run folder does not take it; earlier checkpoints stay.
    """
    tables = dict.fromkeys(TABLES, 0) | run.table_sizes()
    asked = {"rhos": run.record.rhos, "exact": run.record.exact}
    run.save_checkpoint({}, {"tables": tables, **asked, **asdict(standing)})
    run.keep_checkpoints(keep, best=False)


def find(run: RunFolder, slices: Sequence[Sequence[tuple[float, int]]]) -> tuple[Standing, Checkpoint | None]:
    """Find the newest good checkpoint, and where the sweep stood then; nothing is changed.

    Parameters
    ----------
    run : RunFolder
    slices : sequence of sequence of (rho, seed)
        All of the sweep.

    Returns
    -------
    (Standing, Checkpoint or None)
        At the beginning, with None, where there is no checkpoint.

    Raises
    ------
    RunFolderError
        If there are checkpoints and none is one of this sweep.
    """
    good: list[Standing] = []
    try:
        found = run.latest_checkpoint(take_up=lambda found: good.append(_standing(found, run, slices)))
    except RunFolderError as error:
        raise RunFolderError(
            f"'{name_of(run.path)}' has no good checkpoint: {error.message}",
            hint="Its tables can still be read; `rnnlab sweep-rho` with the same options repeats it from the start.",
        ) from error
    return (good[-1] if good else Standing()), found


def _standing(found: Checkpoint, run: RunFolder, slices: Sequence[Sequence[tuple[float, int]]]) -> Standing:
    """What a checkpoint holds (RunFolderError for one that is not of this sweep, or of other tables)."""
    held = found.metadata
    try:
        if missing := [name for name in ("done", "failures", "warnings", "tables") if name not in held]:
            raise ValueError(f"it has no {missing[0]}")
        for name in ("rhos", "exact"):  # which checkpoints of old do not have
            if held.get(name, asked := getattr(run.record, name)) != asked:
                raise ValueError(f"its {name} must be as in run.json")
        members = [member for part in slices for member in part]
        done = held["done"]
        if type(done) is not int or done not in {0, *accumulate(map(len, slices))}:
            raise ValueError(f"it was written after {shortened(repr(done))} models, where no slice ends")
        failures = [_failure(one, members[:done]) for one in _list(held, "failures")]
        warnings = _list(held, "warnings")
        if not all(isinstance(sentence, str) for sentence in warnings):
            raise ValueError("its warnings are no text")
        standing = Standing(done, failures, warnings)
        _check_tables(held["tables"], run, standing.measured)
    except ValueError as error:
        why = shortened(str(error).strip("'\""), 200)
        raise RunFolderError(f"The checkpoint {found.path.stem} is not one of this sweep: {why}.") from error
    return standing


def _list(held: Mapping, name: str) -> list:
    value = held.get(name)
    if not isinstance(value, list):
        raise ValueError(f"its {name} must be a list")
    return value


def _failure(held: object, members: Sequence[tuple[float, int]]) -> Failure:
    """A failure of one of these models."""
    if not isinstance(held, dict) or held.keys() != {"rho", "seed", "reason"}:
        raise ValueError("a failure must have rho, seed and reason")
    if (held["rho"], held["seed"]) not in members or not isinstance(held["reason"], str):
        raise ValueError("a failure must be of one of its models")
    return Failure(**held)


def _check_tables(sizes: object, run: RunFolder, measured: int) -> None:
    """Hold the tables as they were against those that there are now."""
    if not isinstance(sizes, dict) or sizes.keys() != set(TABLES):
        raise ValueError(f"its tables must be {', '.join(TABLES)}")
    for name, size in sizes.items():
        if type(size) is not int or size < 0:
            raise ValueError(f"the size of {name} must be a whole number of at least 0; got {shortened(repr(size))}")
    lines = {name: _lines(run, name, size) for name, size in sizes.items()}
    rows = max(lines[RESULTS] - 1, 0)
    if rows != measured or (lines[RESULTS] and not measured):
        raise ValueError(f"{RESULTS} must have a row for each of {count(measured, 'model')}; it has {rows}")


def _lines(run: RunFolder, name: str, size: int) -> int:
    """How many lines the first `size` bytes of a table are."""
    if not size:
        return 0
    lines, left, block = 0, size, b""
    with reading(run.path / name) as file:
        if os.fstat(file.fileno()).st_size < size:
            raise ValueError(f"{name} must have at least {shortened(f'{size:,}', 30)} bytes")
        while left and (block := file.read(min(BLOCK, left))):
            lines, left = lines + block.count(b"\n"), left - len(block)
    if not block.endswith(b"\n"):
        raise ValueError(f"{name} must have whole lines")
    return lines
