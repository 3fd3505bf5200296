"""Text of unknown origin, made fit for a terminal."""

import re
import unicodedata

# What may hold control codes (C0, C1), bidirectional and other invisible ones, halves of characters, line breaks.
_SUSPECT = re.compile(r"[^\n\t -~\u00a1-\u00ac\u00ae-\u05ff]")
# CSI sequences (colour, cursor), OSC sequences (titles, links), other two-character escapes.
_ESCAPES = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|\x1b[@-Z\\-_]")
_ACTING = ("Cc", "Cf", "Cs", "Zl", "Zp")


def printable(text: str) -> str:
    r"""The text with what a terminal acts upon spelt out: ``\x1b``, ``\u202e``; newlines and tabs stay."""
    return _SUSPECT.sub(lambda found: escaped(found[0]), text)


def on_one_line(text: str) -> str:
    """The same with newlines and tabs spelt out too, for what is named within a sentence."""
    return printable(text).replace("\n", "\\n").replace("\t", "\\t")


def shortened(text: str, most: int = 60) -> str:
    """The same cut to `most` characters, for names and values of unknown length."""
    return cut(on_one_line(text[: most + 1]), most)


def cut(text: str, most: int = 60) -> str:
    """The text as it is, with an ellipsis at its end where it is longer than `most` characters."""
    return text if len(text) <= most else text[: most - 1] + "…"


def cut_apart(a: str, b: str, most: int = 60) -> tuple[str, str]:
    """Two texts that differ, each on one line of at most `most` characters, cut so that the difference is seen.

    Of what both begin with, the first characters stay, and the last before the difference.
    """
    a, b = on_one_line(a), on_one_line(b)
    if max(len(a), len(b)) <= most:
        return a, b
    same = next((at for at, pair in enumerate(zip(a, b, strict=False)) if pair[0] != pair[1]), min(len(a), len(b)))
    before, rest = most // 8, max(len(a), len(b)) - same
    head = max(most // 4, most - 1 - before - rest)
    if same > head + before + 1:
        a, b = (f"{text[:head]}…{text[same - before :]}" for text in (a, b))
    return cut(a, most), cut(b, most)


def without_escapes(text: str) -> str:
    """The text without the escape sequences of colours, cursor movements, titles and links."""
    return _ESCAPES.sub("", text)


def escaped(character: str) -> str:
    """A character as it is, or its escape where a terminal acts upon it instead of showing it."""
    if unicodedata.category(character) not in _ACTING:
        return character
    code = ord(character)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def described(value: object) -> str:
    """A number or a text as it is written, else what kind of object it is, for messages."""
    if isinstance(value, float):
        return f"{value:g}"
    if value is None or isinstance(value, bool | int | str):
        try:
            return shortened(repr(value))
        except ValueError:
            return "an int of too many digits"
    shape = getattr(value, "shape", None)
    return (
        f"an array of shape {shape}"
        if isinstance(shape, tuple) and shape
        else f"a value of type {type(value).__name__}"
    )
