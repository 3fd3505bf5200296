"""The training loss in the unit of the task, for those who watch it: bits per character, nats, RMSE."""

import math
from collections.abc import Callable
from dataclasses import dataclass

from rnnlab.experiments.problems import Problem


@dataclass(frozen=True)
class LossUnit:
    """A name for the loss of whole sequences, and what turns that loss into it."""

    name: str
    of: Callable[[float], float]


def loss_unit(config, problem: Problem) -> LossUnit:
    """How the loss of a config's sequences reads.

    The loss of a sequence is the sum over its outputs. It stays as it is where a penalty is part of it, where the
    sequences differ in length, and where targets are scaled or the loss is a mixture.
    """
    training, sequences, kind = config.training, problem.sequences, config.training.loss.kind
    every = config.model.readout == "every"
    plain = LossUnit("loss", lambda loss: loss)
    if training.l2 or training.omega is not None or (every and sequences.lengths is not None):
        return plain
    outputs = sequences.steps if every else 1
    if kind == "cross_entropy" and config.data.kind == "text":
        return LossUnit("bits per character", lambda loss: loss / outputs / math.log(2))
    if kind == "cross_entropy":
        return LossUnit("nats", lambda loss: loss / outputs)
    if kind == "half_squared_error" and config.data.kind == "synthetic":
        return LossUnit("RMSE", lambda loss: math.sqrt(2 * loss / outputs / problem.output_size))
    return plain
