"""run.json: what a run says about itself, as strict JSON that is replaced in one step."""

import json
import math
import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rnnlab.errors import RunFolderError
from rnnlab.files import name_of
from rnnlab.plain import plain
from rnnlab.printable import shortened
from rnnlab.runs import process
from rnnlab.runs.files import content_of, reading, replace

if TYPE_CHECKING:
    from rnnlab.runs.schema import RunRecord

SCHEMA_VERSION = 1
MOST_BYTES = 2**24
DEEPEST = 50  # levels of a JSON file
STATUSES = ("running", "completed", "interrupted", "diverged", "failed")


def write_json(path: Path, value: object) -> None:
    """Replace `path` by `value` as indented, strict JSON (null, never NaN) in one step.

    Raises
    ------
    RunFolderError
        If it cannot be written; an older file is kept.
    """
    text = json.dumps(plain(value), indent=2, ensure_ascii=False, allow_nan=False)
    replace(path, (text + "\n").encode("utf-8", "backslashreplace"))


def read_json(path: Path) -> dict:
    """Read a JSON object.

    Raises
    ------
    RunFolderError
        If the file is missing, cannot be read, is larger than `MOST_BYTES`, is not strict JSON or holds
        something else than an object.
    """
    with reading(path, MOST_BYTES) as file:
        content = file.read(MOST_BYTES)
    try:
        value = json.loads(content, parse_constant=_finite, parse_float=_finite)
    except ValueError as error:
        raise RunFolderError(f"'{name_of(path)}' must be JSON; {shortened(str(error), 200)}.") from error
    except RecursionError as error:
        raise RunFolderError(f"'{name_of(path)}' must be JSON; it is nested too deeply.") from error
    if is_deep(value):
        raise RunFolderError(f"'{name_of(path)}' must be JSON; it is nested too deeply.")
    if not isinstance(value, dict):
        raise RunFolderError(f"'{name_of(path)}' must hold a JSON object; got {type(value).__name__}.")
    return value


def is_deep(value: object) -> bool:
    """Whether a JSON value is nested deeper than anything that rnnlab writes, or could write again."""
    level = [value]
    for _ in range(DEEPEST):
        level = [
            item
            for one in level
            for item in (one.values() if type(one) is dict else one if type(one) is list else ())
            if type(item) is dict or type(item) is list
        ]
        if not level:
            return False
    return True


def _finite(word: str) -> float:
    """A number of strict JSON, which has no NaN and no infinity."""
    value = float(word)
    if not math.isfinite(value):
        raise ValueError(f"a number must be finite; got {word}")
    return value


def load_record(run: Path) -> "RunRecord":
    """Read the run.json of a run folder.

    Raises
    ------
    RunFolderError
        If run.json is missing or damaged, or was written by a later version of rnnlab.
    """
    from rnnlab.runs import schema  # `rnnlab --help` starts without pydantic

    path = run / "run.json"
    content = read_json(path)
    if "schema_version" not in content:
        raise RunFolderError(f"'{name_of(path)}' is damaged: it has no schema_version.")
    version = content["schema_version"]
    if type(version) is not int or version < 1:
        raise RunFolderError(f"'{name_of(path)}' is damaged: schema_version must be {SCHEMA_VERSION}.")
    if version > SCHEMA_VERSION:
        shown = version if version < 10**9 else "a larger number"
        raise RunFolderError(
            f"'{name_of(path)}' must have a schema_version of at most {SCHEMA_VERSION}; got {shown}.",
            hint="A later version of rnnlab wrote it: update rnnlab to read it.",
        )
    return schema.check_record(path, content)


def load_content(run: str) -> Mapping[str, Any]:
    """The content of a run.json that `load_record` accepts, read in a fraction of the time where it is whole.

    A number that is not finite passes in an entry that no reader rests on. Errors as for `load_record`.
    """
    from pydantic import ValidationError
    from pydantic_core import from_json

    from rnnlab.runs.schema import RunRecord

    content = content_of(f"{run}{os.sep}run.json", MOST_BYTES)
    if content is not None:
        with suppress(ValueError, ValidationError):
            value = from_json(content, allow_inf_nan=False)
            RunRecord.model_validate(value)
            nested = content.count(b"[") + content.count(b"{") > DEEPEST and is_deep(value)
            if not nested and type(version := value.get("schema_version")) is int and version == SCHEMA_VERSION:
                return value
    return load_record(Path(run)).plain()


def status(record: Mapping) -> str:
    """Say how a run stands: the status it wrote last, or ``lost`` if it is running without its process."""
    written = record.get("status")
    if written == "running" and process.is_alive(record.get("process") or {}) is False:
        return "lost"
    return written if written in STATUSES else "unreadable"
