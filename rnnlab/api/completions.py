"""What may be typed in a place: the runs, configs, keys, values and symbols that there are.

Nothing heavy is imported here: a person has pressed TAB and waits.
"""

import os
from collections.abc import Callable

from rnnlab.api.arguments import path_text, text

Candidates = list[tuple[str, str]]


def completions(place: str, prefix: str = "", folder: str | os.PathLike[str] | None = None) -> Candidates:
    """List the words that may stand in a place and begin as typed, each with what it means.

    Parameters
    ----------
    place : str
        As help names it: ``RUN``, ``CONFIG``, ``KEY``, ``KEY=VALUE``, ``SYMBOL``, ``DIR``; no other has any.
    prefix : str
        What has been typed so far.
    folder : str or path, optional
        The runs folder; ``RNNLAB_RUNS``, else ``runs``, if left out.

    Returns
    -------
    list of (str, str)
        Word and meaning, which may be "". A word that ends in ``=``, ``.`` or ``/`` is to be continued.
    """
    place, prefix = text(place, "place"), text(prefix, "prefix")
    folder = None if folder is None else path_text(folder, "folder")
    known: dict[str, Callable[[], Candidates]] = {
        "RUN": lambda: _runs(folder),
        "CONFIG": lambda: [*_bundled(), *_files(prefix, (".yaml", ".yml"))],
        "KEY": lambda: [(key, words["meaning"]) for key, words in _vocabulary().items()],
        "KEY=VALUE": lambda: _settings(prefix),
        "SYMBOL": lambda: [(symbol, "") for symbol in _symbols()],
        "DIR": lambda: _files(prefix, ()),
    }
    found = known[place]() if place in known else []
    return [(word, meaning) for word, meaning in found if word.startswith(prefix)]


def _runs(folder: str | os.PathLike[str] | None) -> Candidates:
    """`latest`, the names, then the ids, the newest first."""
    from rnnlab.api.finding import runs_folder
    from rnnlab.runs.find import LATEST, name_in, run_ids

    ids = run_ids(runs_folder(folder))
    names = dict.fromkeys(name for one in ids if (name := name_in(one)))
    newest = [(LATEST, f"the newest run: {ids[0]}")] if ids else []
    return [*newest, *((name, "the newest run of this name") for name in names), *((one, "") for one in ids)]


def _bundled() -> Candidates:
    """The configs that come with the package, by name."""
    from rnnlab.config import bundled

    return [(word, "a bundled config") for word in bundled.words()]


def _files(prefix: str, endings: tuple[str, ...]) -> Candidates:
    """Folders, and the files with one of the endings, in the folder that the prefix is in."""
    folder, _, start = prefix.rpartition("/")
    shown = f"{folder}/" if folder or prefix.startswith("/") else ""
    try:
        with os.scandir(os.path.expanduser(shown or ".")) as entries:
            found = sorted((entry.name, entry.is_dir()) for entry in entries)
    except OSError:
        return []
    visible = [one for one in found if not one[0].startswith(".") or start.startswith(".")]
    return [
        (f"{shown}{name}{'/' * is_folder}", "") for name, is_folder in visible if is_folder or name.endswith(endings)
    ]


def _vocabulary():
    from rnnlab.config.vocabulary import vocabulary

    return vocabulary()


def _settings(prefix: str) -> Candidates:
    """The next part of a key, or after its `=` the values that it may have."""
    key, equals, _ = prefix.partition("=")
    words = _vocabulary()
    if equals:
        listed = _symbols() if key == "data.symbol" else words.get(key, {"values": []})["values"]
        return [(f"{key}={value}", "") for value in listed]
    above = key.rpartition(".")[0]
    found: Candidates = []
    for name, one in words.items():
        if name.rpartition(".")[0] == above:
            if one["values"] or not one["keys"]:
                found.append((f"{name}=", one["meaning"]))
            if one["keys"]:
                found.append((f"{name}.", one["meaning"]))
    return found


def _symbols() -> list[str]:
    """What the price folder keeps, and what comes with the package."""
    from rnnlab.data.prices.snapshots import SYMBOLS
    from rnnlab.data.prices.store import data_folder, kept_symbols

    return list(dict.fromkeys([*kept_symbols(data_folder()), *SYMBOLS]))
