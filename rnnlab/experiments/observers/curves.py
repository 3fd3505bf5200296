"""Curves over the updates of a training, in bounded memory."""

from collections.abc import Mapping

import numpy as np

MOST_POINTS = 2048
LEAST_POINTS = 256
MOST_NUMBERS = 1 << 22  # in the values of one curve: 32 MB


class Curve:
    """Values over updates 0, 1, 2, ...: all of them while they are few, then one point for every `stride` of them.

    When there are `most` points, neighbours are merged in pairs and the stride doubles. A point holds the values of one
    of its updates, and the least and the largest values of all of them: a single exploded gradient is never lost.
    Which update stands for its point is drawn evenly (by a hash of the point's place): had each point its first, a
    cycle of minibatches as long as the stride would show one minibatch only.
    What is held depends on the values alone, not on the blocks in which they came.

    A training holds its curves in memory and in checkpoints, and draws from them: tables of millions of updates take
    long to read, and lack rows where the disk was full. The same rows read back from its tables give the same curve.

    Parameters
    ----------
    shape : tuple of int
        Of the values of one update.
    most : int
        Largest number of points, even.
    """

    def __init__(self, shape: tuple[int, ...], most: int | None = None) -> None:
        if most is None:
            fitting = MOST_NUMBERS // max(1, int(np.prod(shape)))
            most = min(MOST_POINTS, max(LEAST_POINTS, fitting - fitting % 2))
        self._most = most
        self.count, self.stride = 0, 1
        self._places = np.empty(0, np.int64)
        self._values = self._lowest = self._highest = np.empty((0, *shape))

    @property
    def places(self) -> np.ndarray:
        """Which update each point shows, counted from 0: (points,), ascending."""
        return self._places

    @property
    def ends(self) -> np.ndarray:
        """How many updates there are up to the end of each point: (points,)."""
        return np.minimum((np.arange(len(self._places)) + 1) * self.stride, self.count)

    @property
    def values(self) -> np.ndarray:
        """(points, *shape); not to be written to, like `lowest` and `highest`."""
        return self._values

    @property
    def lowest(self) -> np.ndarray:
        """Least values of the updates of each point that are not NaN."""
        return self._lowest

    @property
    def highest(self) -> np.ndarray:
        """Largest values of the updates of each point that are not NaN."""
        return self._highest

    def extend(self, block: np.ndarray) -> None:
        """Add the values of the next updates, (updates, *shape)."""
        with np.errstate(invalid="ignore"):
            while len(block):
                room = self._most * self.stride - self.count
                self._append(block[:room])
                block = block[room:]
                if self.count == self._most * self.stride:
                    self._merge_pairs()

    def _append(self, block: np.ndarray) -> None:
        s, first, stop = self.stride, self.count, self.count + len(block)
        points = np.arange(first // s, (stop - 1) // s + 1)
        starts = np.maximum(points * s - first, 0)
        if s == 1:
            self._places = np.concatenate([self._places, points])
            self._values = self._lowest = self._highest = np.concatenate([self._values, block])
            self.count = stop
            return
        lowest, highest = (extreme.reduceat(block, starts, axis=0) for extreme in (np.fmin, np.fmax))
        drawn = points * s + (_hash(points, s) % np.uint64(s)).astype(np.int64) - first
        reached = (drawn >= 0) & (drawn < len(block))
        shown = np.where(reached, drawn, starts)
        places, values = first + shown, block[shown]
        whole = len(self._places)
        if first % s:  # the last point is not full yet
            whole -= 1
            lowest[0] = np.fmin(lowest[0], self._lowest[whole])
            highest[0] = np.fmax(highest[0], self._highest[whole])
            if not reached[0]:
                places[0], values[0] = self._places[whole], self._values[whole]
        self._places = np.concatenate([self._places[:whole], places])
        self._values = np.concatenate([self._values[:whole], values])
        self._lowest = np.concatenate([self._lowest[:whole], lowest])
        self._highest = np.concatenate([self._highest[:whole], highest])
        self.count = stop

    def _merge_pairs(self) -> None:
        pairs = np.arange(self._most // 2)
        shown = 2 * pairs + (_hash(pairs, 2 * self.stride) >> np.uint64(63)).astype(np.int64)
        self._places, self._values = self._places[shown], self._values[shown]
        self._lowest = np.fmin(self._lowest[::2], self._lowest[1::2])
        self._highest = np.fmax(self._highest[::2], self._highest[1::2])
        self.stride *= 2

    def state(self) -> dict[str, np.ndarray]:
        """Everything it holds."""
        held = {"count": np.array(self.count), "stride": np.array(self.stride)}
        held |= {"places": self._places.copy(), "values": self._values.copy()}
        if self.stride > 1:
            held |= {"lowest": self._lowest.copy(), "highest": self._highest.copy()}
        return held

    def restore(self, held: Mapping[str, np.ndarray]) -> None:
        """Continue from a `state`; ValueError for one that no curve has."""
        self.count, self.stride = int(held["count"]), int(held["stride"])
        self._places, self._values = held["places"].copy(), held["values"].copy()
        self._lowest = self._highest = self._values
        if self.stride > 1:
            self._lowest, self._highest = held["lowest"].copy(), held["highest"].copy()
        points = -(-self.count // self.stride) if self.count >= 0 < self.stride else -1
        of_a_curve = {array.shape for array in (self._values, self._lowest, self._highest)}
        if self.stride & (self.stride - 1) or points > self._most or len(self._places) != points:
            raise ValueError(f"a curve of {self.count} updates has {len(self._places)} points of {self.stride} each")
        if of_a_curve != {(points, *self._values.shape[1:])}:
            raise ValueError(f"a curve of {points} points has values of the shapes {sorted(of_a_curve)}")


def _hash(points: np.ndarray, stride: int) -> np.ndarray:
    """64 even bits for each point: the finalizer of splitmix64 (Steele, Lea and Flood 2014)."""
    bits = (points.astype(np.uint64) + np.uint64(1)) * np.uint64(0x9E3779B97F4A7C15) + np.uint64(stride)
    bits = (bits ^ (bits >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    bits = (bits ^ (bits >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return bits ^ (bits >> np.uint64(31))
