"""Files of other packages as data: `package:NAME/inside/file`, found by the package's metadata and never imported."""

import re
from importlib import metadata
from pathlib import Path

from rnnlab.errors import DataError
from rnnlab.files import PACKAGED, user_path
from rnnlab.printable import shortened
from rnnlab.suggestions import did_you_mean

_PARTS = re.compile(rf"{PACKAGED}(?P<name>[A-Za-z0-9][\w.-]*)(==(?P<version>[^/=]+))?/(?P<inside>.+)")


def data_path(path: str | Path) -> Path:
    """The file that `data.path` means: one of an installed package behind `package:`, else a path as users write it.

    Parameters
    ----------
    path : str or Path
        `package:NAME/inside/file` or `package:NAME==VERSION/inside/file`: NAME as `pip install` takes it, then the
        file as the package's RECORD lists it.

    Raises
    ------
    DataError
        The package is not installed or of another version (with the command that installs it), or lacks the file.
    UsageError
        As :func:`rnnlab.files.user_path`.
    """
    text = str(path)
    if not text.startswith(PACKAGED):
        return user_path(path)
    parts = _PARTS.fullmatch(text)
    if parts is None:
        raise DataError(
            f"{shortened(text, 200)}: a file of a package is written {PACKAGED}NAME/inside/file, "
            f"or {PACKAGED}NAME==VERSION/inside/file."
        )
    return _file_of(parts["name"], parts["version"], parts["inside"])


def _file_of(name: str, version: str | None, inside: str) -> Path:
    wanted = f"{name}=={version}" if version else name
    hint = f"`pip install {wanted}` installs it."
    try:
        package = metadata.distribution(name)
    except metadata.PackageNotFoundError:
        raise DataError(f"The data are a file of the package {name}, which is not installed.", hint=hint) from None
    if version and package.version != version:
        raise DataError(
            f"The data are a file of {name} {version}; {shortened(package.version, 50)} is installed.", hint=hint
        )
    files = [str(file) for file in package.files or ()]
    if inside not in files:
        near = did_you_mean(inside, files)
        raise DataError(f"{name} {package.version} has no file {shortened(inside, 200)}{near or '.'}")
    return Path(str(package.locate_file(inside)))
