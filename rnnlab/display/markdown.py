"""Markdown on a terminal: headings, paragraphs, lists, tables and code, folded so that nothing is cut."""

import re
from collections.abc import Callable, Iterator, Sequence
from itertools import zip_longest

from rnnlab.display.console import ESCAPE, WIDEST

INDENT = "  "
GAP = "  "
COMMENT = re.compile(r"<!--.*-->")
LIST_ITEM = re.compile(r"( *)([-*]|\d+\.) +(.*)")
# Code, an image or a link, bold, italics, an escaped character.
INLINE = re.compile(
    r"(?P<ticks>`+)(?P<code>.+?)(?P=ticks)(?!`)|!?\[(?P<link>(?:[^\]`]|`[^`]*`)*)\]\([^)]*\)"
    r"|\*\*(?P<bold>.+?)\*\*|(?<![\w*])\*(?P<italic>[^\s*](?:[^*]*[^\s*])?)\*(?!\w)|\\(?P<escaped>[!-/:-@\[-`{-~])"
)

Style = Callable[[str, str], str]


def render(text: str, width: int, style: Style) -> str:
    """Format Markdown for a screen.

    Understands what the manual uses: headings, paragraphs, lists, tables, code blocks, comments; code, links, bold and
    italics within a line. Links keep their text alone.

    Parameters
    ----------
    text : str
        Markdown source.
    width : int
        Columns of the screen. Prose takes at most 100 of them; no line is longer than the screen.
    style : function
        Maps a text and the name of one of `rnnlab.display.console.STYLES` to the text in that style.

    Returns
    -------
    str
        Lines without a trailing newline; blocks are separated by one empty line.
    """
    rendered = [lines for block in _blocks(text) if (lines := _block(block, width, style))]
    return "\n\n".join("\n".join(lines) for lines in rendered)


def links(text: str) -> list[str]:
    """The targets of the links of a Markdown text, in their order, each once."""
    prose = "\n".join("\n".join(block) for block in _blocks(text) if not _is_code(block[0]))
    return list(dict.fromkeys(re.findall(r"\]\(([^)\s]+)\)", re.sub(r"`[^`]*`", "", prose))))


def folded(words: Sequence[str], width: int, start: str = "", hanging: str | None = None) -> list[str]:
    """Words in lines of at most `width` columns: the first begins with `start`, the others with as many blanks."""
    hanging = " " * _length(start) if hanging is None else hanging
    lines, used = [start], 0
    room = width - max(_length(start), len(hanging))
    for word in (part for whole in words for part in _parts(whole, room)):
        if used and _length(lines[-1]) + 1 + _length(word) > width:
            lines.append(hanging)
            used = 0
        lines[-1] += f" {word}" if used else word
        used += 1
    return lines


def _blocks(text: str) -> Iterator[list[str]]:
    """The lines of each block: what empty lines separate, with headings and code blocks by themselves."""
    block: list[str] = []
    fence = ""
    for line in text.splitlines():
        marker = re.match(r" *(```+)", line)
        if fence:
            block.append(line)
            if line.strip() == fence:
                yield block
                block, fence = [], ""
            continue
        if marker or not line.strip() or line.startswith("#") or COMMENT.fullmatch(line.strip()):
            if block:
                yield block
            block = []
        if marker:
            block, fence = [line], marker[1]
        elif line.startswith("#"):
            yield [line]
        elif line.strip() and not COMMENT.fullmatch(line.strip()):
            block.append(line)
    if block:
        yield block


def _is_code(first: str) -> bool:
    return first.lstrip().startswith("```") or (first.startswith("    ") and not LIST_ITEM.fullmatch(first))


def _block(lines: list[str], width: int, style: Style) -> list[str]:
    first, prose = lines[0], min(width, WIDEST)
    if first.startswith("#"):
        # Without colour the marks stay: they tell a heading from a paragraph, and a command from the words around it.
        shown = first if _is_bare(style) else first.lstrip("# ")
        return folded([style(word, "bold") for word in _bare(_inline(shown, style)).split()], prose)
    if first.lstrip().startswith("```"):
        return _code(lines[1:-1], width)
    if _is_code(first):
        return _code([line[4:] for line in lines], width)
    if first.startswith("|"):
        return _table([_cells(line, style) for line in [lines[0], *lines[2:]]], width, style)
    return _paragraphs(lines, prose, style)


def _code(lines: Sequence[str], width: int) -> list[str]:
    """Code as it stands; a line that is too long goes on below, as it would by itself on a terminal."""
    room = max(width - len(INDENT), 1)
    return [
        (INDENT + line[start : start + room]).rstrip() for line in lines for start in range(0, max(len(line), 1), room)
    ]


def _paragraphs(lines: Sequence[str], width: int, style: Style) -> list[str]:
    """A paragraph, or the items of a list, each with the lines that continue it."""
    items: list[tuple[str, list[str]]] = []
    for line in lines:
        item = LIST_ITEM.fullmatch(line)
        if item:
            sign = "•" if item[2] in "-*" else item[2]
            items.append((f"{INDENT}{item[1]}{sign} ", [item[3]]))
        elif items:
            items[-1][1].append(line.strip())
        else:
            items.append(("", [line.strip()]))
    return [line for start, texts in items for line in folded(_inline(" ".join(texts), style).split(), width, start)]


def _table(rows: list[list[str]], width: int, style: Style) -> list[str]:
    """Columns side by side where they fit, the last one folded if need be; else one row after the other."""
    columns = [[cell or "" for cell in column] for column in zip_longest(*rows)]
    sizes = [max(map(_length, column)) for column in columns]
    left = len(INDENT) + sum(sizes[:-1]) + len(GAP) * (len(sizes) - 1)
    if left + sizes[-1] > width and left > 0.6 * width:
        return _records(rows[0], rows[1:], width, style)
    header, *others = zip(*columns, strict=True)
    bold = [" ".join(style(word, "bold") for word in _bare(cell).split()) for cell in header]
    room = min(width, left + max(sizes[-1] if left + sizes[-1] <= width else WIDEST, 1))
    return [
        line.rstrip()
        for cells in [bold, *others]
        for line in folded(cells[-1].split(), room, INDENT + _first_columns(cells, sizes))
    ]


def _first_columns(cells: Sequence[str], sizes: Sequence[int]) -> str:
    """All columns but the last, each padded to its size."""
    return "".join(cell + " " * (size - _length(cell)) + GAP for cell, size in zip(cells[:-1], sizes, strict=False))


def _records(header: Sequence[str], rows: Sequence[Sequence[str]], width: int, style: Style) -> list[str]:
    """Each row by itself: its first cell, and below it the others, with their titles where there are several."""
    prose = min(width, WIDEST)
    lines = []
    for first, *others in rows:
        lines += folded([style(word, "bold") for word in _bare(first).split()], prose, INDENT)
        for title, cell in zip(header[1:], others, strict=False):
            if cell:
                label = f"{_bare(title)}: " if len(header) > 2 else ""
                lines += folded((label + cell).split(), prose, INDENT * 2, INDENT * 3)
    return lines


def _cells(line: str, style: Style) -> list[str]:
    parts = re.split(r"(?<!\\)\|", line.strip().strip("|").strip())
    return [_inline(part.strip().replace("\\|", "|"), style) for part in parts]


def _parts(word: str, room: int) -> list[str]:
    """A word, cut in pieces where it is longer than a line; they lose their colour."""
    if _length(word) <= max(room, 1):
        return [word]
    bare = _bare(word)
    return [bare[start : start + max(room, 1)] for start in range(0, len(bare), max(room, 1))]


def _inline(text: str, style: Style) -> str:
    """Replace the marks within a line by styles, word by word, so that a line may be folded anywhere."""

    def styled(found: re.Match[str]) -> str:
        if found["code"] is not None:
            shown = found[0] if _is_bare(style) else found["code"]
            return " ".join(style(word, "cyan") for word in shown.split())
        if found["escaped"] is not None:
            return found["escaped"]
        if found["link"] is not None:
            return _inline(found["link"], style)
        inner = _bare(_inline(found["bold"] or found["italic"], style))
        return " ".join(style(word, "bold") for word in inner.split())

    return INLINE.sub(styled, text)


def _is_bare(style: Style) -> bool:
    return style("x", "bold") == "x"


def _bare(text: str) -> str:
    return ESCAPE.sub("", text)


def _length(text: str) -> int:
    return len(_bare(text))
