"""What readers rely on in run.json and in a checkpoint's JSON; whatever else is there is left alone."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, FiniteFloat, ValidationError

from rnnlab.errors import RunFolderError
from rnnlab.files import name_of
from rnnlab.printable import shortened

Count = Annotated[int, Field(ge=0)]


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


class Data(_Checked):
    sha256: str | None = None


class Seasonal(_Checked):
    season: Annotated[int, Field(ge=1)] | None = None


class Tests(_Checked):
    seasonal_naive: Seasonal | None = None


class Record(_Checked):
    """run.json."""

    name: str
    kind: str | None
    status: Literal["running", "completed", "interrupted", "diverged", "failed"]
    started_at: str
    process: Process | None = None
    seeds: list[Count] = []
    metrics: dict[str, Metric] = {}
    baselines: dict[str, dict[str, FiniteFloat | None]] = {}
    data: Data | None = None
    clipped_share: FiniteFloat | None = None
    diverged: dict[str, object] | Count = {}
    tests: Tests | None = None


class Metadata(_Checked):
    update: Count = 0
    tables: dict[str, Count] = {}


class CheckpointRecord(_Checked):
    """A checkpoint's JSON."""

    sha256: str
    metadata: Metadata


def check(path: Path, content: object, model: type[BaseModel]) -> None:
    """Compare what `path` holds with what it must hold.

    Raises
    ------
    RunFolderError
        With the first thing that is wrong.
    """
    try:
        model.model_validate(content)
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
