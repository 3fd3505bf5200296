"""What the price folder keeps: listed without what fetches it."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rnnlab.data.prices.kept import Listing, entries
from rnnlab.data.prices.snapshots import SYMBOLS
from rnnlab.data.prices.store import data_folder
from rnnlab.files import user_path


@dataclass(frozen=True)
class PriceFolder:
    """What can be forecast without a source.

    Attributes
    ----------
    path : Path
    kept : sequence of Listing
        By symbol.
    bundled : sequence of str
        Symbols whose snapshots come with rnnlab.
    """

    path: Path
    kept: Sequence[Listing]
    bundled: Sequence[str]


def list_prices(data_dir: Path | None = None) -> PriceFolder:
    """What the price folder keeps.

    Parameters
    ----------
    data_dir : Path, optional
        The price folder; left out, ``RNNLAB_DATA``, else ``data`` in the working folder.

    Returns
    -------
    PriceFolder

    Raises
    ------
    DataError
        If the folder cannot be read.
    """
    folder = price_folder(data_dir)
    return PriceFolder(folder, list(entries(folder)), tuple(SYMBOLS))


def price_folder(data_dir: Path | None) -> Path:
    """The folder that is named, else ``RNNLAB_DATA``, else ``data``."""
    return user_path(data_dir) if data_dir else data_folder()
