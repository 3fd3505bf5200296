"""One symbol from whichever source gives it."""

from collections.abc import Callable, Sequence

from rnnlab.data.prices.kept import Held
from rnnlab.data.prices.sources import SOURCES
from rnnlab.data.prices.sources.client import Client
from rnnlab.data.prices.sources.failures import KeyRequired, LessThanKept, NoData, NoSuchSymbol, NotOffered, SourceError
from rnnlab.data.prices.sources.source import PriceSource
from rnnlab.data.prices.update import Fetched, Wanted, update
from rnnlab.errors import FetchError


def update_from_any(
    client: Client,
    wanted: Wanted,
    held: Held | None,
    on_ask: Callable[[str], None],
    on_skip: Callable[[SourceError], None],
) -> Fetched:
    """Ask one source after the other: first that of what is kept, then the others, keyed ones where a key is
    set.

    Parameters
    ----------
    client, wanted, held
        As for :func:`rnnlab.data.prices.update.update`.
    on_ask : callable
        Called with the name of each source before it is asked.
    on_skip : callable
        Called with the failure of each source that another is asked after.

    Raises
    ------
    FetchError
        No source gave prices. That a symbol or its days do not exist is believed when two sources say so.
    """
    failures: list[SourceError] = []
    for source in sorted(SOURCES.values(), key=lambda source: held is None or source.name != held.source):
        try:
            _require_key(source)
            on_ask(source.name)
            return update(source, client, wanted, held)
        except SourceError as failure:
            failures.append(failure)
            on_skip(failure)
        absent = [failure for failure in failures if isinstance(failure, NoSuchSymbol | NoData)]
        if len(absent) == 2:
            raise _absent(wanted.symbol, absent)
    raise _none(wanted.symbol, failures)


def _require_key(source: PriceSource) -> None:
    if source.key_variables and source.key(None) is None:
        raise KeyRequired(source.name, f"needs a key, and {source.key_variables[0]} is not set")


def _absent(symbol: str, failures: Sequence[SourceError]) -> FetchError:
    """Two sources agree."""
    names = " and ".join(failure.source for failure in failures)
    if all(isinstance(failure, NoSuchSymbol) for failure in failures):
        return NoSuchSymbol(names, f"know no symbol {symbol!r}")
    return FetchError(
        f"No prices of {symbol} in these days: " + "; ".join(f"{f.source} {f.reason}" for f in failures) + ".",
        hint="Ask for other days with --start and --end, or check the spelling.",
    )


def _none(symbol: str, failures: list[SourceError]) -> FetchError:
    """Nobody gave prices, and no two agree that there are none."""
    asked = [failure for failure in failures if not isinstance(failure, NotOffered | KeyRequired)]
    why = "; ".join(f"{failure.source} {failure.reason}" for failure in asked or failures)
    less = next((failure for failure in failures if isinstance(failure, LessThanKept)), None)
    if less:
        return FetchError(f"No source gave prices of {symbol} that may replace what is kept: {why}.", hint=less.hint)
    keyed = next((SOURCES[f.source] for f in failures if isinstance(f, KeyRequired)), None)
    another = f"set {keyed.key_variables[0]} (a key from {keyed.key_address}), " if keyed else ""
    return FetchError(
        f"No source gave prices of {symbol}: {why}.",
        hint=f"Try again later, {another}or import a file: rnnlab fetch {symbol} --from-file FILE.",
    )
