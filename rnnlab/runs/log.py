"""log.txt: what was said during a run, without control codes."""

import re
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rnnlab.printable import without_escapes

_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")


def without_control_codes(text: str) -> str:
    """Strip colours, cursor movements and other control codes; newlines and tabs stay.

    Of a line that was overwritten in place (carriage returns), only what was last to be seen stays.
    """
    text = without_escapes(text).replace("\r\n", "\n")
    lines = (line.rstrip("\r").rpartition("\r")[2] for line in text.split("\n"))
    return _CONTROLS.sub("", "\n".join(lines))


@contextmanager
def libraries_warnings(log: Callable[[str], None]) -> Iterator[None]:
    """Log what libraries warn of, such as an overflow, instead of showing it with a path and a line of code."""

    def keep(message, category, *_place, **_more) -> None:
        log(f"{category.__name__}: {message}")

    with warnings.catch_warnings():
        warnings.showwarning = keep
        yield
