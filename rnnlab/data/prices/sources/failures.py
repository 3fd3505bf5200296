"""Why a source gave no prices: one class per reason, since each calls for a different next step.

FetchError
└── SourceError         one source, one reason
    ├── NotOffered      the source does not have that market or that adjustment; it was not asked
    ├── KeyRequired     it wants a key, or refused the one it was given
    ├── Blocked         it wants a browser, or us gone
    ├── RateLimited     too many requests; ``retry_after`` seconds where it says
    ├── NoSuchSymbol    it does not know the symbol
    ├── NoData          it knows the symbol, and has no day in the window
    ├── Unexpected      it answered in no format we know
    ├── LessThanKept    it lacks days that are kept already
    └── Unreachable     the network, or its servers, are down
"""

# ruff: noqa: N818 (each is named after what the source did, and reads as that where it is raised)

from rnnlab.errors import FetchError
from rnnlab.printable import cut, without_escapes
from rnnlab.words import rough_duration


class SourceError(FetchError):
    """One source, and why it gave no prices.

    Parameters
    ----------
    source : str
        Its name, e.g. ``"yahoo"``.
    reason : str
        A sentence without subject: ``"knows no symbol 'AAPLX'"``.
    hint : str, optional
    """

    def __init__(self, source: str, reason: str, *, hint: str | None = None) -> None:
        super().__init__(f"{source}: {reason}.", hint=hint)
        self.source = source
        self.reason = reason


class NotOffered(SourceError):
    """The source does not have that market or that adjustment."""


class KeyRequired(SourceError):
    """The source wants a key, or refused the one it was given."""


class Blocked(SourceError):
    """The source wants a browser, or wants us gone."""


class RateLimited(SourceError):
    """Too many requests.

    Parameters
    ----------
    retry_after : float or None
        Seconds to wait, where the source says.
    later : str
        When to come back where it does not.
    """

    def __init__(self, source: str, reason: str, retry_after: float | None = None, later: str = "later") -> None:
        wait = f"; it asks to wait {rough_duration(retry_after)}" if retry_after is not None else ""
        later = f"in {rough_duration(retry_after)}" if retry_after is not None else later
        super().__init__(source, reason + wait, hint=f"Try again {later}, or name another --source.")
        self.retry_after = retry_after


class NoSuchSymbol(SourceError):
    """The source does not know the symbol."""


class NoData(SourceError):
    """The source has no day of the symbol in the window."""

    def __init__(self, source: str, reason: str) -> None:
        super().__init__(source, reason, hint="Ask for other days, with --start and --end, or check the symbol.")


class Unexpected(SourceError):
    """The source answered in no format we know."""

    def __init__(self, source: str, what: str, body: str = "") -> None:
        line = first_line(body)
        super().__init__(
            source,
            f"gave an unexpected answer: {what}" + (f"; it begins {line!r}" if line else ""),
            hint="Its format may have changed: name another --source, or import a file with --from-file.",
        )


class LessThanKept(SourceError):
    """The source lacks days that are kept already."""


class Unreachable(SourceError):
    """The network, or the source's servers, are down."""

    def __init__(self, source: str, reason: str, first_step: str = "Try again later") -> None:
        super().__init__(source, reason, hint=f"{first_step}, or name another --source.")


def first_line(text: str, limit: int = 80) -> str:
    """The first line of a server's text that says anything, without escapes and control codes, cut short."""
    for line in text[:4096].splitlines():
        visible = "".join(filter(str.isprintable, " ".join(without_escapes(line).split()))).strip()
        if visible:
            return cut(visible, limit)
    return ""
