"""On what a run was computed: interpreter, NumPy, BLAS, processor, and the commit of rnnlab's own source."""

import os
import platform
import subprocess
from pathlib import Path

import rnnlab

_SOURCE = Path(rnnlab.__file__).resolve().parents[1]


def describe() -> dict:
    """Describe interpreter, NumPy, BLAS and its threads, and processor, as run.json keeps them."""
    import numpy as np
    from threadpoolctl import threadpool_info

    pools = [pool for pool in threadpool_info() if pool["user_api"] == "blas"]
    return {
        "python": platform.python_version(),
        "numpy": np.__version__,
        "blas": [
            {"library": pool["internal_api"], "version": pool["version"], "threads": pool["num_threads"]}
            for pool in pools
        ],
        "cpu": _cpu_model(),
        "cores": os.cpu_count(),
        "platform": platform.platform(),
    }


def code(source: Path = _SOURCE) -> dict:
    """Describe the version of rnnlab and, where it runs from a checkout, the commit.

    Parameters
    ----------
    source : Path
        The folder that holds the package; git is asked only if it is the top of a checkout.

    Returns
    -------
    dict
        ``version``; ``git_commit`` and ``git_dirty``, both None where there is no checkout or no git.
    """
    return {"version": rnnlab.__version__, **_commit(source)}


def _commit(source: Path) -> dict:
    unknown = {"git_commit": None, "git_dirty": None}
    if not (source / ".git").exists():
        return unknown
    # GIT_DIR and its kin, set inside a hook for example, would make git look at another repository.
    surroundings = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    command = ["git", "-C", str(source), "status", "--porcelain=v2", "--branch", "--untracked-files=no"]
    try:
        answer = subprocess.run(
            command,
            env={**surroundings, "GIT_OPTIONAL_LOCKS": "0"},
            capture_output=True,
            text=True,
            errors="replace",
            stdin=subprocess.DEVNULL,
            timeout=2,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return unknown
    lines = answer.stdout.splitlines()
    commits = [line.split()[-1] for line in lines if line.startswith("# branch.oid ")]
    dirty = any(not line.startswith("#") for line in lines)
    return {"git_commit": commits[0], "git_dirty": dirty} if commits else unknown


def _cpu_model() -> str:
    """The processor's name as the operating system gives it, or its architecture."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        lines = []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()
