"""The interface of whatever observes a training, and the loop that tells observers about each update."""

import json
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence

import numpy as np

from rnnlab.engine.training import Training, Update

PREFIX = "observer"


class Observer(ABC):
    """Observes a training: records it, measures it, shows it, saves it.

    An observer leaves the training as it is. What it knows beyond its constructor's arguments stands in its `state`,
    so that a training that is stopped, restored and continued is observed as if it had never stopped.

    Attributes
    ----------
    name : str
        An identifier; prefix of its arrays in a checkpoint: ``observer.<name>.<array>``.
    tables : tuple of str
        Tables of the run folder that it appends to. A checkpoint holds their sizes.
    """

    name: str
    tables: tuple[str, ...] = ()

    def before_update(self, training: Training) -> None:  # noqa: B027
        """Called before each update, with `training.done` updates made; never without an update to follow."""

    def after_update(self, training: Training, update: Update) -> None:  # noqa: B027
        """Called after each update."""

    def flush(self) -> None:  # noqa: B027
        """Hand rows that wait in memory to the tables, so that tables and `state` belong to the same update."""

    def end(self, training: Training) -> None:  # noqa: B027
        """Called once after the last update that is made, whether or not the training is complete."""

    @abstractmethod
    def state(self) -> dict[str, np.ndarray]:
        """Numeric arrays of its own that `restore` takes; {} for an observer that remembers nothing."""

    @abstractmethod
    def restore(self, held: Mapping[str, np.ndarray]) -> None:
        """Continue from a `state`; called before the first update, on an observer that was built with equal arguments.

        Parameters
        ----------
        held : mapping of str to ndarray
            Not written to. Empty where the checkpoint knows no observer of this name.
        """


def observe(training: Training, observers: Sequence[Observer]) -> Iterator[Update]:
    """Train, and tell the observers about every update, in their order.

    The caller may stop iterating after any update, and calls :func:`end` once it has.

    Yields
    ------
    Update
        After all observers were told about it.
    """
    updates = iter(training)
    while True:
        if not training.ended:
            for observer in observers:
                observer.before_update(training)
        update = next(updates, None)
        if update is None:
            return
        for observer in observers:
            observer.after_update(training, update)
        yield update


def end(training: Training, observers: Sequence[Observer]) -> None:
    """Tell the observers about the end, the last one first: one that saves the others' states sees them unfinished.

    All of them are told, whatever the others raise; the first error is raised then.
    """
    errors: list[Exception] = []
    for observer in reversed(observers):
        try:
            observer.end(training)
        except Exception as error:
            errors.append(error)
    if errors:
        raise errors[0]


def state(observers: Sequence[Observer]) -> dict[str, np.ndarray]:
    """The states of all observers under the names that they have in a checkpoint.

    Raises
    ------
    ValueError
        For a name that is no identifier, or that two observers have.
    """
    check_names(observers)
    return {
        f"{PREFIX}.{observer.name}.{name}": np.asarray(value)
        for observer in observers
        for name, value in observer.state().items()
    }


def restore(observers: Sequence[Observer], held: Mapping[str, np.ndarray]) -> None:
    """Give each observer its state from the arrays of a checkpoint, which may hold others."""
    check_names(observers)
    for observer in observers:
        prefix = f"{PREFIX}.{observer.name}."
        observer.restore({name.removeprefix(prefix): value for name, value in held.items() if name.startswith(prefix)})


def packed(texts: Iterable[str]) -> np.ndarray:
    """Texts as the numbers that a `state` holds."""
    return np.frombuffer(json.dumps(list(texts)).encode(), np.uint8)


def unpacked(held: np.ndarray) -> list[str]:
    """The texts of `packed`; ValueError for anything else."""
    texts = json.loads(held.tobytes())
    if not isinstance(texts, list) or not all(isinstance(text, str) for text in texts):
        raise ValueError("it must hold a list of texts")
    return texts


def check_names(observers: Sequence[Observer | type[Observer]]) -> None:
    """Refuse names that a checkpoint could not tell apart (ValueError)."""
    names = [observer.name for observer in observers]
    for name in names:
        if not name.isidentifier() or names.count(name) > 1:
            raise ValueError(f"The observers' names must be identifiers, each different; got {names}.")
