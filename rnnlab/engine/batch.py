"""A batch of sequences as the outside world writes it: time-major rows, (T, B, F)."""

from dataclasses import dataclass
from functools import reduce

import numpy as np

from rnnlab.engine.shards import Shard


@dataclass(frozen=True)
class Batch:
    """Inputs and targets of B sequences of T steps.

    Attributes
    ----------
    inputs : (T, B, I) numbers or (T, B) int tokens
        With a model axis (T, R, B, ...); without one every model of an ensemble reads the same.
    targets : array, optional
        Readout at the last step: (B, O) numbers or (B,) int classes; at every step (T, B, O) or (T, B).
        With a model axis, R comes before B. None for a forward pass whose outputs are held against nothing.
    lengths : (B,) or (R, B) int, optional
        Steps of each sequence, where they differ; what stands behind them is not looked at.
    per_model : bool
        True where the arrays have a model axis.
    weights : array, optional
        What the loss of each output is multiplied by: (B,) for a readout at the last step, (T, B) at every step, with a
        model axis before B. The mean over the batch stays one over B sequences.
    ignored : int, optional
        The class of targets that add nothing, whatever the network says, such as -1.
    """

    inputs: np.ndarray
    targets: np.ndarray | None = None
    lengths: np.ndarray | None = None
    per_model: bool = False
    weights: np.ndarray | None = None
    ignored: int | None = None

    @property
    def known_good(self) -> tuple[int, int] | None:
        """Sizes of vocabulary and classes that its values were checked for, or those of what it was cut from."""
        return getattr(self, "_good", None)

    def mark_good(self, sizes: tuple[int, int] | None) -> "Batch":
        """Remember that its values were checked."""
        object.__setattr__(self, "_good", sizes)
        return self

    @property
    def tokens(self) -> bool:
        """Whether the inputs are tokens (T, B) rather than vectors (T, B, I)."""
        return np.issubdtype(self.inputs.dtype, np.integer)

    @property
    def steps(self) -> int:
        """T, the steps of the longest sequence."""
        return self.inputs.shape[0]

    @property
    def sequences(self) -> int:
        """B, the sequences of one model."""
        return self.inputs.shape[-1] if self.tokens else self.inputs.shape[-2]

    def cut(self, shard: Shard, readout: str) -> "Batch":
        """The part of a shard. A shard of one model has no model axis."""
        last, rows = readout == "last", shard.sequences
        inputs = self.inputs[..., rows] if self.tokens else self.inputs[..., rows, :]
        targets = self.targets
        if targets is not None:
            targets = targets[..., rows] if self._classes(last) else targets[..., rows, :]
        lengths = None if self.lengths is None else self.lengths[..., rows]
        weights = None if self.weights is None else self.weights[..., rows]
        if not self.per_model or shard.models is None:
            return self._with(inputs, targets, lengths, weights, self.per_model)
        which = shard.which
        return self._with(
            inputs[:, which],
            None if targets is None else targets[which] if last else targets[:, which],
            None if lengths is None else lengths[which],
            None if weights is None else weights[which] if last else weights[:, which],
            not isinstance(which, int),
        )

    def take(self, rows: slice | np.ndarray, readout: str) -> "Batch":
        """Some of the sequences, the same for all models (a slice) or each model's own ((R, n) int)."""
        last = readout == "last"
        targets, weights = (
            None if array is None else array[rows] if last else array[:, rows] for array in (self.targets, self.weights)
        )
        lengths = None if self.lengths is None else self.lengths[rows]
        return self._with(self.inputs[:, rows], targets, lengths, weights, not isinstance(rows, slice))

    def steps_between(self, start: int, stop: int, readout: str) -> "Batch":
        """The steps start..stop - 1; a sequence that ends before `start` has no steps left."""
        targets, weights = (
            array if readout == "last" or array is None else array[start:stop] for array in (self.targets, self.weights)
        )
        lengths = None if self.lengths is None else np.clip(self.lengths - start, 0, stop - start)
        return self._with(self.inputs[start:stop], targets, lengths, weights, self.per_model)

    def _with(
        self,
        inputs: np.ndarray,
        targets: np.ndarray | None,
        lengths: np.ndarray | None,
        weights: np.ndarray | None,
        per_model: bool,
    ) -> "Batch":
        """A part of this batch: what was checked here is right there."""
        return Batch(inputs, targets, lengths, per_model, weights, self.ignored).mark_good(self.known_good)

    def mask(self, ensemble: bool) -> np.ndarray | None:
        """(T, ..., 1, B) bool, True where a sequence has no step t; None where all sequences have all steps."""
        if self.lengths is None:
            return None
        return self._with_ensemble(self.behind_end()[..., None, :], ensemble)

    def input_columns(self, ensemble: bool) -> np.ndarray:
        """Inputs as the engine holds them: (T, ..., I, B); tokens as they are, (T, ..., B)."""
        inputs = self._blank(self.inputs) if self.tokens else np.swapaxes(self.inputs, -1, -2)
        return self._with_ensemble(inputs, ensemble)

    def target_columns(self, every: bool, ensemble: bool) -> np.ndarray:
        """Targets as the losses want them: (S, ..., O, B) or classes (S, ..., B), S = T or 1."""
        if self.targets is None:
            raise ValueError("A batch without targets has no loss.")
        if not self._classes(not every):
            targets = np.swapaxes(self.targets, -1, -2)
        elif self.ignored is None:
            targets = self.targets
        else:  # any class will do
            targets = np.where(self.targets == self.ignored, 0, self.targets)
        return self._with_ensemble(self._blank(targets) if every else targets[None], ensemble)

    def weight_columns(self, every: bool, ensemble: bool) -> np.ndarray | None:
        """What each output counts, (S, ..., B): booleans where it is all or nothing; None where all count alike."""
        counted: list[np.ndarray] = []
        if self.lengths is not None and every:
            counted.append(~self.behind_end())
        if self.ignored is not None and self._classes(not every):
            right = np.asarray(self.targets)
            counted.append((right if every else right[None]) != self.ignored)
        if self.weights is not None:
            counted.append(self._blank(self.weights) if every else self.weights[None])
        return self._with_ensemble(reduce(np.multiply, counted), ensemble) if counted else None

    def behind_end(self) -> np.ndarray:
        """(T, [R,] B) bool, True where a sequence has no step t."""
        assert self.lengths is not None
        return np.arange(self.steps).reshape(-1, *(1,) * self.lengths.ndim) >= self.lengths

    def _blank(self, columns: np.ndarray) -> np.ndarray:
        """Zeros behind a sequence's end, where anything may stand: NaN, tokens and classes that do not exist."""
        if self.lengths is None:
            return columns
        behind = self.behind_end()
        return np.where(behind if columns.ndim == behind.ndim else behind[..., None, :], 0, columns)

    def _with_ensemble(self, a: np.ndarray, ensemble: bool) -> np.ndarray:
        """A model axis of length one behind time where the parameters have one and the batch has none."""
        return a[:, None] if ensemble and not self.per_model else a

    def _classes(self, last: bool) -> bool:
        axes = 1 + (not last) + self.per_model
        return self.targets is not None and self.targets.ndim == axes and np.issubdtype(self.targets.dtype, np.integer)
