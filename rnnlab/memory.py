"""How much memory there is, and whether data fit in it."""

import os
from pathlib import Path

from rnnlab.errors import ConfigError

BEYOND = 1024**6


def available_bytes() -> int | None:
    """Memory that can be had without pushing anything out, or None where the system does not say."""
    known = []
    for path, read in (
        ("/proc/meminfo", lambda text: int(text.split("MemAvailable:")[1].split()[0]) * 1024),
        ("/sys/fs/cgroup/memory.max", int),
    ):
        try:
            known.append(read(Path(path).read_text()))
        except (OSError, ValueError, IndexError):
            continue
    if not known and hasattr(os, "sysconf") and "SC_PHYS_PAGES" in os.sysconf_names:
        known.append(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"))
    return min(known, default=None)


def check_data(elements: int, key: str) -> None:
    """Refuse data that memory cannot hold, before they are made.

    Parameters
    ----------
    elements : int
        Numbers of 8 bytes that they consist of.
    key : str
        The key of the config that asks for so many.

    Raises
    ------
    ConfigError
        With what they would need and what there is.
    """
    available, needed = available_bytes(), 8 * elements
    if available is not None and needed > available:
        raise ConfigError(
            [
                f"{key} is too large for this machine: the data would need {readable(needed)} of memory; "
                f"{readable(available)} are free."
            ],
            hint=f"Choose a smaller {key}.",
        )


def readable(size: int) -> str:
    """A number of bytes as a person reads it: `1.5 KiB`."""
    if size >= BEYOND:  # integers know no largest number, floats do
        return "over 1,024 PiB"
    amount = float(size)
    for unit in ("bytes", "KiB", "MiB", "GiB", "TiB", "PiB"):
        if amount < 1024 or unit == "PiB":
            break
        amount /= 1024
    return f"{amount:.0f} {unit}" if unit == "bytes" else f"{amount:,.1f} {unit}"
