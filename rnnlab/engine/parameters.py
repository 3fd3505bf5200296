"""All parameters of a network in one flat vector, with named views into it.

Clipping is then one norm and an optimizer a handful of in-place operations on one vector, however many layers.
A leading model axis R turns the vector (P,) into (R, P); every view gains the same axis in front.
"""

import math
from collections.abc import Mapping

import numpy as np


class Layout:
    """Where each named parameter lies in the flat vector.

    Parameters
    ----------
    shapes : mapping of str to tuple of int
        Name -> shape, in the order in which they are laid out. Parameters that stand side by side and share their last
        axis can be seen as one matrix, see `joined`.

    Attributes
    ----------
    size : int
        Number of parameters, P.
    starts : (n,) int array
        Index of each parameter's first element, in order: what `np.add.reduceat` wants.
    """

    def __init__(self, shapes: Mapping[str, tuple[int, ...]]) -> None:
        self.shapes = dict(shapes)
        sizes = [math.prod(shape) for shape in self.shapes.values()]
        self.starts = np.concatenate(([0], np.cumsum(sizes)[:-1])).astype(np.intp)
        self.size = sum(sizes)
        self._start = dict(zip(self.shapes, self.starts.tolist(), strict=True))

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(self.shapes)

    def view(self, flat: np.ndarray, name: str) -> np.ndarray:
        """The parameter `name` inside `flat` ((P,) or (R, P)): a view, never a copy."""
        return self._cut(flat, self._start[name], self.shapes[name])

    def views(self, flat: np.ndarray) -> dict[str, np.ndarray]:
        """Every parameter inside `flat`, by name."""
        return {name: self.view(flat, name) for name in self.shapes}

    def joined(self, flat: np.ndarray, first: str, *others: str) -> np.ndarray:
        """Neighbouring parameters as one matrix, stacked along the rows: `[W_hh; W_xh; b_h]` as one (H + I + 1, G)."""
        columns = self.shapes[first][-1]
        rows = sum(math.prod(self.shapes[name]) for name in (first, *others)) // columns
        return self._cut(flat, self._start[first], (rows, columns))

    def norms(self, flat: np.ndarray) -> np.ndarray:
        """Euclidean norm of each parameter, shape (n,) or (R, n), accumulated in float64."""
        squares = np.square(flat, dtype=np.float64)
        return np.sqrt(np.add.reduceat(squares, self.starts, axis=-1))

    @staticmethod
    def _cut(flat: np.ndarray, start: int, shape: tuple[int, ...]) -> np.ndarray:
        part = flat[..., start : start + math.prod(shape)]
        return part.reshape(*flat.shape[:-1], *shape)
