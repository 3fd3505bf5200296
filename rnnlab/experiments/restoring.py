"""Takes up a training, with its observers, where a checkpoint left it; nothing of it is used before it was checked."""

from collections.abc import Mapping, Sequence

import numpy as np

from rnnlab.engine.training import Training
from rnnlab.errors import RunFolderError
from rnnlab.experiments.observers import Observer, observer
from rnnlab.printable import shortened
from rnnlab.runs.checkpoints import Checkpoint

STARTING_OVER = "No checkpoint yet: starting over."
LATER = frozenset({"largest_norm", "last", "observer.recorder.last_validation"})  # which checkpoints of old do not have


def restore(checkpoint: Checkpoint, training: Training, observers: Sequence[Observer]) -> None:
    """Give a training and its observers, all of them new, the state that a checkpoint holds.

    Parameters
    ----------
    checkpoint : Checkpoint
        Its arrays are held against those that this training, and each observer, would write itself.
    training : Training
    observers : sequence of Observer

    Raises
    ------
    RunFolderError
        If an array is missing, has another shape or dtype, or holds what no training leaves; the training and the
        observers are of no use then.
    """
    held = checkpoint.arrays
    try:
        _check(held, training.state() | observer.state(observers))
        _check_course(held)
        if (update := checkpoint.metadata.get("update", done := int(held["done"]))) != done:
            raise ValueError(
                f"it says that it is of update {shortened(str(update), 30)}; its arrays are of update {done}"
            )
        training.restore(held)
        _check_carried(held, training)
        observer.restore(observers, held)
    except (KeyError, IndexError, TypeError, ValueError, OverflowError, AssertionError) as error:
        why = shortened(str(error).strip("'\""), 200)
        raise RunFolderError(f"The checkpoint {checkpoint.path.stem} is not one of this training: {why}.") from error


def lengthened_from(resumed: Sequence[Mapping[str, object]], update: int) -> bool:
    """Whether a training was given a new total after so many updates, or more; by the entries of its run.json."""
    since = [one.get("from_update") for one in resumed if one.get("lengthened") is True]
    return any(isinstance(one, int) and one >= update for one in since)


def _check(held: Mapping[str, np.ndarray], like: Mapping[str, np.ndarray]) -> None:
    """Hold arrays against those of a training that has not begun: an axis of length 0 there may have any length."""
    for name, expected in like.items():
        if name not in held:
            if name in LATER or _is_of_new_observer(name, held):
                continue
            raise ValueError(f"it has no array {name}")
        _check_array(name, held[name], expected)


def _check_array(name: str, found: np.ndarray, expected: np.ndarray) -> None:
    is_text = expected.dtype == np.uint8 and expected.ndim == 1  # packed, of any length
    shape = tuple(n if n else m for n, m in zip(expected.shape, found.shape, strict=False))
    if found.dtype != expected.dtype or found.ndim != expected.ndim or (found.shape != shape and not is_text):
        must = f"{expected.dtype} of shape {expected.shape}"
        raise ValueError(f"{name} must be {must}; it is {found.dtype} of shape {found.shape}")


def _is_of_new_observer(name: str, held: Mapping[str, np.ndarray]) -> bool:
    """Whether an observer that the checkpoint does not know of asks for the array."""
    prefix = ".".join(name.split(".")[:2]) + "."
    return name.startswith(f"{observer.PREFIX}.") and not any(other.startswith(prefix) for other in held)


def _check_course(held: Mapping[str, np.ndarray]) -> None:
    if int(held["done"]) < 0:
        raise ValueError(f"the updates that were made must be 0 or more; it has {int(held['done'])}")
    for name in ("theta", "last"):
        if name in held and not np.isfinite(held[name]).all():
            raise ValueError(f"{name} must be finite")


def _check_carried(held: Mapping[str, np.ndarray], training: Training) -> None:
    """Hold the states that go on into the next update against those that the update before leaves."""
    if not training.sampling.carries or training.done == 0:
        if any(name.startswith("state.") for name in held) and not training.sampling.carries:
            raise ValueError("it has hidden states, which this training does not carry")
        return
    with np.errstate(all="ignore"):
        minibatch = training.sampling.minibatch(training.done - 1)
        _, states = training.network.outputs(training.theta, minibatch.batch)
    like = {f"state.{layer}.{k}": state for layer, of_layer in enumerate(states) for k, state in enumerate(of_layer)}
    _check(held, like)
    if more := {name for name in held if name.startswith("state.")} - like.keys():
        raise ValueError(f"it has the array {min(more)}, which this training does not have")
