"""How much memory a training needs, and whether the machine has it."""

import math
import os
from dataclasses import replace
from pathlib import Path

from rnnlab.engine.architecture import Architecture
from rnnlab.engine.shards import LEAST_SEQUENCES, SHARD_BYTES
from rnnlab.errors import ConfigError
from rnnlab.words import count

# theta, its gradient, the last finite and the best parameters, two moments of the optimizer, one scratch.
COPIES = 7
# Bytes of Python objects, measured: the arrays of one step of a recurrence, and the result of a shard.
VIEWS, RESULT = 1600, 1500
BEYOND = 1024**6


def needed_bytes(
    architecture: Architecture, *, models: int, steps: int, itemsize: int, threads: int, sequences: int = 1
) -> int:
    """Bytes for parameters, for the buffers of one shard per thread, and for what shards leave behind.

    The least that a training needs, worked out without making anything that grows with the network.
    """
    a, size = architecture, parameters(architecture)
    recurrences = a.layers * a.directions
    per_sequence = steps * a.layer.numbers_per_step(a.input_size, a.hidden_size) * recurrences * itemsize
    fits = max(1, SHARD_BYTES // max(1, per_sequence))
    together = max(fits, LEAST_SEQUENCES)
    shards = models * -(-sequences // together) if fits < 4 * sequences else 0
    buffers = min(sequences, together) * per_sequence + steps * recurrences * VIEWS
    return models * COPIES * size * itemsize + threads * buffers + shards * (size * itemsize + RESULT)


def parameters(architecture: Architecture) -> int:
    """How many parameters a model has: layers after the first are all alike."""
    one, two = (
        sum(math.prod(parameter.shape) for parameter in replace(architecture, layers=layers).parameters().values())
        for layers in (1, 2)
    )
    return one + (architecture.layers - 1) * (two - one)


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


def check_memory(
    architecture: Architecture, *, models: int, steps: int, itemsize: int, threads: int, sequences: int = 1
) -> None:
    """Refuse a network that memory cannot hold.

    Raises
    ------
    ConfigError
        With what it would need and what there is.
    """
    needed = needed_bytes(
        architecture, models=models, steps=steps, itemsize=itemsize, threads=threads, sequences=sequences
    )
    available = available_bytes()
    if available is None or needed <= available:
        return
    key = "hidden_size" if architecture.hidden_size >= architecture.layers else "layers"
    at_least = "" if needed >= BEYOND else "at least "
    raise ConfigError(
        [
            f"{count(models, 'model')} with model.{key} {getattr(architecture, key)} would need "
            f"{at_least}{_readable(needed)} of memory; {_readable(available)} are free."
        ],
        hint=f"Choose a smaller model.{key}, fewer seeds or model.dtype: float32.",
    )


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
                f"{key} is too large for this machine: the data would need {_readable(needed)} of memory; "
                f"{_readable(available)} are free."
            ],
            hint=f"Choose a smaller {key}.",
        )


def _readable(size: int) -> str:
    if size >= BEYOND:  # integers know no largest number, floats do
        return "over 1,024 PiB"
    amount = float(size)
    for unit in ("bytes", "KiB", "MiB", "GiB", "TiB", "PiB"):
        if amount < 1024 or unit == "PiB":
            break
        amount /= 1024
    return f"{amount:.0f} {unit}" if unit == "bytes" else f"{amount:,.1f} {unit}"
