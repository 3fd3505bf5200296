"""The records of a run folder, typed: run.json, and the JSON of a checkpoint."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    FiniteFloat,
    PrivateAttr,
    SkipValidation,
    ValidationError,
    model_validator,
)

from rnnlab.errors import RunFolderError
from rnnlab.files import name_of
from rnnlab.plain import plain, timestamp
from rnnlab.printable import shortened
from rnnlab.runs import environment, process
from rnnlab.runs.record import SCHEMA_VERSION, status

Count = Annotated[int, Field(ge=0)]
TRAIN, SWEEP_RHO = "train", "sweep-rho"  # verbs
REFIT = "refit"  # the part of a run that is trained on all rows


class _Checked(BaseModel):
    model_config = ConfigDict(strict=True, hide_input_in_errors=True)


class Process(_Checked):
    pid: Annotated[int, Field(ge=1, lt=2**31)] | None = None
    started: str | None = None
    host: str | None = None


class Metric(_Checked):
    mean: FiniteFloat | None
    sd: FiniteFloat | None = None
    per_seed: list[FiniteFloat | None] = []


class Combined(_Checked):
    rule: str = ""
    seeds: list[Count] = []
    metrics: dict[str, FiniteFloat | None] = {}


class Data(_Checked):
    sha256: str | None = None
    task: str | None = None


class Seasonal(_Checked):
    season: Annotated[int, Field(ge=1)] | None = None


class Tests(_Checked):
    seasonal_naive: Seasonal | None = None


class RunRecord(_Checked):
    """run.json, version 1: what is written is checked as what is read.

    A record is a view of the file's content: `plain` gives that back with all its keys in their order, those of later
    minor versions too, and `changed` is the only way to another content. Entries that a reader rests on are checked;
    the others are typed for who writes and reads them, and a file in which one of them is damaged is still read.

    What was done is the `verb`; `kind` is the kind of the data, and for a sweep the word ``sweep-rho``. The first
    version of rnnlab had no verb and told sweeps by that kind, and so do scripts: it stays in the file, where old
    readers find it. Code asks for `verb`, which follows from the kind where a file of old has none.
    """

    schema_version: SkipValidation[int] = SCHEMA_VERSION
    id: SkipValidation[str] = ""
    name: str
    kind: str | None
    verb: str | None = None
    status: Literal["running", "completed", "interrupted", "diverged", "failed"]
    started_at: str
    ended_at: SkipValidation[str | None] = None
    command: SkipValidation[list[str] | None] = None
    process: Process | None = None
    seeds: list[Count] = []
    metrics: dict[str, Metric] = {}
    combined: Combined | None = None
    units: dict[str, str] = {}
    baselines: dict[str, dict[str, FiniteFloat | None]] = {}
    data: Data | None = None
    config: SkipValidation[dict[str, object] | None] = None
    folder: SkipValidation[dict[str, object] | None] = None
    tables: SkipValidation[dict[str, dict[str, object]]] = {}
    files: SkipValidation[dict[str, dict[str, object]]] = {}
    code: SkipValidation[dict[str, object]] = {}
    environment: SkipValidation[dict[str, object]] = {}
    plugins: SkipValidation[dict[str, str]] = {}
    rhos: SkipValidation[list[float]] = []
    exact: SkipValidation[bool | None] = None
    clipped_share: FiniteFloat | None = None
    diverged: dict[str, object] | Count = {}
    stopped_early: SkipValidation[dict[str, int]] = {}
    tests: Tests | None = None
    refit: dict[str, object] | None = None
    headline: SkipValidation[str | None] = None
    warnings: SkipValidation[list[str]] = []
    resumed: list[dict[str, object]] = []

    _content: dict[str, object] = PrivateAttr(default_factory=dict)

    @classmethod
    def of(cls, content: Mapping[str, object]) -> Self:
        """The record of a content that is plain JSON.

        Raises
        ------
        pydantic.ValidationError
            If an entry that readers rest on is missing or of another type.
        """
        record = cls.model_validate(content)
        record._content = dict(content)
        return record

    @classmethod
    def first(cls, run_id: str, name: str, now: datetime, fields: Mapping[str, object]) -> Self:
        """The record of a run that has just begun, in this process, with further entries.

        Where they have no `code`, git is asked for it.
        """
        content = {
            "schema_version": SCHEMA_VERSION,
            "id": run_id,
            "name": name,
            "kind": None,
            "verb": None,
            "status": "running",
            "started_at": timestamp(now),
            "ended_at": None,
            "command": None,
            "seeds": [],
            "metrics": {},
            "baselines": {},
            "data": None,
            "code": fields.get("code") or environment.code().record,
            "environment": environment.describe(),
            "process": process.identity(),
        }
        return cls.of(_plain(content | dict(fields)))

    def changed(self, fields: Mapping[str, object]) -> Self:
        """The record with some entries replaced; new ones come last. NumPy numbers, dates and paths become JSON."""
        return self.of(self._content | _plain(fields))

    def plain(self) -> dict[str, object]:
        """The content of run.json, all keys in the order of the file."""
        return dict(self._content)

    @property
    def current_status(self) -> str:
        """The status that was written last, or ``lost`` where the run's process is gone."""
        return status(self._content)

    @model_validator(mode="after")
    def _derive_verb(self) -> Self:
        if self.verb is None and self.kind is not None:
            self.verb = SWEEP_RHO if self.kind == SWEEP_RHO else TRAIN
        return self


def _plain(fields: Mapping[str, object]) -> dict[str, object]:
    return {str(key): plain(value) for key, value in fields.items()}


class Metadata(_Checked):
    update: Count = 0
    tables: dict[str, Count] = {}


class CheckpointRecord(_Checked):
    """A checkpoint's JSON."""

    sha256: str
    metadata: Metadata


def check_record(path: Path, content: Mapping[str, object]) -> RunRecord:
    """The record that `path` holds.

    Raises
    ------
    RunFolderError
        With the first thing that is wrong.
    """
    with _damage(path):
        return RunRecord.of(content)


def check_checkpoint(path: Path, content: object) -> CheckpointRecord:
    """What a checkpoint's JSON at `path` holds; errors as for `check_record`."""
    with _damage(path):
        return CheckpointRecord.model_validate(content)


@contextmanager
def _damage(path: Path) -> Iterator[None]:
    """Turn a ValidationError inside the block into a RunFolderError that names `path`."""
    try:
        yield
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False)[0]
        key = shortened(".".join(map(str, first["loc"])))
        if first["type"] == "missing":
            raise RunFolderError(f"'{name_of(path)}' is damaged: it has no {key}.") from None
        must = first["msg"][:1].lower() + first["msg"][1:]
        raise RunFolderError(f"'{name_of(path)}' is damaged: {key}: {must}; got {_shown(first['input'])}.") from None


def _shown(value: object) -> str:
    """A value in a few characters, whatever its size."""
    if isinstance(value, dict | list):
        return f"a {'mapping' if isinstance(value, dict) else 'list'} of {len(value)}"
    return shortened(repr(value))
