"""What may have been meant by a word that is not known."""

import difflib
from collections.abc import Callable, Iterable


def nearest(word: str, known: Iterable[str], *, most: int = 1, cutoff: float = 0.7) -> list[str]:
    """The known words that resemble one, in whatever case and with whatever dashes before it, the nearest first."""
    by_key: dict[str, list[str]] = {}
    for name in known:
        by_key.setdefault(_key(name), []).append(name)
    keys = difflib.get_close_matches(_key(word), by_key, most, cutoff)
    return [name for key in keys for name in by_key[key]][:most]


def did_you_mean(word: str, known: Iterable[str], *, cutoff: float = 0.7, shown: Callable[[str], str] = str) -> str:
    """`; did you mean train?` for a known word that is near, else for one that begins so, else nothing.

    The word itself is never meant: it may be known, and yet not what is asked for.

    Parameters
    ----------
    word : str
    known : iterable of str
    cutoff : float
        How near a word must be, from 0 (any) to 1 (the same).
    shown : function
        How the message writes the known word.
    """
    known = [name for name in known if shown(name) != word]
    begin = [name for name in known if len(_key(word)) > 2 and _key(name).startswith(_key(word))]
    near = nearest(word, known, cutoff=cutoff) or begin
    return f"; did you mean {shown(near[0])}?" if near else ""


def _key(word: str) -> str:
    return word.casefold().lstrip("-")
