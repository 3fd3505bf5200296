"""YAML text to a tree of values with locations: YAML 1.2, each key once, nothing that runs or explodes."""

from dataclasses import dataclass, field

import yaml
from yaml.composer import Composer
from yaml.nodes import CollectionNode, MappingNode, ScalarNode
from yaml.nodes import Node as YamlNode
from yaml.parser import Parser
from yaml.reader import Reader, ReaderError
from yaml.scanner import Scanner

from rnnlab.config.diagnostics import Diagnostic, Mark, quoted
from rnnlab.config.locations import Location, Node, SourceText
from rnnlab.config.scalars import TAG, CoreResolver, ScalarError, value_of
from rnnlab.config.syntax import explain_reader_error, explain_syntax_error
from rnnlab.printable import cut

DEEPEST = 40
MOST_VALUES = 50_000


@dataclass
class Document:
    """What was read: the tree, or None where there is none, and every problem met on the way."""

    source: SourceText
    tree: Node | None = None
    problems: list[Diagnostic] = field(default_factory=list)


class _Unreadable(Exception):  # noqa: N818 (never leaves this module)
    """A problem after which nothing more can be read."""

    def __init__(self, problem: Diagnostic) -> None:
        super().__init__(problem.message)
        self.problem = problem


class _Composer(Reader, Scanner, Parser, Composer, CoreResolver):
    """PyYAML up to the graph of nodes; no constructor, so no tag can make an object."""

    def __init__(self, text: str, source: SourceText) -> None:
        Reader.__init__(self, text)
        Scanner.__init__(self)
        Parser.__init__(self)
        Composer.__init__(self)
        CoreResolver.__init__(self)
        self._source = source
        self._depth = 0

    def compose_node(self, parent, index):  # type: ignore[override]
        """Compose as PyYAML does, but refuse nesting that would exhaust the stack."""
        self._depth += 1
        if self._depth > DEEPEST:
            mark = self.peek_event().start_mark
            location = Location(self._source, mark.line, mark.column, mark.column + 1)
            raise _Unreadable(Diagnostic(f"nested more than {DEEPEST} levels deep.", (Mark(location),)))
        node = super().compose_node(parent, index)
        self._depth -= 1
        return node


def read(text: str, source: SourceText, *, offset: int = 0, path: tuple[str, ...] = ()) -> Document:
    """Read one YAML document.

    Parameters
    ----------
    text : str
        The YAML.
    source : SourceText
        Where it comes from; its lines hold `text`, the first one after `offset` characters of something else.
    offset : int
        See `source`; for values within a command line argument.
    path : tuple of str
        The keys that lead to the document's root, for the messages.
    """
    document = Document(source)
    try:
        root = _Composer(text, source).get_single_node()
        if root is not None:
            document.tree = _Conversion(document, offset).node(root, path)
    except _Unreadable as stop:
        document.problems.append(stop.problem)
    except ReaderError as error:
        document.problems.append(explain_reader_error(error, text, source, offset))
    except yaml.MarkedYAMLError as error:
        document.problems.append(explain_syntax_error(error, source, offset))
    except (ValueError, ArithmeticError, LookupError, RecursionError) as error:
        # PyYAML's scanner lets some of these through: "\U99999999" in quotes, a directive "%YAML 1.x".
        document.problems.append(Diagnostic(f"not readable as YAML: {cut(str(error))}.", source=source))
    return document


class _Conversion:
    """Turns PyYAML's graph into a tree, and collects what is wrong with it."""

    def __init__(self, document: Document, offset: int) -> None:
        self._document = document
        self._offset = offset
        self._count = 0
        self._open: list[YamlNode] = []

    def node(self, node: YamlNode, path: tuple[str, ...], key_location: Location | None = None) -> Node:
        """Convert one node and everything below it."""
        self._guard(node, path)
        location = self._location(node)
        if isinstance(node, ScalarNode):
            return self._scalar(node, path, location, key_location)
        assert isinstance(node, CollectionNode)
        kind = "map" if isinstance(node, MappingNode) else "seq"
        if node.tag != TAG + kind:
            tag = node.tag.replace(TAG, "!!")
            self._complain(path, f"the tag {quoted(tag)} has no meaning here; drop it.", location)
        self._open.append(node)
        converted = Node(None, location, key_location)
        if isinstance(node, MappingNode):
            converted.children = self._entries(node, path)
        else:
            items = enumerate(node.value)
            converted.children = [self.node(item, (*path, str(index))) for index, item in items]
        self._open.pop()
        return converted

    def _scalar(
        self, node: ScalarNode, path: tuple[str, ...], location: Location, key_location: Location | None
    ) -> Node:
        try:
            value = value_of(node.tag, node.value)
        except ScalarError as error:
            self._complain(path, str(error), location)
            value = None
        quoted_text = node.style in ('"', "'", "|", ">")
        return Node(value, location, key_location, raw="" if quoted_text else node.value)

    def _entries(self, mapping: MappingNode, path: tuple[str, ...]) -> dict[str, Node]:
        entries: dict[str, Node] = {}
        for key_node, value_node in mapping.value:
            location = self._location(key_node)
            key = self._key(key_node, path, location, alone=location.end == self._location(value_node).start)
            if key is None:
                continue
            child = self.node(value_node, (*path, key), location)
            if key in entries:
                first = entries[key].key_location
                assert first is not None
                lines = f"line {first.line + 1} and line {location.line + 1}"
                where = "twice on one line" if first.line == location.line else f"twice, on {lines}"
                self._complain((*path, key), f"given {where}; keep one of them.", location, Mark(first, "first"))
            else:
                entries[key] = child
        return entries

    def _key(self, node: YamlNode, path: tuple[str, ...], location: Location, *, alone: bool) -> str | None:
        if not isinstance(node, ScalarNode):
            kind = "a mapping" if isinstance(node, MappingNode) else "a list"
            self._complain(path, f"a key must be a word; got {kind}.", location)
            return None
        if node.value == "<<" and node.style is None:
            self._complain(
                path, "merge keys (<<) are not part of YAML 1.2; write the keys out, or use extends.", location
            )
            return None
        try:
            value = value_of(node.tag, node.value)
        except ScalarError as error:
            self._complain(path, f"a key must be a word; this one {error}", location)
            return None
        if not isinstance(value, str) or not value:
            hint = " A decimal number has a point, not a comma." if alone and isinstance(value, int | float) else ""
            self._complain(path, f"a key must be a word; got {node.value or 'nothing'}.{hint}", location)
            return None
        return value

    def _guard(self, node: YamlNode, path: tuple[str, ...]) -> None:
        self._count += 1
        problem = None
        if any(node is parent for parent in self._open):
            problem = "an alias (*) that stands inside what it repeats would never end; write the values out."
        elif len(self._open) > DEEPEST:
            problem = f"nested more than {DEEPEST} levels deep once its aliases (*) are followed."
        elif self._count > MOST_VALUES:
            problem = f"more than {MOST_VALUES} values once its aliases (*) are followed; write fewer."
        if problem:
            # The value that was found out may be far from the one that repeats too much: show the outermost.
            outermost = self._open[1] if len(self._open) > 1 else node
            raise _Unreadable(Diagnostic(_about(path[:1], problem), (Mark(self._location(outermost)),)))

    def _location(self, node: YamlNode) -> Location:
        start, end = node.start_mark, node.end_mark
        shift = self._offset if start.line == 0 else 0
        line = self._document.source.lines[start.line] if start.line < len(self._document.source.lines) else ""
        last = end.column + shift if end.line == start.line else len(line.rstrip())
        return Location(self._document.source, start.line, start.column + shift, last)

    def _complain(self, path: tuple[str, ...], message: str, location: Location, *others: Mark) -> None:
        self._document.problems.append(Diagnostic(_about(path, message), (Mark(location), *others)))


def _about(path: tuple[str, ...], message: str) -> str:
    """Begin a message with the key that it is about, where there is one."""
    return f"{dotted(path)}: {message}" if path else message


def dotted(path: tuple[str, ...]) -> str:
    """Write a path as it is written for `--set`."""
    return ".".join(cut(part, 40) for part in path)
