"""How much memory a training needs, and whether the machine has it."""

import math
from dataclasses import replace

from rnnlab.engine.architecture import Architecture
from rnnlab.engine.shards import LEAST_SEQUENCES, SHARD_BYTES
from rnnlab.errors import ConfigError
from rnnlab.memory import BEYOND, available_bytes, readable
from rnnlab.words import count

# theta, its gradient, the last finite and the best parameters, two moments of the optimizer, one scratch.
COPIES = 7
# Bytes of Python objects, measured: the arrays of one step of a recurrence, and the result of a shard.
VIEWS, RESULT = 1600, 1500


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
            f"{at_least}{readable(needed)} of memory; {readable(available)} are free."
        ],
        hint=f"Choose a smaller model.{key}, fewer seeds or model.dtype: float32.",
    )
