"""All parameters of a network in one flat vector, with named views into it.

Clipping is then one norm and an optimizer a handful of in-place operations on one vector, however many layers.
A leading model axis R turns the vector (P,) into (R, P); every view gains the same axis in front.
"""

import math
from collections.abc import Iterable, Mapping

import numpy as np

from rnnlab.engine.norms import trusted

# Entries whose norms are taken at once: their squares stay in the processor's cache.
BLOCK_ENTRIES = 65_536


class Layout:
    """Where each named parameter lies in the flat vector.

    Parameters
    ----------
    shapes : mapping of str to tuple of int
        Name -> shape, in the order in which they are laid out. Parameters that stand side by side and share their last
        axis can be seen as one matrix, see `joined`.
    frozen : sequence of str
        Parameters that no training moves.

    Attributes
    ----------
    size : int
        Number of parameters, P.
    starts : (n,) int array
        Index of each parameter's first element, in order: what `np.add.reduceat` wants.
    """

    def __init__(self, shapes: Mapping[str, tuple[int, ...]], frozen: Iterable[str] = ()) -> None:
        self.shapes, self.frozen = dict(shapes), tuple(frozen)
        sizes = [math.prod(shape) for shape in self.shapes.values()]
        self.starts = np.concatenate(([0], np.cumsum(sizes)[:-1])).astype(np.intp)
        self.size = sum(sizes)
        self._start = dict(zip(self.shapes, self.starts.tolist(), strict=True))

    def part(self, name: str, keys: Iterable[str]) -> "Layout":
        """The layout of the parameters ``<name>.<key>`` by their keys, in the same flat vector."""
        part = Layout({key: self.shapes[f"{name}.{key}"] for key in keys})
        part._start = {key: self._start[f"{name}.{key}"] for key in part.shapes}
        return part

    @property
    def names(self) -> tuple[str, ...]:
        """The parameters, in the order of the flat vector."""
        return tuple(self.shapes)

    def view(self, flat: np.ndarray, name: str) -> np.ndarray:
        """The parameter `name` inside `flat` ((P,) or (R, P)): a view, never a copy."""
        return self._cut(flat, self._start[name], self.shapes[name])

    def where(self, name: str) -> slice:
        """The parameter's place on the last axis of the flat vector."""
        return slice(self._start[name], self._start[name] + math.prod(self.shapes[name]))

    def views(self, flat: np.ndarray) -> dict[str, np.ndarray]:
        """Every parameter inside `flat`, by name."""
        return {name: self.view(flat, name) for name in self.shapes}

    def joined(self, flat: np.ndarray, first: str, *others: str) -> np.ndarray:
        """Neighbouring parameters as one matrix, stacked along the rows: `[W_hh; W_xh; b_h]` as one (H + I + 1, G)."""
        columns = self.shapes[first][-1]
        rows = sum(math.prod(self.shapes[name]) for name in (first, *others)) // columns
        return self._cut(flat, self._start[first], (rows, columns))

    def norms(self, flat: np.ndarray) -> np.ndarray:
        """Euclidean norm of each parameter, (n,) or (R, n), in float64; see `rnnlab.engine.norms`."""
        rows = flat.reshape(-1, self.size)
        norms = np.empty((len(rows), len(self.starts)))
        step = max(1, BLOCK_ENTRIES // self.size)
        with np.errstate(over="ignore", under="ignore"):
            for start in range(0, len(rows), step):
                squares = np.square(rows[start : start + step], dtype=np.float64)
                np.add.reduceat(squares, self.starts, axis=-1, out=norms[start : start + step])
            np.sqrt(norms, out=norms)
        again = ~trusted(norms).all(axis=-1)
        if again.any():
            largest = np.maximum.reduceat(np.abs(rows[again]), self.starts, axis=-1).astype(np.float64)
            size = np.where((largest > 0) & np.isfinite(largest), largest, 1.0)
            scaled = rows[again] / np.repeat(size, np.diff(self.starts, append=self.size), axis=-1)
            exact = size * np.sqrt(np.add.reduceat(np.square(scaled), self.starts, axis=-1))
            norms[again] = np.where(trusted(norms[again]), norms[again], exact)
        return norms.reshape(*flat.shape[:-1], -1)

    @staticmethod
    def _cut(flat: np.ndarray, start: int, shape: tuple[int, ...]) -> np.ndarray:
        part = flat[..., start : start + math.prod(shape)]
        return part.reshape(*flat.shape[:-1], *shape)
