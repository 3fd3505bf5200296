"""The update loop: forward, backward, clip, update; a generator that yields one record per update."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np

from rnnlab.engine.checks import check_pass
from rnnlab.engine.clipping import clip
from rnnlab.engine.divergence import RUNAWAY, first_non_finite, largest_norm
from rnnlab.engine.network import Loss, Network, Penalty, States
from rnnlab.engine.norms import norm
from rnnlab.engine.optimizers import Optimizer
from rnnlab.engine.sampling import Minibatch, Source
from rnnlab.engine.shards import Shard
from rnnlab.engine.stopping import EarlyStopping, Validation


@dataclass(frozen=True)
class Update:
    """What one update was, for R models. Entries of models that stand still are NaN.

    Attributes
    ----------
    number, epoch : int
        Counted from 1.
    ends_epoch : bool
        True for the last update of all too, which may cut an epoch short.
    sequences : int
        Sequences in the batch.
    fraction : float
        How much of its sequences the batch is: below 1 for a TBPTT segment of them. Over an epoch, the loss of
        whole sequences is sum(loss * sequences) / sum(fraction * sequences).
    loss : (R,)
        Before the update, penalties included; of a fit in closed form, which takes a single update, after it.
    learning_rate : float
    norm, clip_scale : (R,)
        Global gradient norm before clipping, and what the gradient was multiplied by; NaN where none was taken.
    norms : (R, n)
        Gradient norm of each parameter before clipping, in the order of the layout.
    clipped : (R,) bool
        Whether clipping fired.
    validation_loss : (R,) or None
        After the update, at the end of an epoch, where there is a validation tail.
    diverged : mapping of int to str
        Models that diverged in this update, with the first tensor that was not finite; `weights` for one whose
        parameters are finite but have grown beyond all measure.
    """

    number: int
    epoch: int
    ends_epoch: bool
    sequences: int
    fraction: float
    loss: np.ndarray
    learning_rate: float
    norm: np.ndarray
    clip_scale: np.ndarray
    norms: np.ndarray
    clipped: np.ndarray
    validation_loss: np.ndarray | None = None
    diverged: Mapping[int, str] = field(default_factory=dict)


class Training(ABC):
    """R models that are trained on one source of sequences, update by update; iterate to train.

    Attributes
    ----------
    network : Network
    theta : (R, P)
        Parameters, updated in place.
    sampling : Source
        What each update sees.
    updates, done : int
        How many updates to make, and how many are made.
    active : (R,) bool
        False for models that stand still: diverged, or out of patience.
    states : States or None
        From which the next update goes on, where it does.
    """

    def __init__(self, network: Network, theta: np.ndarray, sampling: Source, loss: Loss, updates: int) -> None:
        check_pass(network.architecture, network.layout.size, theta, sampling.sequences, None, loss)
        self.network, self.theta, self.sampling, self.updates = network, theta, sampling, updates
        self.active: np.ndarray = np.ones(len(theta), bool)
        self.done = 0
        self.states: States | None = None
        self._loss = loss

    def __iter__(self) -> Iterator[Update]:
        while not self.ended:
            yield self._update()

    @property
    def ended(self) -> bool:
        """Whether no update is left to make: all are made, or every model stands still."""
        return self.done >= self.updates or not self.active.any()

    @property
    def stopped_early(self) -> dict[int, int]:
        """Models that ran out of patience, with the epoch, counted from 1, whose parameters remain."""
        return {}

    @property
    def result(self) -> np.ndarray:
        """The parameters that the training would have if it ended now, (R, P), a copy: with early stopping the best."""
        return self.theta.copy()

    @property
    def updates_of_result(self) -> np.ndarray:
        """How many updates led to the parameters of `result`, (R,)."""
        return np.full(len(self.theta), self.done)

    def lengthen(self) -> None:  # noqa: B027
        """Let models that ran out of patience go on: called on a training that is restored to make more updates."""

    @abstractmethod
    def _update(self) -> Update:
        """Make the next update."""

    def state(self) -> dict[str, np.ndarray]:
        """Everything that the next update depends on, as arrays of their own: what a checkpoint holds."""
        return {"theta": self.theta.copy(), "active": self.active.copy(), "done": np.array(self.done)}

    def restore(self, held: Mapping[str, np.ndarray]) -> None:
        """Take up a training where `state` left it."""
        self.theta[...] = held["theta"]
        self.active, self.done = held["active"].copy(), int(held["done"])

    def _where_not_finite(self, model: int, minibatch: Minibatch, initial: States | None) -> str | None:
        """The first tensor of a model that is not finite in the passes over a minibatch."""
        alone = Shard(slice(model, model + 1), slice(0, minibatch.batch.sequences))
        batch = minibatch.batch.cut(alone, self.sampling.readout)
        states = None if initial is None else [[state[model] for state in of_layer] for of_layer in initial]
        return first_non_finite(self.network, self.theta[model], batch, self._loss, states)


class GradientDescent(Training):
    """Gradient descent on R models at once.

    A model whose loss or gradient is no longer finite, or whose parameters have grown by a factor of a million, is
    frozen with the last parameters before that; the others go on as if it were not there.

    Parameters
    ----------
    network : Network
    theta : (R, P)
        Initial parameters; updated in place.
    sampling : Source
        What each update sees.
    loss : function
        One of `rnnlab.engine.losses`.
    optimizer : Optimizer
    updates : int
        How many updates to make.
    learning_rate : function
        Learning rate of update number 0, 1, ...
    clipping : (str, float)
        Kind and threshold, see `rnnlab.engine.clipping`.
    weight_penalty : function, optional
        (theta, gradient) -> value: a regularizer of the weights, see `rnnlab.engine.regularizers.l2`.
    penalty : function, optional
        A regularizer of the gradient flow, see `rnnlab.engine.regularizers`.
    stopping : EarlyStopping, optional
    """

    def __init__(
        self,
        network: Network,
        theta: np.ndarray,
        sampling: Source,
        loss: Loss,
        optimizer: Optimizer,
        *,
        updates: int,
        learning_rate: Callable[[int], float],
        clipping: tuple[str, float] = ("none", np.inf),
        weight_penalty: Callable[[np.ndarray, np.ndarray], np.ndarray] | None = None,
        penalty: Penalty | None = None,
        stopping: EarlyStopping | None = None,
    ) -> None:
        super().__init__(network, theta, sampling, loss, updates)
        self._optimizer, self._learning_rate = optimizer, learning_rate
        self._clipping = clipping
        self._weight_penalty, self._penalty = weight_penalty, penalty
        self._validation = None if stopping is None else Validation(stopping, sampling, theta)
        self._largest_norm = largest_norm(theta)
        self._before = theta.copy()  # the parameters of the last update, whose loss was finite
        self._last: np.ndarray | None = None  # of a training that has ended with the best: those that came last

    def __iter__(self) -> Iterator[Update]:
        yield from super().__iter__()
        if self._validation is not None:
            self._last = self.theta.copy()
            self._validation.take_best(self.theta)

    @property
    def stopped_early(self) -> dict[int, int]:
        """Models that ran out of patience, with the epoch, counted from 1, whose parameters remain."""
        return {} if self._validation is None else self._validation.stopped

    @property
    def result(self) -> np.ndarray:
        """The parameters that the training would have if it ended now, (R, P), a copy: with early stopping the best."""
        theta = self.theta.copy()
        if self._validation is not None:
            self._validation.take_best(theta)
        return theta

    @property
    def updates_of_result(self) -> np.ndarray:
        """How many updates led to the parameters of `result`, (R,): with early stopping, those up to the best epoch."""
        made = super().updates_of_result
        if self._validation is None:
            return made
        epochs = self._validation.best_epochs
        return np.where(epochs > 0, np.minimum(epochs * self.sampling.updates_per_epoch, made), made)

    def lengthen(self) -> None:
        """Let models that ran out of patience go on, with their patience whole again."""
        if self._validation is not None:
            self.active |= self._validation.renew()

    def _update(self) -> Update:
        with np.errstate(over="ignore", invalid="ignore", divide="ignore", under="ignore"):
            minibatch = self.sampling.minibatch(self.done)
            initial = minibatch.initial_states(self.network, self.theta, self.states)
            result = self.network.gradients(
                self.theta, minibatch.batch, self._loss, states=initial, penalty=self._penalty
            )
            gradient, value = result.parameters, result.loss
            if self._weight_penalty is not None:
                value = value + self._weight_penalty(self.theta, gradient)
            clipped = clip(gradient, self.network.layout, *self._clipping)
            diverged = self._freeze(np.isfinite(value) & np.isfinite(clipped.norm), minibatch, initial)
            rate = self._learning_rate(self.done)
            everyone, moved = self.active.all(), self.active.copy()
            np.copyto(self._before, self.theta, where=True if everyone else self.active[:, None])
            self._optimizer.update(self.theta, gradient, rate, None if everyone else self.active)
            for name in self.network.layout.frozen:  # weight decay moves what has no gradient
                frozen = self.network.layout.where(name)
                self.theta[:, frozen] = self._before[:, frozen]
            self.states = self._carried(result.states)
            self.done += 1
            if self.done == self.updates:  # no further pass would see where this update led
                value_after = self.network.loss(self.theta, minibatch.batch, self._loss, states=initial)
                diverged |= self._freeze(np.isfinite(value_after), minibatch, initial)
            ends_epoch = minibatch.ends_epoch or self.done == self.updates
            validation = self._validate(minibatch.epoch + 1) if ends_epoch else None
        return Update(
            self.done,
            minibatch.epoch + 1,
            ends_epoch,
            minibatch.batch.sequences,
            minibatch.fraction,
            _of(moved, value),
            rate,
            _of(moved, clipped.norm),
            _of(moved, clipped.scale),
            _of(moved, clipped.norms),
            clipped.fired & moved,
            validation,
            diverged,
        )

    def _freeze(self, finite: np.ndarray, minibatch: Minibatch, initial: States | None) -> dict[int, str]:
        """Stop the models that diverged, say where, and take them back to their last finite state."""
        named: dict[int, str] = {}
        size = np.sqrt(np.einsum("rp,rp->r", self.theta, self.theta))
        if not np.isfinite(size).all():  # or squares that float32 does not hold
            size = norm(self.theta, -1)
        bounded = size <= self._largest_norm
        sound = finite & bounded
        for model in np.flatnonzero(self.active & ~sound).tolist():
            otherwise = "loss" if bounded[model] else RUNAWAY
            named[model] = self._where_not_finite(model, minibatch, initial) or otherwise
            self.theta[model] = self._before[model]
        self.active &= sound
        return named

    def _carried(self, states: States) -> States | None:
        """The states for the next update; models that stand still carry nothing that could spread."""
        if not self.sampling.carries:
            return None
        if self.active.all():
            return states
        for of_layer in states:
            for state in of_layer:
                state[~self.active] = 0
        return states

    def _validate(self, epoch: int) -> np.ndarray | None:
        """Loss on the validation tail, (R,), after which models that are out of patience stand still."""
        if self._validation is None:
            return None
        value = self._validation.look(self.network, self.theta, self._loss, self.active, epoch)
        shown = _of(self.active, value)
        self.active &= ~self._validation.out_of_patience
        return shown

    def state(self) -> dict[str, np.ndarray]:
        """With the optimizer's moments, the state carried to the next update, and what early stopping knows."""
        held = super().state() | {"before": self._before, "largest_norm": self._largest_norm}
        if self._last is not None:
            held["last"] = self._last
        for layer, of_layer in enumerate(self.states or []):
            held |= {f"state.{layer}.{k}": state for k, state in enumerate(of_layer)}
        if self._validation is not None:
            held |= self._validation.state()
        held |= {f"optimizer.{name}": np.asarray(value) for name, value in self._optimizer.state().items()}
        return {name: value.copy() for name, value in held.items()}

    def restore(self, held: Mapping[str, np.ndarray]) -> None:
        """Take up a training where `state` left it."""
        super().restore(held)
        self.theta[...] = held.get("last", held["theta"])
        self._before[...] = held["before"]
        self._largest_norm = held.get("largest_norm", self._largest_norm).copy()  # checkpoints of old have none
        if self._validation is not None:
            self._validation.restore(held)
        self.states = _nested(held, "state.") or None
        prefix = "optimizer."
        self._optimizer.load({n.removeprefix(prefix): v for n, v in held.items() if n.startswith(prefix)})


def _nested(held: Mapping[str, np.ndarray], prefix: str) -> States:
    """The arrays `<prefix><layer>.<k>` as a list per layer."""
    nested: States = []
    while (name := f"{prefix}{len(nested)}.0") in held:
        of_layer = []
        while name in held:
            of_layer.append(held[name].copy())
            name = f"{prefix}{len(nested)}.{len(of_layer)}"
        nested.append(of_layer)
    return nested


def _of(models: np.ndarray, values: np.ndarray) -> np.ndarray:
    """The values of these models, NaN for the others."""
    if models.all():
        return values
    return np.where(models.reshape(-1, *(1,) * (values.ndim - 1)), values, np.nan)
