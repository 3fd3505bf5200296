"""Loss and gradients of a batch, and how those of its shards become one."""

from dataclasses import dataclass, replace

import numpy as np

from rnnlab.engine.shards import Shard, assemble

States = list[list[np.ndarray]]


@dataclass(frozen=True)
class Gradients:
    """Loss and gradients of one batch.

    Attributes
    ----------
    loss : float64, () or (R,)
    parameters : (P,) or (R, P)
        dL/dtheta, laid out as the parameters themselves.
    states : per recurrence a list of (..., B, H)
        The states after the last step, to be carried into the next batch.
    inputs : (T, ..., B, I) or None
        dL/dx, where asked for.
    initial : as `states`, or None
        dL/dh_{-1} (and dL/dc_{-1}), where asked for.
    flow : per recurrence (T, ..., B, H), or None
        dL/dh_t of every step, where asked for; a reverse recurrence counts its steps from the end.
    """

    loss: np.ndarray
    parameters: np.ndarray
    states: States
    inputs: np.ndarray | None = None
    initial: States | None = None
    flow: list[np.ndarray] | None = None


def assemble_states(parts: list[States], shards: list[Shard], ensemble: bool) -> States:
    """The shards' states as those of the whole batch, (..., B, H)."""
    return [
        [
            assemble([part[layer][k] for part in parts], shards, ensemble=ensemble, time=False)
            for k in range(len(parts[0][layer]))
        ]
        for layer in range(len(parts[0]))
    ]


def add_up(parts: list[np.ndarray], shards: list[Shard], shape: tuple[int, ...]) -> np.ndarray:
    """Losses (...) or gradients (..., P) of the shards added in order."""
    if len(parts) == 1 and parts[0].shape == shape:
        return parts[0]
    total = np.zeros(shape, parts[0].dtype)
    for shard, part in zip(shards, parts, strict=True):
        total[... if shard.models is None else shard.which] += part
    return total


def join(parts: list[Gradients], shards: list[Shard], theta: np.ndarray) -> Gradients:
    """The shards' results as those of the whole batch."""
    ensemble, first = theta.ndim == 2, parts[0]
    if len(parts) == 1 and shards[0].whole_model_axis():
        return first
    inputs = [part.inputs for part in parts if part.inputs is not None]
    initial = [part.initial for part in parts if part.initial is not None]
    flows = list(zip(*(part.flow for part in parts if part.flow is not None), strict=True))
    return replace(
        first,
        loss=add_up([part.loss for part in parts], shards, theta.shape[:-1]),
        parameters=add_up([part.parameters for part in parts], shards, theta.shape),
        states=assemble_states([part.states for part in parts], shards, ensemble),
        inputs=assemble(inputs, shards, ensemble=ensemble, time=True) if inputs else None,
        initial=assemble_states(initial, shards, ensemble) if initial else None,
        flow=[assemble(list(flow), shards, ensemble=ensemble, time=True) for flow in flows] if flows else None,
    )
