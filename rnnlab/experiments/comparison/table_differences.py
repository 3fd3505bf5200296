"""Where the numbers of two runs begin to differ: the first row of a table that is not the same in both."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from rnnlab.errors import RunFolderError
from rnnlab.runs.tables import read_table

# The columns that tell which row it is, in the order of time.
TABLES = {
    "metrics.csv": ("update", "seed"),
    "gradient_norms.csv": ("update", "rho", "seed"),
    "results.csv": ("rho", "seed"),
}
NO_RESULTS = ("epoch", "learning_rate", "seconds")  # set by the config, or measured by the clock
ROUNDING = 1e-12  # relative: what another order of sums can make of a float64


@dataclass(frozen=True)
class FirstDifference:
    """A row in which the tables differ, before which they do not.

    Attributes
    ----------
    place : dict of str to number
        Which row: its update and seed, or rho and seed.
    column : str
        The first of the columns that differ.
    a, b : float or str
    columns : int
        How many columns of the row differ.
    """

    place: dict[str, float]
    column: str
    a: float | str
    b: float | str
    columns: int

    @property
    def relative(self) -> float | None:
        """|a - b| over the larger of |a| and |b|; None where one is no finite number."""
        a, b = self.a, self.b
        if isinstance(a, str) or isinstance(b, str) or not np.isfinite([a, b]).all():
            return None
        scale = max(abs(a), abs(b))
        return abs(a / scale - b / scale)

    @property
    def is_rounding(self) -> bool:
        """Whether the difference is no more than what another order of sums makes."""
        return self.relative is not None and self.relative <= ROUNDING


@dataclass(frozen=True)
class TableDifference:
    """What two tables of one name have in common.

    Attributes
    ----------
    table : str
    rows : int
        Rows that both have.
    only_a, only_b : int
        Rows that one of them has alone.
    first : FirstDifference or None
        None where all rows that both have are the same.
    """

    table: str
    rows: int
    only_a: int
    only_b: int
    first: FirstDifference | None

    @property
    def before_any_update(self) -> bool:
        """Whether they differ in the norms of the first gradient, that of the initial weights, before clipping."""
        if self.table != "gradient_norms.csv" or self.first is None:
            return False
        return self.first.place.get("update") == 1 and self.first.column != "clip_scale"

    def plain(self) -> dict[str, object]:
        """For JSON."""
        first = self.first
        return {
            "table": self.table,
            "rows": self.rows,
            "rows_only_a": self.only_a,
            "rows_only_b": self.only_b,
            "first_difference": first
            and {
                **first.place,
                "column": first.column,
                "a": first.a,
                "b": first.b,
                "relative": first.relative,
                "columns": first.columns,
            },
        }


def table_difference(a: Path, b: Path, name: str, warnings: list[str]) -> TableDifference | None:
    """Where the tables of two runs begin to differ; None where one is missing or damaged, of which a warning tells.

    Parameters
    ----------
    a, b : Path
        Run folders.
    name : str
        One of `TABLES`.
    warnings : list of str
        Written to.
    """
    tables = []
    for run, side in ((a, "A"), (b, "B")):
        try:
            table = read_table(run / name)
            keys = [key for key in TABLES[name] if key in table]
            table = read_table(run / name, numbers=keys) if "seed" in keys else {}
            tables.append(table)
            if not table:
                warnings.append(f"{side}: its {name} has no column seed.")
        except RunFolderError as error:
            warnings.append(f"{side}: {error.message}")
    return _difference(name, *tables) if len(tables) == 2 and all(tables) else None


def _difference(name: str, a: Mapping[str, np.ndarray], b: Mapping[str, np.ndarray]) -> TableDifference:
    keys = [key for key in TABLES[name] if key in a and key in b]
    rows_a, rows_b = _rows(a, keys), _rows(b, keys)
    shared = sorted(rows_a.keys() & rows_b.keys())
    here, there = ([rows[row] for row in shared] for rows in (rows_a, rows_b))
    columns = [name for name in a if name in b and name not in (*keys, *NO_RESULTS)]
    differs = {column: _unequal(a[column][here], b[column][there]) for column in columns}
    places = [int(np.argmax(row)) for row in differs.values() if row.any()]
    first = None
    if places:
        place = min(places)
        names = [column for column, row in differs.items() if row[place]]
        row = dict(zip(keys, shared[place], strict=True))
        of_a, of_b = (side[names[0]][rows[place]].item() for side, rows in ((a, here), (b, there)))
        first = FirstDifference(row, names[0], of_a, of_b, len(names))
    return TableDifference(name, len(shared), len(rows_a) - len(shared), len(rows_b) - len(shared), first)


def _rows(table: Mapping[str, np.ndarray], keys: list[str]) -> dict[tuple, int]:
    """Key of a row -> its place; the first of several of one key, and none without one."""
    found: dict[tuple, int] = {}
    for place, row in enumerate(zip(*(table[key].tolist() for key in keys), strict=True)):
        if all(value == value for value in row):  # an empty cell is NaN
            found.setdefault(row, place)
    return found


def _unequal(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Where two columns differ; two cells that are empty do not."""
    if a.dtype.kind == "U" or b.dtype.kind == "U":
        return a.astype("U") != b.astype("U")
    return (a != b) & ~(np.isnan(a) & np.isnan(b))
