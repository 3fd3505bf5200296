"""The language of `rnnlab runs --where`: comparisons joined by `and`, `or`, `not` and parentheses.

    condition   = both { "or" both }
    both        = single { "and" single }
    single      = "not" single | "(" condition ")" | comparison
    comparison  = KEY operator value
    operator    = "=" | "==" | "!=" | "<" | "<=" | ">" | ">=" | "~"

A value is a number, `true`, `false`, `null`, a word, or a text in quotes. A run without the key counts as one whose
value is null: it equals only null, and no order holds for it. `!=` is the opposite of `=`.
"""

import operator
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, NoReturn

from rnnlab.config.synonyms import SYNONYMS
from rnnlab.errors import UsageError
from rnnlab.printable import shortened
from rnnlab.suggestions import did_you_mean
from rnnlab.words import listed

LONGEST = 10_000
DEEPEST = 100
OPTION = "where"
_TOKEN = re.compile(
    r"""\s*(?:(?P<mark>[()])|(?P<operator>==|!=|<=|>=|=|<|>|~)|"(?P<double>[^"]*)"|'(?P<single>[^']*)'|(?P<word>[^\s()=!<>~"']+))"""
)
_NUMBER = re.compile(r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?")
_CONSTANTS = {"true": True, "false": False, "null": None}
_ORDERS = {"<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge}

Column = Callable[[str], Sequence[Any]]


@dataclass(frozen=True)
class Comparison:
    """A key, an operator, and the value on its right."""

    key: str
    operator: str
    value: Any

    def matches(self, column: Column) -> list[bool]:
        """Whether it holds, run by run."""
        test = _test(self.operator, self.value)
        return [any(map(test, one)) if isinstance(one, list) else test(one) for one in column(self.key)]


@dataclass(frozen=True)
class Joined:
    """Conditions of which all must hold (`and`), or one (`or`)."""

    word: str
    parts: "tuple[Condition, ...]"

    def matches(self, column: Column) -> list[bool]:
        """Whether it holds, run by run."""
        rows = zip(*(part.matches(column) for part in self.parts), strict=True)
        return [all(row) if self.word == "and" else any(row) for row in rows]


@dataclass(frozen=True)
class Opposite:
    """What holds where a condition does not."""

    part: "Condition"

    def matches(self, column: Column) -> list[bool]:
        """Whether it holds, run by run."""
        return [not one for one in self.part.matches(column)]


Condition = Comparison | Joined | Opposite


def parse(text: str) -> Condition:
    """Read a condition.

    Raises
    ------
    UsageError
        Where it is none; the message shows the place.
    """
    if len(text) > LONGEST:
        raise UsageError(f"{OPTION} must have at most {LONGEST:,} characters; got {len(text):,}.")
    parser = _Parser(text)
    found = parser.condition()
    if parser.kind is not None:
        parser.fail("and, or, or the end")
    return found


def keys_in(condition: Condition) -> list[str]:
    """The keys that a condition asks for, each once."""
    if isinstance(condition, Comparison):
        return [condition.key]
    parts = condition.parts if isinstance(condition, Joined) else (condition.part,)
    return list(dict.fromkeys(key for part in parts for key in keys_in(part)))


class _Parser:
    """Reads token by token; `kind` and `word` are those of the next."""

    def __init__(self, text: str) -> None:
        self._text, self._end, self._depth = text, 0, 0
        self.kind: str | None = None
        self.word = ""
        self._start = 0
        self._advance()

    def _advance(self) -> None:
        found = _TOKEN.match(self._text, self._end)
        rest = self._text[self._end :]
        self._start = self._end + len(rest) - len(rest.lstrip())
        if found is None:
            self.kind, self.word = None, ""
            if rest.strip():
                self.kind = "unknown"
                unfinished = rest.lstrip()[0] in "\"'"
                self.fail("the quote that ends this text" if unfinished else "a key or a value")
            return
        self.kind, self._end = found.lastgroup, found.end()
        self.word = found[found.lastgroup or 0]

    def condition(self) -> Condition:
        return self._joined("or", lambda: self._joined("and", self._single))

    def _joined(self, word: str, part: Callable[[], Condition]) -> Condition:
        parts = [part()]
        while self.kind == "word" and self.word == word:
            self._advance()
            parts.append(part())
        return parts[0] if len(parts) == 1 else Joined(word, tuple(parts))

    def _single(self) -> Condition:
        self._depth += 1
        if self._depth > DEEPEST:
            raise UsageError(f"{OPTION}: nested more than {DEEPEST} levels deep.")
        found = self._nested() or self._comparison()
        self._depth -= 1
        return found

    def _nested(self) -> Condition | None:
        if self.kind == "word" and self.word == "not":
            self._advance()
            return Opposite(self._single())
        if self.kind == "mark" and self.word == "(":
            self._advance()
            found = self.condition()
            if self.word != ")" or self.kind != "mark":
                self.fail("the parenthesis that closes")
            self._advance()
            return found
        return None

    def _comparison(self) -> Condition:
        key = self.word
        if self.kind != "word" or key in ("and", "or"):
            self.fail("a key, such as status or metrics.rmse")
        self._advance()
        sign = {"==": "="}.get(self.word, self.word)
        if self.kind != "operator":
            self.fail("=, !=, <, <=, >, >= or ~")
        self._advance()
        if self.kind not in ("word", "double", "single"):
            self.fail("a value")
        value = _value(self.word) if self.kind == "word" and sign != "~" else self.word
        if sign in _ORDERS and (value is None or isinstance(value, bool)):
            self.fail("a number or a text")
        self._advance()
        found = Comparison(key, "=" if sign == "!=" else sign, value)
        return Opposite(found) if sign == "!=" else found

    def fail(self, wanted: str) -> NoReturn:
        """Say what must stand at the place that was read last, and show it."""
        before, after = self._text[: self._start], self._text[self._start :]
        got = shortened(after.split()[0], 40) if after.strip() else "the end"
        where = f" after '{shortened(before.strip()[-40:], 41)}'" if before.strip() else ""
        raise UsageError(
            f"{OPTION}: expected {wanted}{where}; got {got}.",
            hint="a condition reads: metrics.rmse<20 and (model.cell=lstm or label=paper)",
        )


def _value(word: str) -> Any:
    if word in _CONSTANTS:
        return _CONSTANTS[word]
    if _NUMBER.fullmatch(word):
        number = float(word)
        return int(word) if re.fullmatch(r"[-+]?\d{1,18}", word) else number
    return word


def _test(sign: str, value: Any) -> Callable[[Any], bool]:
    """Whether a comparison holds for one value of a run."""
    if sign == "~":
        wanted = str(value).casefold()
        return lambda one: one is not None and wanted in as_text(one).casefold()
    kind = str if isinstance(value, str) else bool if isinstance(value, bool) else (int, float)
    if sign == "=":
        if value is None:
            return lambda one: one is None
        if isinstance(value, bool):
            return lambda one: one is value
        return lambda one: one == value and not isinstance(one, bool)
    holds = _ORDERS[sign]
    return lambda one: isinstance(one, kind) and not isinstance(one, bool) and holds(one, value)


def as_text(value: Any) -> str:
    """A value as it is written in a condition."""
    return {True: "true", False: "false"}[value] if isinstance(value, bool) else "null" if value is None else str(value)


def unknown_key(key: str, known: Iterable[str], option: str) -> UsageError:
    """The error for a key that no run has and no config may have: the nearest by the whole or by its last part."""
    known = list(known)
    last = key.rpartition(".")[2]
    ends = [one for one in dict.fromkeys(known) if one.rpartition(".")[2] in (last, SYNONYMS.get(last, last))]
    near = f"; did you mean {listed(ends[:3], 'or')}?" if ends else did_you_mean(key, known)
    return UsageError(
        f"{option}: no run has a key {shortened(key)!r}{near or '.'}",
        hint="`rnnlab show RUN --all` lists the keys of a run.",
    )
