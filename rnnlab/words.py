"""Words of a sentence: counts with their noun, lists with their last word."""

from collections.abc import Sequence


def count(number: int, noun: str) -> str:
    """`1 seed`, `5 seeds`, `1,200 seeds`."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def listed(words: Sequence[str], last: str = "and") -> str:
    """`a`, `a and b`, `a, b and c`."""
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} {last} {words[-1]}"
