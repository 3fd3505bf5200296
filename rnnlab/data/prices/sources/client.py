"""A thin HTTP client: bounded in time, size and retries, and silent about keys."""

import logging
import queue
import re
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from urllib.parse import quote, urlencode, urlsplit

import requests

from rnnlab.data.prices.sources.connection import cause, place, retry_after
from rnnlab.data.prices.sources.failures import Blocked, RateLimited, SourceError, Unexpected, Unreachable

# A library's own name is refused by some sources (429), a browser's is not.
BROWSER = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/150.0.0.0 Safari/537.36"
)

logging.getLogger("urllib3").setLevel(logging.CRITICAL)  # its lines hold whole addresses, keys included


@dataclass(frozen=True)
class Request:
    """What to ask: a path, already quoted, query parameters, headers, and a key that goes into the query."""

    path: str
    parameters: Mapping[str, str]
    headers: Mapping[str, str] = field(default_factory=dict)
    apikey: str | None = None

    def address(self, host: str) -> str:
        """The address at a host, without the key."""
        return f"{host}{self.path}?{urlencode(self.parameters)}"


@dataclass(frozen=True)
class Answer:
    """What came back: status, headers with names in lower case, the body as bytes."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def text(self) -> str:
        """The body as text, without byte order mark; undecodable bytes are replaced."""
        return self.body.decode("utf-8", errors="replace").lstrip("\ufeff")

    def without(self, key: str) -> "Answer":
        """The same with a key blotted out of its body, as it is and as it stands in an address."""
        body = self.body.replace(key.encode(), b"***").replace(quote(key, safe="").encode(), b"***")
        return replace(self, body=body)


@dataclass(frozen=True)
class Client:
    """Limits of a conversation.

    Attributes
    ----------
    timeout : float
        Seconds to connect, and between two pieces of an answer.
    total : float
        Seconds for an answer, retries and pauses included.
    retries : int
        Further attempts after a network failure or a status of 500 and above.
    pause : float
        Seconds before the first retry, doubled before the second; Retry-After goes before it.
    longest_pause : float
        Seconds; a source that asks for more is not asked again.
    largest : int
        Bytes of a body, decompressed.
    """

    timeout: float = 10.0
    total: float = 60.0
    retries: int = 2
    pause: float = 1.0
    longest_pause: float = 15.0
    largest: int = 64 * 2**20

    def get(self, source: str, hosts: tuple[str, ...], request: Request) -> Answer:
        """Ask, and ask again where that may help.

        Parameters
        ----------
        source : str
            Its name, for messages.
        hosts : tuple of str
            ``https://host`` each; retries go round them.
        request : Request

        Raises
        ------
        Unreachable, Blocked, RateLimited, Unexpected
            Network down, too slow or a server failing; a redirect; status 429 or a long Retry-After; a body
            too large.
        """
        deadline = time.monotonic() + self.total
        for attempt in range(self.retries + 1):
            host = hosts[attempt % len(hosts)]
            last = attempt == self.retries
            failure, wait = None, None
            try:
                answer = self._once(source, host, request, deadline)
                wait = retry_after(answer.headers.get("retry-after"))
                if answer.status < 500:
                    return _accepted(source, answer, wait)
                failure = Unreachable(source, f"its server fails with status {answer.status}")
                if wait is not None and wait > self.longest_pause:
                    raise RateLimited(source, f"is overloaded (status {answer.status})", wait)
            except _RetryError as problem:
                failure = Unreachable(source, str(problem), "Check the network, try again later")
            wait = self.pause * 2**attempt if wait is None else wait
            if last or time.monotonic() + wait > deadline:
                raise failure
            time.sleep(wait)
        raise AssertionError("the loop returns or raises")

    def _once(self, source: str, host: str, request: Request, deadline: float) -> Answer:
        """One attempt, in a thread: nothing else bounds a slow drip or a name server that hangs."""
        seconds = deadline - time.monotonic()
        outcome: queue.SimpleQueue[Answer | Exception] = queue.SimpleQueue()
        given_up = threading.Event()
        worker = threading.Thread(
            target=lambda: outcome.put(self._outcome(source, host, request, given_up)), daemon=True
        )
        worker.start()
        try:
            result = outcome.get(timeout=max(seconds, 0.001))
        except queue.Empty:
            raise Unreachable(source, f"took longer than {self.total:g} s to answer") from None
        finally:
            given_up.set()
        if isinstance(result, Exception):
            raise result
        return result

    def _outcome(self, source: str, host: str, request: Request, given_up: threading.Event):
        try:
            return self._exchange(source, host, request, given_up.is_set)
        except (SourceError, _RetryError) as failure:
            return failure
        except requests.RequestException as failure:  # its own text holds the address with the key
            return _RetryError(f"is out of reach at {place(host)}: {cause(failure)}")
        except Exception as failure:
            return Unexpected(source, f"the connection failed ({type(failure).__name__})")

    def _exchange(self, source: str, host: str, request: Request, given_up: Callable[[], bool]) -> Answer:
        with (
            requests.Session() as session,
            session.get(
                host + request.path,
                params={**request.parameters, **({"apikey": request.apikey} if request.apikey else {})},
                headers=dict(request.headers),
                timeout=self.timeout,
                stream=True,
                allow_redirects=False,
                auth=lambda prepared: prepared,  # keeps ~/.netrc out of the headers
            ) as response,
        ):
            body = bytearray()
            for piece in response.iter_content(8192):
                body += piece
                if len(body) > self.largest:
                    raise Unexpected(source, f"more than {self.largest >> 20} MiB")
                if given_up():
                    break
            return Answer(response.status_code, {k.lower(): v for k, v in response.headers.items()}, bytes(body))


class _RetryError(Exception):
    """A failure that may pass."""


def _accepted(source: str, answer: Answer, wait: float | None) -> Answer:
    if answer.status == 429:
        raise RateLimited(source, "says that there were too many requests (status 429)", wait)
    if 300 <= answer.status < 400:
        target = urlsplit(answer.headers.get("location", "")).hostname or "another page"
        raise Blocked(
            source,
            f"sends us to {re.sub(r'[^a-z0-9.-]', '', target)[:60]} instead, perhaps a page to agree to",
            hint="Name another --source, or import a file with --from-file.",
        )
    return answer
