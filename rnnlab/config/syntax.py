"""PyYAML's complaints in plain words: what is wrong with the text, and what to do about it."""

import re

import yaml
from yaml.reader import ReaderError

from rnnlab.config.diagnostics import Diagnostic, Mark
from rnnlab.config.locations import Location, SourceText
from rnnlab.printable import cut

# PyYAML's wording -> ours. {0} is the first group of the pattern.
_SENTENCES = {
    r"found character '\\t' that cannot start any token": (
        "a tab cannot stand before a key or a value in YAML; use spaces."
    ),
    r"found character '(.)' that cannot start any token": "a value cannot begin with {0}; put it in quotes.",
    r"mapping values are not allowed here": (
        "a ':' where none can be; put a text that holds ': ' in quotes, and check the indentation."
    ),
    r"could not find expected ':'": (
        "a line that is neither 'key: value' nor indented under one; is a ':' missing, or the space after it?"
    ),
    r"expected <block end>, but found '?(-|<block sequence start>)'?": (
        "a list item where a key belongs; check the indentation."
    ),
    r"expected <block end>, but found .*": (
        "indented otherwise than the lines it belongs to; the keys of a mapping line up."
    ),
    r"expected ',' or '([}\]])', but got .*": "a ',' or the closing '{0}' is missing here.",
    r"found unexpected end of stream": "a quote that is opened here is never closed.",
    r"found unexpected document separator": "a quote that is opened here is not closed in this document.",
    r"found unknown escape character (.*)": (
        "\\{0} means nothing within double quotes; use single quotes for a text with backslashes."
    ),
    r"expected escape sequence of (\d+) hexadecimal numbers, .*": "this escape needs {0} hexadecimal digits.",
    r"found undefined alias '(.*)'": "the alias *{0} repeats an anchor &{0}, and there is none above it.",
    r"second occurrence": "this anchor (&) is there twice; give one of them another name.",
    r"but found another document": ("a second document begins here; a config is a single one. Remove the '---'."),
    r"found undefined tag handle '(.*)'": "a value cannot begin with '!', a tag; put it in quotes.",
    r"expected alphabetic or numeric character, but found .*": (
        "a name must follow the & or * here; or put the value in quotes."
    ),
    r"(?:block )?sequence entries are not allowed .*": (
        "a list cannot begin here; put '- ' on a line of its own, or write [a, b]."
    ),
    r"expected the node content, but found .*": "a value is missing here.",
    r"expected '<document start>', but found .*": "there is text after the end of the config.",
}

# These are found at the end of what is wrong; the user must look at its beginning.
_AT_THE_BEGINNING = (
    "found unexpected end of stream",
    "found unexpected document separator",
    "could not find expected ':'",
)


def explain_syntax_error(error: yaml.MarkedYAMLError, source: SourceText, offset: int = 0) -> Diagnostic:
    """Say in plain words what PyYAML could not read, at the location where it can be put right."""
    said = (error.problem or error.context or "").strip()
    begins_there = said in _AT_THE_BEGINNING and error.context_mark is not None
    mark = error.context_mark if begins_there else (error.problem_mark or error.context_mark)
    if mark is None:
        return Diagnostic(f"not readable as YAML: {cut(said)}.", source=source)
    marks = [Mark(_location(mark, source, offset))]
    opened = error.context_mark
    if "expected ',' or" in said and opened is not None:
        marks.append(Mark(_location(opened, source, offset), "opened here"))
    return Diagnostic(_sentence(said), tuple(marks))


def _sentence(said: str) -> str:
    for pattern, sentence in _SENTENCES.items():
        match = re.fullmatch(pattern, said)
        if match:
            return sentence.format(*(group.strip("'") for group in match.groups()))
    return f"not readable as YAML: {cut(said, 100)}."


def explain_reader_error(error: ReaderError, text: str, source: SourceText, offset: int = 0) -> Diagnostic:
    """Say where a character stands that no YAML text may hold."""
    before = re.split(r"\r\n|[\n\r\x85\u2028\u2029]", text[: error.position])
    line, column = len(before) - 1, len(before[-1])
    location = _clamped(Location(source, line, column + (offset if line == 0 else 0), column + 1), source)
    code = error.character if isinstance(error.character, int) else ord(str(error.character)[:1] or "\0")
    return Diagnostic(f"the character U+{code:04X} cannot stand in a config; is this a text file?", (Mark(location),))


def _location(mark: yaml.Mark, source: SourceText, offset: int) -> Location:
    start = mark.column + (offset if mark.line == 0 else 0)
    return _clamped(Location(source, mark.line, start, start + 1), source)


def _clamped(location: Location, source: SourceText) -> Location:
    """Move a location after the end of the text to the end of the last line with something on it."""
    filled = [number for number, line in enumerate(source.lines) if line.strip()]
    if not filled or location.line <= filled[-1]:
        return location
    end = len(source.lines[filled[-1]].rstrip())
    return Location(source, filled[-1], end, end + 1)
