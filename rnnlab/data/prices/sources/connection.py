"""What a connection says, in words and numbers: waits that are asked for, and why there is no answer."""

import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit

import requests


def retry_after(text: str | None, now: datetime | None = None) -> float | None:
    """Seconds that a Retry-After header asks to wait, given as such or as a date, or None."""
    if not text:
        return None
    if re.fullmatch(r"\d{1,8}", text := text.strip(), re.ASCII):
        return float(text)
    try:
        until = parsedate_to_datetime(text)
    except (ValueError, TypeError, OverflowError):
        return None
    if until.tzinfo is None:
        until = until.replace(tzinfo=UTC)
    return max(0.0, (until - (now or datetime.now(UTC))).total_seconds())


def place(host: str) -> str:
    """Host and port of an address."""
    return urlsplit(host).netloc


def cause(failure: requests.RequestException) -> str:
    """A cause in words, taken from the kind of the failure and never from its text."""
    text = repr(failure)
    if isinstance(failure, requests.exceptions.ProxyError):
        return "the proxy fails"
    if isinstance(failure, requests.exceptions.SSLError):
        return "its certificate cannot be verified"
    if isinstance(failure, requests.exceptions.Timeout):
        return "no answer in time"
    for sign, meaning in _SIGNS.items():
        if sign in text:
            return meaning
    return "the connection broke"


_SIGNS = {
    "NameResolutionError": "its name is not known, so the network may be down",
    "Connection refused": "the connection was refused",
    "Network is unreachable": "the network is down",
    "Read timed out": "no answer in time",
    "IncompleteRead": "the answer was cut short",
    "reset": "the connection was reset",
    "RemoteDisconnected": "the connection was closed without an answer",
    "content-encoding": "the answer was compressed wrongly",
    "ContentDecodingError": "the answer was compressed wrongly",
}
