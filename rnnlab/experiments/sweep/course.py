"""What the models of a slice go through, update by update."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from rnnlab.engine.training import Update
from rnnlab.runs.spool import Spool

LOSS, NORM, RECURRENT, CLIP_SCALE, PARAMETERS = 0, 1, 2, 3, 4  # columns; one for each parameter follows
AT_ONCE = 512  # updates


class Course:
    """Loss and gradient norms of R models in every update, in memory that does not grow with their number.

    Parameters
    ----------
    models : int
    names : sequence of str
        Of the parameters.
    folder : Path
        The run folder.

    Attributes
    ----------
    updates : int
    """

    def __init__(self, models: int, names: Sequence[str], folder: Path) -> None:
        self.updates = 0
        self._clipped = np.zeros(models, int)
        self._first = np.full((models, PARAMETERS + len(names)), np.nan)
        self._last = self._first.copy()
        self._recurrent = [k for k, name in enumerate(names) if name.endswith(".W_hh")]
        self._spool, self._waiting = Spool(folder), []

    def add(self, update: Update) -> None:
        """Take note of an update."""
        self._waiting.append(update)
        self.updates += 1
        if len(self._waiting) >= AT_ONCE:
            self._put_away()

    def blocks(self) -> Iterator[np.ndarray]:
        """All updates in their order, some at a time: (n, R, columns)."""
        self._put_away()
        yield from self._spool

    @property
    def clipped(self) -> np.ndarray:
        """Updates in which clipping fired, (R,)."""
        self._put_away()
        return self._clipped

    def ends(self) -> tuple[np.ndarray, np.ndarray]:
        """The first update, and the last in which a number was finite, (R, columns) each; NaN where there was none."""
        self._put_away()
        return self._first, self._last

    def _put_away(self) -> None:
        updates, self._waiting = self._waiting, []
        if not updates:
            return
        norms = np.array([update.norms for update in updates], float)
        recurrent = np.hypot.reduce(norms[..., self._recurrent], axis=-1)  # of squares that may overflow
        columns = [[update.loss for update in updates], [update.norm for update in updates], recurrent]
        columns.append([update.clip_scale for update in updates])
        block = np.concatenate([np.stack([np.asarray(c, float) for c in columns], axis=-1), norms], axis=-1)
        if not len(self._spool):
            self._first = block[0]
        finite = np.isfinite(block)
        place = len(block) - 1 - np.argmax(finite[::-1], axis=0)
        newest = np.take_along_axis(block, place[None], axis=0)[0]
        self._last = np.where(finite.any(axis=0), newest, self._last)
        self._clipped += np.sum([update.clipped for update in updates], axis=0)
        self._spool.append(block)
