"""What git says of a folder: its commit, and in which lines the files differ from it."""

import hashlib
import os
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

MOST_BYTES = 256 * 1024  # of a patch that is kept
MOST_NAMES = 100  # of untracked files
SECONDS = 2.0  # that git may take


@dataclass(frozen=True)
class Checkout:
    """The state of a folder in a repository.

    Attributes
    ----------
    record : dict
        For run.json: ``git_commit``, ``git_dirty`` (both None where there is no repository or no git), ``untracked``
        (names) and ``patch``, None or its ``file``, ``sha256``, ``bytes`` and whether it was ``cut``.
    files : dict of str to bytes
        For the run folder: the patch, by its name.
    """

    record: dict[str, object]
    files: dict[str, bytes] = field(default_factory=dict)


UNKNOWN = Checkout({"git_commit": None, "git_dirty": None, "untracked": [], "patch": None})


def look(folder: Path, part: str, filename: str) -> Checkout:
    """Ask git for the commit that a part of a folder is at, and for its changes since.

    One call of git, and a second one where tracked files were changed.

    Parameters
    ----------
    folder : Path
        Inside a repository, else nothing is known.
    part : str
        The path in it whose files count.
    filename : str
        What the patch is called.
    """
    status = _git(folder, "status", "--porcelain=v2", "--branch", "--untracked-files=all", "-z", "--", part)
    lines = (status or b"").decode("utf-8", "replace").split("\0")
    commits = [line.split()[-1] for line in lines if line.startswith("# branch.oid ")]
    if not commits or commits[0] == "(initial)":
        return UNKNOWN
    untracked = [line[2:] for line in lines if line.startswith("? ")]
    record = UNKNOWN.record | {"git_commit": commits[0], "git_dirty": bool(untracked), "untracked": untracked}
    if len(untracked) > MOST_NAMES:
        record["untracked"] = [*untracked[:MOST_NAMES], f"and {len(untracked) - MOST_NAMES} more"]
    if not any(line.startswith(("1 ", "2 ", "u ")) for line in lines):
        return Checkout(record)
    record["git_dirty"] = True
    patch = _git(folder, "diff", "HEAD", "--no-color", "--no-ext-diff", "--no-textconv", "--", part)
    if patch is None:
        return Checkout(record)
    kept = _cut(patch)
    digest = hashlib.sha256(kept).hexdigest()
    record["patch"] = {"file": filename, "sha256": digest, "bytes": len(patch), "cut": kept != patch}
    return Checkout(record, {filename: kept})


def _cut(patch: bytes) -> bytes:
    """A patch of at most `MOST_BYTES`, by whole lines; where it was longer, its last line says so."""
    if len(patch) <= MOST_BYTES:
        return patch
    kept = patch[: patch.rfind(b"\n", 0, MOST_BYTES) + 1]
    return kept + b"# cut: %d of %d bytes are left out\n" % (len(patch) - len(kept), len(patch))


def _git(folder: Path, *arguments: str) -> bytes | None:
    """What git answers; None where it does not, or not in time."""
    # GIT_DIR and its kin, set inside a hook for example, would make git look at another repository.
    surroundings = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    command: Sequence[str] = ["git", "-C", str(folder), *arguments]
    try:
        answer = subprocess.run(
            command,
            env={**surroundings, "GIT_OPTIONAL_LOCKS": "0"},
            capture_output=True,
            stdin=subprocess.DEVNULL,
            timeout=SECONDS,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return answer.stdout
