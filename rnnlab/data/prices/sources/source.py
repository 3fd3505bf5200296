"""What a source is, and what can be asked of one."""

import os
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from urllib.parse import urlsplit

from rnnlab.data.prices.bars import Bars
from rnnlab.data.prices.sources.client import Answer, Client, Request
from rnnlab.data.prices.sources.failures import NoSuchSymbol, NotOffered
from rnnlab.errors import DataError

ADJUSTMENTS = ("split", "total", "raw")


@dataclass(frozen=True)
class Query:
    """The days that are wanted.

    Attributes
    ----------
    symbol : str
        Checked and in capitals, in the spelling of Yahoo or of Stooq.
    start : date or None
        First day; None for all there are.
    end : date
        Last day, included.
    adjustment : str
        ``split``, ``total`` (splits and dividends) or ``raw``.
    """

    symbol: str
    start: date | None
    end: date
    adjustment: str

    @property
    def window(self) -> str:
        """The days in words, for messages."""
        return f"up to {self.end}" if self.start is None else f"from {self.start} to {self.end}"


@dataclass(frozen=True)
class PriceSource:
    """A place that prices come from.

    Attributes
    ----------
    name : str
    hosts : tuple of str
        ``https://host``, mirrors after the first.
    adjustments : tuple of str
        What it offers, its own default first.
    requests : callable
        ``requests(query, key)``: what to ask, one after the other as long as the symbol is not known; raises
        `NotOffered` or `KeyRequired` where asking is of no use.
    parse : callable
        ``parse(answer, query)``: the bars in an answer; raises the `SourceError` that fits it.
    key_variables : tuple of str
        Environment variables that may hold its key; none where it needs no key.
    key_address : str
        Where a person gets a key.
    """

    name: str
    hosts: tuple[str, ...]
    adjustments: tuple[str, ...]
    requests: Callable[[Query, str | None], Sequence[Request]]
    parse: Callable[[Answer, Query], Bars]
    key_variables: tuple[str, ...] = ()
    key_address: str = ""

    def ask(self, client: Client, query: Query, key: str | None) -> Bars:
        """The bars of a query, with the address they came from.

        Raises
        ------
        SourceError
            Why there are none.
        """
        hosts = self.addresses()
        requests = self.requests(query, key)
        for request in requests:
            answer = client.get(self.name, hosts, request)
            if key:
                answer = answer.without(key)  # an error page may repeat it
            try:
                return replace(self.parse(answer, query), address=request.address(hosts[0]))
            except NoSuchSymbol:
                if request is requests[-1]:
                    raise
        raise AssertionError("the last request returns or raises")

    def addresses(self) -> tuple[str, ...]:
        """Scheme, host and port to ask: those of ``RNNLAB_<NAME>_URL`` where it is set.

        Raises
        ------
        DataError
            The variable holds something else.
        """
        variable = f"RNNLAB_{self.name.upper()}_URL"
        given = os.environ.get(variable)
        if not given:
            return self.hosts
        wrong = _wrong_with(given)
        if wrong:  # the address is not shown: it may hold a key
            raise DataError(f"{variable} must be scheme, host and port, e.g. http://127.0.0.1:8080; got {wrong}.")
        return (given.rstrip("/"),)

    def key(self, given: str | None) -> str | None:
        """The key to use: as given, else from the first variable that is set, else None.

        Raises
        ------
        DataError
            It holds what cannot stand in a header; the message does not show it.
        """
        for origin, key in (
            ("--api-key", given),
            *((name, os.environ.get(name)) for name in self.key_variables),
        ):
            if not key:
                continue
            if not re.fullmatch(r"[!-~]{1,256}", key):
                raise DataError(f"The key in {origin} must be visible ASCII characters, at most 256, without blanks.")
            return key
        return None

    def offer(self, adjustment: str | None) -> str:
        """The adjustment to ask for: the wanted one, else the source's own default.

        Raises
        ------
        NotOffered
            The source has no prices adjusted like that.
        """
        if adjustment is None:
            return self.adjustments[0]
        if adjustment not in self.adjustments:
            raise NotOffered(
                self.name,
                f"has no prices with --adjust {adjustment}, only {' or '.join(self.adjustments)}",
                hint=f"Use --adjust {self.adjustments[0]}, or another --source.",
            )
        return adjustment


def _wrong_with(address: str) -> str | None:
    """What an address is or has that it must not, or None."""
    if not address.isascii() or not address.isprintable() or " " in address:
        return "blanks or signs that no address has"
    try:
        parts = urlsplit(address)
        port = parts.port
    except ValueError:
        return "no usable port or host"
    if parts.scheme not in ("http", "https"):
        return "no http:// or https:// in front"
    if "@" in address:
        return "a user's name or password"
    if not parts.hostname or port == 0 or not re.fullmatch(r"[A-Za-z0-9._\[\]:-]+", parts.netloc):
        return "no usable port or host"
    if "?" in address:
        return "a query"
    if "#" in address or parts.path not in ("", "/"):
        return "a path"
    return None
