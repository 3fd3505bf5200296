"""Names of columns, whichever case and punctuation they are written in."""

import re


def key_of(name: str) -> str:
    """``Adj Close`` and ``<CLOSE>`` as ``adj_close`` and ``close``."""
    return re.sub(r"[^0-9a-z]+", "_", name.casefold()).strip("_")
