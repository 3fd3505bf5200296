"""Which process runs a run, and whether it still does."""

import os
import platform
import subprocess
from collections.abc import Mapping
from functools import cache
from pathlib import Path


def identity() -> dict[str, object]:
    """Describe this process so that a later reader can tell it from another one with the same number."""
    pid = os.getpid()
    return {"pid": pid, "started": _started(pid), "host": platform.node()}


def is_alive(process: Mapping[str, object]) -> bool | None:
    """Tell whether the process that `identity` described still runs; None where this machine cannot know."""
    pid, host = process.get("pid"), process.get("host")
    if not isinstance(pid, int) or host != platform.node() or os.name != "posix":
        return None
    started = _started(pid)
    if started is None:
        return _exists(pid) and process.get("started") is None
    return process.get("started") in (None, started)


def _started(pid: int) -> str | None:
    """When a process began, in words only good for comparing; None if there is no such process."""
    stat = Path(f"/proc/{pid}/stat")
    if Path("/proc/self/stat").exists():
        try:
            # The name, in parentheses, may hold spaces and parentheses itself; state is field 3, start 22.
            fields = stat.read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
            return None if fields[0] in "ZX" else f"{_boot()} {fields[19]}"
        except OSError:
            return None
    if os.name != "posix":
        return None
    try:
        command = ["ps", "-o", "lstart=", "-p", str(pid)]
        answer = subprocess.run(command, capture_output=True, text=True, timeout=2, check=False)
    except (OSError, subprocess.SubprocessError):
        return None
    return answer.stdout.strip() or None


@cache
def _boot() -> str:
    return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()


def _exists(pid: int) -> bool:
    """Whether a process of that number runs, whoever owns it."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True
