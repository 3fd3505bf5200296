"""The groups that the home screen and `rnnlab --help` show, and which command belongs to which."""

from collections.abc import Iterable

GROUPS = {
    "Start here": ("train", "init", "check", "explain", "schema", "manual"),
    "Look": ("sweep-rho", "inspect", "runs", "show", "compare", "why", "plot", "report", "lyapunov", "cells"),
    "Forecast": ("fetch", "forecast", "sample", "tag", "translate", "watch"),
    "Verify": ("gradcheck", "unroll", "sweep", "success", "remedies", "reproduce", "verify"),
    "Keep": ("resume", "label", "note", "rm", "doctor"),
}
OTHERS = "More"


def grouped(names: Iterable[str]) -> dict[str, list[str]]:
    """The names under their group's title, in the order of the table; a group that has none is left out."""
    names = list(names)
    known = {name for members in GROUPS.values() for name in members}
    found = {title: [name for name in members if name in names] for title, members in GROUPS.items()}
    found[OTHERS] = [name for name in names if name not in known]
    return {title: members for title, members in found.items() if members}
