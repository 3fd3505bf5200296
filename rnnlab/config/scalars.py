"""What a plain word means in YAML 1.2 (core schema): `1e-3` is a number, `no` is a text, `0o17` is 15.

Source: YAML 1.2.2, section 10.3.2.
"""

import re
from typing import Any

from yaml.resolver import BaseResolver

TAG = "tag:yaml.org,2002:"


class CoreResolver(BaseResolver):
    """PyYAML's choice of a tag for a plain scalar, by the core schema instead of YAML 1.1."""


_CORE = {
    "null": (r"(?:null|Null|NULL|~|)", "nN~"),
    "bool": (r"(?:true|True|TRUE|false|False|FALSE)", "tTfF"),
    "int": (r"(?:[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+)", "-+0123456789"),
    "float": (
        r"(?:[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))",
        "-+.0123456789",
    ),
}
for _name, (_pattern, _first) in _CORE.items():
    # A pattern for int stands before that for float, which would match whole numbers too.
    CoreResolver.add_implicit_resolver(TAG + _name, re.compile(_pattern + r"\Z"), list(_first))
CoreResolver.add_implicit_resolver(TAG + "null", re.compile(r"\Z"), [""])


class ScalarError(ValueError):
    """A scalar that has no value; the message completes "KEY: ..."."""


def value_of(tag: str, text: str) -> Any:
    """Read the text of a scalar whose tag is known.

    Raises
    ------
    ScalarError
        If the tag is not one of the core schema, or the text does not fit it.
    """
    kind = tag.removeprefix(TAG)
    if kind == "str":
        return _text(text)
    pattern = _CORE.get(kind)
    if pattern is None:
        raise ScalarError(f"the tag {_shown_tag(tag)} has no meaning here; drop it.")
    if not re.fullmatch(pattern[0], text):
        raise ScalarError(f"the tag {_shown_tag(tag)} does not fit this value; drop the tag.")
    if kind == "null":
        return None
    if kind == "bool":
        return text.lower() == "true"
    return _whole(text) if kind == "int" else float(text.lower().replace(".inf", "inf").replace(".nan", "nan"))


def _whole(text: str) -> int:
    base = {"0o": 8, "0x": 16}.get(text[:2], 10)
    if len(text) > 400:
        raise ScalarError(f"a number of {len(text)} digits is too long; numbers here have at most 400.")
    return int(text[2:] if base != 10 else text, base)


def _text(text: str) -> str:
    # JSON writes a character beyond the first 65,536 as two escapes, "\ud83d\ude00": halves that belong together.
    if _has_halves(text):
        text = text.encode("utf-16", "surrogatepass").decode("utf-16", "surrogatepass")
    if _has_halves(text):
        raise ScalarError("holds half a character (a lone surrogate), which no file can hold; remove it.")
    return text


def _has_halves(text: str) -> bool:
    return any("\ud800" <= character <= "\udfff" for character in text)


def _shown_tag(tag: str) -> str:
    return "!!" + tag.removeprefix(TAG) if tag.startswith(TAG) else tag
