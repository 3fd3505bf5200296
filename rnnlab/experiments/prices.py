"""What the price folder keeps: listed without what fetches it."""

from pathlib import Path

from rnnlab.data.prices.kept import Listing, entries
from rnnlab.data.prices.snapshots import SYMBOLS as BUNDLED
from rnnlab.data.prices.store import data_folder
from rnnlab.files import user_path

__all__ = ["BUNDLED", "list_kept", "price_folder"]


def list_kept(data_dir: Path | None = None) -> tuple[Path, list[Listing]]:
    """The price folder, and what it keeps, by symbol."""
    folder = price_folder(data_dir)
    return folder, list(entries(folder))


def price_folder(data_dir: Path | None) -> Path:
    """The folder that is named, else ``RNNLAB_DATA``, else ``data``."""
    return user_path(data_dir) if data_dir else data_folder()
