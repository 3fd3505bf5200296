"""On what a run was computed: interpreter, packages, BLAS and its kernel, processor, and rnnlab's own source."""

import os
import platform
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import rnnlab
from rnnlab.runs import checkout
from rnnlab.runs.checkout import Checkout

if TYPE_CHECKING:
    from rnnlab.runs.schema import RunRecord

_SOURCE = Path(rnnlab.__file__).resolve().parents[1]
PACKAGES = (
    "filelock", "matplotlib", "numpy", "pandas", "pydantic", "pyyaml", "requests", "rich", "threadpoolctl", "typer",
)  # fmt: skip
COMPILERS = ("numba", "llvmlite")  # recorded where they are installed
NUMERICAL = ("numpy", *COMPILERS)  # on whose version the last digits of a result depend
CODE_PATCH, FOLDER_PATCH = "code.patch", "folder.patch"
ASKS_FOR_FOLDER = "RNNLAB_RECORD_FOLDER"  # environment variable
UNRECORDED = "not recorded"


def describe() -> dict:
    """Describe interpreter, packages, BLAS with its kernel and threads, and processor, as run.json keeps them."""
    import numpy as np
    from threadpoolctl import threadpool_info

    pools = [pool for pool in threadpool_info() if pool["user_api"] == "blas"]
    return {
        "python": platform.python_version(),
        "numpy": np.__version__,
        "packages": _packages(),
        "blas": [
            {
                "library": pool["internal_api"],
                "version": pool["version"],
                "kernel": pool.get("architecture"),
                "threads": pool["num_threads"],
            }
            for pool in pools
        ],
        "cpu": _cpu_model(),
        "cores": os.cpu_count(),
        "platform": platform.platform(),
    }


def code(source: Path = _SOURCE) -> Checkout:
    """Describe the version of rnnlab and, where it runs from a checkout, the commit and what was changed since.

    Parameters
    ----------
    source : Path
        The folder that holds the package; git is asked only if it is the top of a checkout, and for the package alone.

    Returns
    -------
    Checkout
        Its record has the ``version`` too.
    """
    found = checkout.UNKNOWN
    if (source / ".git").exists():
        found = checkout.look(source, "rnnlab", CODE_PATCH)
    return replace(found, record={"version": rnnlab.__version__, **found.record})


def folder() -> Checkout | None:
    """Describe the working folder's commit and changes, where ``RNNLAB_RECORD_FOLDER`` asks for it; else None.

    The changes may hold secrets: they are written to the run folder and nowhere else.
    """
    if os.environ.get(ASKS_FOR_FOLDER, "") in ("", "0"):
        return None
    here = Path.cwd()
    found = checkout.look(here, ".", FOLDER_PATCH)
    return replace(found, record={"path": str(here), **found.record})


@dataclass(frozen=True)
class Difference:
    """Something on which the last digits of a result depend, and which is not what it was.

    Attributes
    ----------
    what : str
        Such as "CPU", "numpy" or "kernel of openblas".
    recorded, now : str
    """

    what: str
    recorded: str
    now: str

    def __str__(self) -> str:
        return f"{self.what} ({self.recorded}; now {self.now})"


def differences(record: "RunRecord") -> list[Difference]:
    """Which of processor, versions and BLAS kernel are not those of a run: where there are none, its bytes repeat.

    What an old run did not record counts as different.
    """
    now = {"code": code().record, "environment": describe()}
    then = {"code": record.code, "environment": record.environment}
    return list(_compare(dict(_decisive(then)), dict(_decisive(now))))


def choose_kernel(record: "RunRecord") -> None:
    """Let NumPy load with the BLAS kernel of a run, where the run was computed on this processor, which has it.

    Another kernel adds up in another order. It can be chosen before NumPy is loaded only.
    """
    recorded = _mapping(record.environment)
    pools = recorded.get("blas")
    kernels = [_mapping(pool).get("kernel") for pool in pools] if isinstance(pools, list) else []
    known = [kernel for kernel in kernels if isinstance(kernel, str) and kernel.isalnum()]
    if known and "numpy" not in sys.modules and recorded.get("cpu") == _cpu_model():
        os.environ["OPENBLAS_CORETYPE"] = known[0]


def kernel_hint(found: list[Difference]) -> str | None:
    """How to compute with the kernel of a run, where that is what differs: it must be chosen before NumPy loads."""
    kernels = [one.recorded for one in found if one.what == "kernel of openblas" and one.recorded != UNRECORDED]
    return f"OPENBLAS_CORETYPE={kernels[0]} before the command selects the kernel of the run." if kernels else None


def _compare(then: dict[str, str], now: dict[str, str]) -> Iterator[Difference]:
    for what in dict.fromkeys([*now, *then]):
        recorded = then.get(what, UNRECORDED)
        if recorded != (here := now.get(what, "not there")):
            yield Difference(what, recorded, here)


def _decisive(record: Mapping[str, object]) -> Iterator[tuple[str, str]]:
    """What decides about the last digits, by name; what a record does not say is left out."""
    environment, code = _mapping(record.get("environment")), _mapping(record.get("code"))
    packages = {"numpy": environment.get("numpy"), **_mapping(environment.get("packages"))}
    found = [("CPU", environment.get("cpu")), ("rnnlab", code.get("version"))]
    if isinstance(commit := code.get("git_commit"), str):
        found += [("commit of rnnlab", commit[:12]), ("changes to rnnlab", _changes(code))]
    found += [("Python", environment.get("python")), *((name, packages.get(name)) for name in NUMERICAL)]
    found += [("C library", str(environment.get("platform", "")).partition("-with-")[2])]
    pools = environment.get("blas")
    for pool in pools if isinstance(pools, list) else ():
        library = str(_mapping(pool).get("library"))
        found += [(library, _mapping(pool).get("version")), (f"kernel of {library}", _mapping(pool).get("kernel"))]
    return ((what, str(value)) for what, value in found if value)


def _changes(code: Mapping[str, object]) -> str | None:
    """What was changed since the commit, in a few characters; None where the record does not say which changes."""
    patch, untracked = _mapping(code.get("patch")).get("sha256"), code.get("untracked")
    changes = [f"sha256 {patch[:12]}"] if isinstance(patch, str) else []
    changes += [f"{len(untracked)} untracked"] if isinstance(untracked, list) and untracked else []
    return ", ".join(changes) or (None if code.get("git_dirty") else "none")


def _mapping(value: object) -> Mapping:
    return value if isinstance(value, Mapping) else {}


def _packages() -> dict[str, str]:
    """name -> version of what rnnlab depends on and of the compilers that are installed."""
    from importlib.metadata import PackageNotFoundError, version

    found = {}
    for name in (*PACKAGES, *COMPILERS):
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def _cpu_model() -> str:
    """The processor's name as the operating system gives it, or its architecture."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        lines = []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()
