"""A config as dotted keys and their values; from the text of a config.yaml, quickly.

PyYAML takes milliseconds for a file, too long for ten thousand of them. The lines that `rnnlab.config.writer` makes are
of few forms, and mostly the same from run to run, so each is read once. PyYAML reads whatever else a file holds, such
as what was written by hand.
"""

import re
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from yaml.nodes import ScalarNode

from rnnlab.config.locations import SourceText
from rnnlab.config.reader import read
from rnnlab.config.scalars import CoreResolver, ScalarError, value_of
from rnnlab.config.sources import LARGEST, lines_of

Flat = dict[str, Any]

_BLOCK = re.compile(r"\n(?=[^\s#])")
_LINE = re.compile(r"((?:  )*)([A-Za-z_]\w*):(?: (\S.*))?")
_KEY = re.compile(r"([A-Za-z_]\w*):[ ]+")
_QUOTED = re.compile(r"""'((?:[^']|'')*)'|"([^"\\]*)\"""")
_WORD = re.compile(r"(?![-?:](?:\s|$))[^\s\[\]{},\"'#&*!|>%@`][^\[\]{},#:]*")  # within [] and {}
_PLAIN = re.compile(r"(?![-?:](?:\s|$))[^\s\[\]{},\"'#&*!|>%@`](?:(?! #|:(?: |$)).)*")
_NUMBER = re.compile(r"-?\d{1,3}\.\d{1,20}(?:e-\d\d)?")  # what needs no resolver to tell
_RESOLVER = CoreResolver()
_NO_SECTION = frozenset({str, float, int, bool, list, type(None)})


def flat(values: Mapping[str, Any]) -> Flat:
    """Dotted keys and values of a nested config, in its order.

    A section with a `kind` also stands under its own key: ``model.cell`` is "lstm" beside ``model.cell.kind``.
    """
    found: Flat = {}
    _flatten(values, "", found)
    return found


def _flatten(values: Mapping[str, Any], path: str, found: Flat) -> None:
    for key, value in values.items():
        kind = type(value)
        if kind is dict or (kind not in _NO_SECTION and isinstance(value, Mapping)):  # which takes long to say no
            if "kind" in value:
                found[path + key] = value["kind"]
            _flatten(value, f"{path}{key}.", found)
        else:
            found[path + key] = value


def flat_text(content: bytes) -> Flat | None:
    """The same of the content of a config.yaml; None where it cannot be read."""
    text = _text(content)
    if text is None:
        return None
    try:
        return _by_lines(text)
    except (_OtherForm, RecursionError):  # PyYAML's reader counts how deep a value is nested
        values = _by_yaml(text)
    return None if values is None else flat(values)


def nested(content: bytes) -> dict[str, Any] | None:
    """The values of a config.yaml in their sections; None where it cannot be read."""
    text = _text(content)
    return None if text is None else _by_yaml(text)


def _text(content: bytes) -> str | None:
    try:
        return content.decode("utf-8") if len(content) <= LARGEST else None
    except UnicodeDecodeError:
        return None


def _by_yaml(text: str) -> dict[str, Any] | None:
    document = read(text, SourceText("config.yaml", lines_of(text), Path()))
    values = document.tree.plain() if document.tree is not None and not document.problems else None
    return values if isinstance(values, dict) else None


class _OtherForm(Exception):  # noqa: N818 (never leaves this module)
    """What the writer does not write."""


def _by_lines(text: str) -> Flat:
    found: Flat = {}
    for block in _BLOCK.split(text):
        for path, value in _block(block):
            if path in found:
                raise _OtherForm
            found[path] = value
    if not found:
        raise _OtherForm
    return found


@lru_cache(maxsize=10_000)
def _block(block: str) -> tuple[tuple[str, Any], ...]:
    """What a key of the first level, with all that stands below it, says: the same from run to run, mostly."""
    found: Flat = {}
    sections = [""]  # the path that the keys of each depth begin with
    begun = 0  # depth of the section that has just begun, which is not empty where the writer made it
    for line in block.split("\n"):
        if not line or line[0] == "#":
            continue
        depth, key, values = _line(line)
        if depth >= len(sections) or depth < begun:
            raise _OtherForm
        path = sections[depth] + key
        if path in found:
            raise _OtherForm
        if depth + 1 < len(sections):
            del sections[depth + 1 :]
        if values is None:
            sections.append(path + ".")
            begun = depth + 1
            continue
        begun = 0
        if key == "kind" and depth:
            found[sections[depth][:-1]] = values[0][1]
        for below, value in values:
            found[path + below] = value
    if begun:
        raise _OtherForm
    return tuple(found.items())


@lru_cache(maxsize=100_000)
def _line(line: str) -> tuple[int, str, tuple[tuple[str, Any], ...] | None]:
    """Depth, key, and what the value puts under it; None where a section begins."""
    parts = _LINE.fullmatch(line)
    if parts is None or not line.isprintable():  # tabs, and what YAML takes for line breaks
        raise _OtherForm
    depth, key, rest = len(parts[1]) // 2, parts[2], parts[3]
    if rest is None:
        return depth, key, None
    if rest[0] not in "[{":
        return depth, key, (("", _scalar(rest, _PLAIN)),)
    value, end = _flow(rest, 0)
    if end != len(rest):
        raise _OtherForm
    below = {f".{name}": one for name, one in flat(value).items()} if isinstance(value, dict) else {"": value}
    if isinstance(value, dict) and "kind" in value:
        below[""] = value["kind"]
    return depth, key, tuple(below.items())


def _flow(text: str, place: int) -> tuple[Any, int]:
    """The value that begins at a place in a mapping or list on one line, and where it ends."""
    opening = text[place : place + 1]
    if opening not in ("{", "["):
        found = _QUOTED.match(text, place) if opening in ("'", '"') else _WORD.match(text, place)
        if found is None:
            raise _OtherForm
        return _scalar(found[0].rstrip(), _WORD), found.end()
    closing = "}" if opening == "{" else "]"
    mapping: dict[str, Any] = {}
    items: list[Any] = []
    place += 1
    while text[place : place + 1] != closing:
        if opening == "{":
            key = _KEY.match(text, place)
            if key is None or key[1] in mapping:
                raise _OtherForm
            mapping[key[1]], place = _flow(text, key.end())
        else:
            value, place = _flow(text, place)
            items.append(value)
        if text.startswith(", ", place):
            place += 2
        elif text[place : place + 1] != closing:
            raise _OtherForm
    return mapping if opening == "{" else items, place + 1


@lru_cache(maxsize=10_000)
def _scalar(text: str, plain: "re.Pattern[str]") -> Any:
    if _NUMBER.fullmatch(text):
        return float(text)
    quoted = _QUOTED.fullmatch(text)
    if quoted is not None:
        return quoted[1].replace("''", "'") if quoted[1] is not None else quoted[2]
    if plain.fullmatch(text) is None or text != text.strip():
        raise _OtherForm
    try:
        return value_of(_RESOLVER.resolve(ScalarNode, text, (True, False)), text)
    except ScalarError:
        raise _OtherForm from None
