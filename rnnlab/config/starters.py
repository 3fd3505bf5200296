"""Writing the bundled configs and their data where a user may change them, with the schema that they name."""

import json
import os
from contextlib import suppress
from pathlib import Path

from rnnlab.config import bundled
from rnnlab.config.editor_schema import json_schema
from rnnlab.errors import OutputError, UsageError
from rnnlab.files import name_of, user_path

SCHEMA = "rnnlab.schema.json"
SHOWN = 5  # files that are in the way, in a message


def contents() -> dict[str, bytes]:
    """What is written, by path within the folder."""
    files = {f"{one.name}{bundled.SUFFIX}": one.path.read_bytes() for one in bundled.configs().values()}
    beside = {path.relative_to(bundled.folder()).as_posix(): path.read_bytes() for path in bundled.companions()}
    return files | beside | {SCHEMA: schema_file()}


def schema_file() -> bytes:
    """The JSON Schema as a file."""
    return (json.dumps(json_schema(), indent=1) + "\n").encode("ascii")


def write_starters(folder: str | os.PathLike[str] = ".") -> list[Path]:
    """Write the bundled configs, their data and their schema into a folder, which is made where there is none.

    Returns
    -------
    list of Path
        What was written.

    Raises
    ------
    UsageError
        If any of it is there already; nothing is written then.
    OutputError
        If the folder cannot be written; what had been written is removed again.
    """
    top = user_path(folder)
    files = {top / name: content for name, content in contents().items()}
    if "\0" in str(top):
        raise UsageError(f"{name_of(top)}: must be a path; it holds a null byte.")
    is_file = os.path.lexists(top) and not os.path.isdir(top)
    there = [path for path in files if os.path.lexists(path)]
    if is_file:
        link = os.path.islink(top) and not os.path.exists(top)
        what = "a link that leads nowhere" if link else "a file"
        raise UsageError(f"{name_of(top)}: must be a folder; this is {what}.", hint="rnnlab init FOLDER makes one.")
    if there:
        more = f" and {len(there) - SHOWN} more" if len(there) > SHOWN else ""
        raise UsageError(
            f"{name_of(top)}: nothing was written, for it would overwrite "
            f"{', '.join(path.relative_to(top).as_posix() for path in there[:SHOWN])}{more}.",
            hint="Name another folder, such as rnnlab init configs, or move those files away.",
        )
    _write(files)
    return list(files)


def _write(files: dict[Path, bytes]) -> None:
    made: list[Path] = []
    try:
        for path, content in files.items():
            for folder in reversed([one for one in path.parents if not one.exists()]):
                folder.mkdir(exist_ok=True)
                made.append(folder)
            made.append(path)  # before it is there: an interrupt may come in between
            try:
                file = open(path, "xb")  # noqa: SIM115 - closed below
            except OSError:
                made.remove(path)
                raise
            with file:
                file.write(content)
    except BaseException as error:
        for path in reversed(made):
            with suppress(OSError):
                path.rmdir() if path.is_dir() else path.unlink()
        if isinstance(error, OSError):
            where = name_of(Path(error.filename)) if error.filename else name_of(next(iter(files)).parent)
            raise OutputError(
                f"cannot write {where}: {error.strerror}", hint="Name a folder that can be written: rnnlab init FOLDER."
            ) from error
        raise
