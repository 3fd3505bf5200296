"""The loss over everything that can be moved, as a function of one matrix with a row per model.

    x = [parameters | inputs | initial states]          (R, N), R = 1 for a lone model

so that a proof of its gradient need not know what the columns stand for.
"""

from dataclasses import replace

import numpy as np

from rnnlab.engine.batch import Batch
from rnnlab.engine.losses import huber
from rnnlab.engine.network import Loss, Network, States


class Objective:
    """A network's loss on one batch, and its hand-derived gradient, around a point.

    Parameters
    ----------
    network : Network
    theta : (P,) or (R, P)
    batch : Batch
        Integer tokens cannot be moved; numbers can.
    loss : function
        One of `rnnlab.engine.losses`.
    states : per recurrence a list of (..., B, H), optional
        Initial states. If left out, the architecture's own, which cannot be moved unless they are parameters.

    Attributes
    ----------
    columns : dict of str to slice
        Where each tensor lies: the parameters by name, `inputs`, `initial layer0.h_0`.
    frozen : list of slice
        Those of the parameters that no training moves, whose gradient is 0 by decree.
    point, gradient : (R, N) float64
    has_kinks : bool
        Whether the loss is only piecewise smooth: relu, Huber.
    """

    def __init__(
        self, network: Network, theta: np.ndarray, batch: Batch, loss: Loss, states: States | None = None
    ) -> None:
        self._network, self._loss, self._ensemble = network, loss, theta.shape[:-1]
        architecture = network.architecture
        self._has_kinked_layers = not architecture.layer.smooth
        self._has_huber = getattr(loss, "func", loss) is huber
        self.has_kinks = self._has_kinked_layers or self._has_huber
        self._batch = batch if batch.tokens else _for_each_model(batch, architecture.readout, self._ensemble)
        inputs = None if batch.tokens else self._batch.inputs
        tensors = self._tensors(theta, inputs, states)
        self._shapes = {name: tensor.shape for name, tensor in tensors.items()}
        ends = np.cumsum([tensor.size for tensor in tensors.values()]) // (self._ensemble or (1,))[0]
        starts = [0, *ends[:-1]]
        self.columns = {name: slice(int(a), int(b)) for name, a, b in zip(tensors, starts, ends, strict=True)}
        self.frozen = [self.columns[name] for name in network.layout.frozen]
        self.point = self._join(tensors)
        self.gradient = self._derive()

    def value(self, point: np.ndarray) -> np.ndarray:
        """The loss (R,) at a point (R, N), real or complex."""
        theta, batch, states = self._split(point)
        return np.atleast_1d(self._network.loss(theta, batch, self._loss, states=states))

    def sides(self, point: np.ndarray) -> list[np.ndarray]:
        """On which side of every kink a point (R, N) lies, as arrays of bool."""
        theta, batch, states = self._split(point)
        sides: list[np.ndarray] = []
        if self._has_kinked_layers:
            activations = self._network.activations(theta, batch, states=states)
            sides += [of_layer["h"][1:] > 0 for of_layer in activations]
        if self._has_huber and batch.targets is not None:
            outputs, _ = self._network.outputs(theta, batch, states=states)
            delta = getattr(self._loss, "keywords", {}).get("delta", 1.0)
            targets = batch.targets if outputs.ndim == batch.targets.ndim else batch.targets[..., None, :, :]
            sides.append(np.abs(outputs - targets) <= delta)
        return sides

    def _derive(self) -> np.ndarray:
        theta, batch, states = self._split(self.point)
        result = self._network.gradients(
            theta, batch, self._loss, states=states, inputs=not batch.tokens, initial=states is not None
        )
        return self._join(self._tensors(result.parameters, result.inputs, result.initial))

    def _tensors(self, theta: np.ndarray, inputs: np.ndarray | None, states: States | None) -> dict[str, np.ndarray]:
        """All that can be moved, by name, with the model axis in front."""
        tensors = self._network.layout.views(theta)
        if inputs is not None:
            tensors["inputs"] = np.moveaxis(inputs, 1, 0) if self._ensemble else inputs
        if states is not None:
            for names, layer in zip(self._state_names(), states, strict=True):
                tensors |= dict(zip(names, layer, strict=True))
        return tensors

    def _split(self, point: np.ndarray) -> tuple[np.ndarray, Batch, States | None]:
        """A point as what the network takes."""
        tensors = {name: point[:, where].reshape(self._shapes[name]) for name, where in self.columns.items()}
        theta = point[:, : self._network.layout.size].reshape(*self._ensemble, -1)
        batch, states = self._batch, None
        if "inputs" in tensors:
            inputs = tensors["inputs"]
            batch = replace(batch, inputs=np.moveaxis(inputs, 0, 1) if self._ensemble else inputs)
        if self._state_names()[0][0] in tensors:
            states = [[tensors[name] for name in names] for names in self._state_names()]
        return theta, batch, states

    def _join(self, tensors: dict[str, np.ndarray]) -> np.ndarray:
        rows = self._ensemble or (1,)
        return np.concatenate([t.reshape(*rows, -1) for t in tensors.values()], axis=1).astype(np.float64)

    def _state_names(self) -> list[list[str]]:
        architecture = self._network.architecture
        names = [state.initial for state in architecture.states]
        return [[f"initial {recurrence}.{name}" for name in names] for recurrence, *_ in architecture.recurrences()]


def _for_each_model(batch: Batch, readout: str, ensemble: tuple[int, ...]) -> Batch:
    """The batch with a model axis where the parameters have one, so that each model's inputs move alone."""
    if not ensemble or batch.per_model:
        return batch

    def repeat(array: np.ndarray | None, axis: int) -> np.ndarray | None:
        return None if array is None else np.repeat(np.expand_dims(array, axis), ensemble[0], axis)

    return Batch(
        np.repeat(batch.inputs[:, None], ensemble[0], 1),
        repeat(batch.targets, 0 if readout == "last" else 1),
        repeat(batch.lengths, 0),
        per_model=True,
        weights=repeat(batch.weights, 0 if readout == "last" else 1),
        ignored=batch.ignored,
    )
