"""The sentences in which a key's problem is told: what must hold, what came, and what to do."""

from __future__ import annotations

import re
from typing import Any

from rnnlab.config import registry, schema_index
from rnnlab.config.diagnostics import quoted
from rnnlab.config.locations import Node
from rnnlab.config.reader import dotted
from rnnlab.config.synonyms import SYNONYMS
from rnnlab.printable import cut
from rnnlab.suggestions import did_you_mean, nearest
from rnnlab.words import listed

Path = tuple[str, ...]


def say_unknown(path: Path, values: Any, node: Node | None = None) -> str:
    """A key that is not there, and the one that may have been meant."""
    name, known = path[-1], schema_index.entries(path[:-1], values)
    start = f"{dotted(path)}: no such key"
    near = nearest_key(name, list(known))
    if near:
        return f"{start}; did you mean {near}?"
    kind = _kind_here(path[:-1], values)
    others = [other for other, found in schema_index.every_key() if found.path == path]
    if kind and others:
        owners = _owners(path[:-1], values, others)
        return f"{start}{kind}; it belongs to {listed(owners)}{_naming(path, values, others, node)}."
    elsewhere = _elsewhere(name, path[:-1])
    if elsewhere:
        return f"{start}; did you mean {elsewhere}?"
    where = dotted(path[:-1]) or "a config"
    return f"{start}{kind}. The keys of {where} are {schema_index.listed(known)}."


def _kind_here(path: Path, values: Any) -> str:
    section = _value_at(values, path)
    if not isinstance(section, dict):
        return ""
    implied = _implied(path, values)
    if implied:
        return f" for kind: {implied}, the default"
    words = [f"{word}: {section[word]}" for word in schema_index.DISCRIMINATORS if isinstance(section.get(word), str)]
    return f" for {', '.join(words)}" if words and path else ""


def _owners(section: Path, values: Any, names: list[str]) -> list[str]:
    """The kinds that have a key; where they are tasks of another kind that kind, with the tasks if not all have it."""
    known, given = schema_index.entry(section, values), _value_at(values, section)
    sections = list(known.sections) if known else []
    here = given.get("kind") if isinstance(given, dict) else None
    owners = []
    for name in names:
        kind = next((one[0] for one in sections if len(one) > 1 and one[-1] == name and one[0] != here), None)
        tasks = [one[-1] for one in sections if one[0] == kind]
        those = [task for task in tasks if task in names]
        some = "" if those == tasks else f" ({listed(those)})"
        owners.append(f"kind: {kind}{some}" if kind else name)
    return list(dict.fromkeys(owners))


def _implied(path: Path, values: Any) -> str | None:
    """The kind of a section that names none."""
    known, section = schema_index.entry(path, values), _value_at(values, path)
    return known.implied_kind if known and isinstance(section, dict) and "kind" not in section else None


def _naming(path: Path, values: Any, kinds: list[str], node: Node | None) -> str:
    """How to name another kind, where none is named yet; `node` is the key that asks for it."""
    if not _implied(path[:-1], values):
        return ""
    location = node.key_location if node else None
    how = f"kind: {kinds[0]}"
    if location is not None and not location.source.numbered:
        how = f"--set {dotted((*path[:-1], 'kind'))}={kinds[0]}"
    return f": add {how}" if len(kinds) == 1 else f": name one, for instance {how}"


def _value_at(values: Any, path: Path) -> Any:
    for part in path:
        values = values.get(part) if isinstance(values, dict) else None
    return values


def nearest_key(name: str, known: list[str]) -> str | None:
    """The key of this section that a wrong one resembles, or means in other words, misspelt or not."""
    plain = name.lower().replace("-", "_")
    folded = {key.lower(): key for key in known}
    if plain in folded:
        return folded[plain]
    if SYNONYMS.get(plain) in known:
        return SYNONYMS[plain]
    words = [key for key in known if key.islower()]  # W_xh and W_ho are near each other: no guess is to be had there
    # A word of two or three letters, such as eta, is near to too many.
    meant = {word: key for word, key in SYNONYMS.items() if key in words and len(word) > 3}
    meant |= {key: key for key in words}
    return next((meant[word] for word in nearest(plain, meant)), None)


def _elsewhere(name: str, here: Path) -> str | None:
    """The same key in another section, the nearest one first."""
    wanted = {name, SYNONYMS.get(name, name)}
    found = [
        entry.path for _, entry in schema_index.every_key() if entry.path[-1] in wanted and entry.path[:-1] != here
    ]
    # `kind` is everywhere: to point at one of them would be a guess.
    if not found or name in schema_index.DISCRIMINATORS:
        return None
    shared = [sum(a == b for a, b in zip(path, here, strict=False)) for path in found]
    best = found[max(range(len(found)), key=lambda index: (shared[index], -len(found[index])))]
    return dotted(best)


def say_missing(path: Path, values: Any) -> str:
    """A key that must be given and is not."""
    entry = schema_index.entry(path, values)
    if entry is None:
        return f"{dotted(path)} is missing; add it."
    example = schema_index.in_flow(entry.extra.get("example"))
    return f"{dotted(path)} is missing; add it, for instance {path[-1]}: {example}."


def say_kind(path: Path, word: str, node: Node | None, values: Any) -> str:
    """A `kind` (or `task`) that is missing or that there is not; `node` is what was given for it."""
    entry = schema_index.entry(path, values)
    sections = entry.sections if entry else {}
    at = schema_index.DISCRIMINATORS.index(word)
    given = _value_at(values, path)
    before = given.get("kind") if at and isinstance(given, dict) else None
    kinds = list(dict.fromkeys(kind[at] for kind in sections if len(kind) > at and (not at or kind[0] == before)))
    full = dotted((*path, word))
    if node is None:
        keys = given.keys() if isinstance(given, dict) else ()
        fits = {
            kind[at]: len(keys & section.model_fields.keys()) for kind, section in sections.items() if len(kind) > at
        }
        example = max(kinds, key=lambda kind: fits[kind])  # the first of those that have most of the keys given
        return f"{full} is missing; add one of {', '.join(kinds)}, for instance {word}: {example}."
    # `optimizer: sdg` has its kind in the place of the mapping.
    if entry is not None and "must" in entry.extra and not isinstance(given, dict):
        return say_value(path, node, values)
    shown = full if node.mapping is None and isinstance(given, dict) else dotted(path)
    found = {("model", "cell"): registry.layers, ("data",): registry.tasks}.get(path)
    broken = found().broken.get(str(node.value)) if found else None
    if broken:  # a name that there is comes before a guess at another
        hint = f". {broken}."
    else:
        hint = (did_you_mean(node.value, kinds, cutoff=0.6) if isinstance(node.value, str) else "") or "."
    return f"{shown} must be one of {', '.join(kinds)}; got {got(node)}{hint}"


def say_value(path: Path, node: Node | None, values: Any, *, must: str | None = None) -> str:
    """A value that its key cannot have."""
    if not path:
        return f"a config must be a mapping of keys to values; got {got(node)}."
    entry = schema_index.entry(path, values)
    if must is None:
        must = schema_index.requirement(entry) if entry is not None else "something else"
        if node is not None and isinstance(node.value, int) and node.value >= 2**63:
            must += " and below 2^63"
    return f"{dotted(path)} must be {must}; got {got(node)}{_advice(must, node)}"


def got(node: Node | None) -> str:
    """Show a value for "got ..."."""
    if node is None:
        return "nothing"
    if isinstance(node.children, dict):
        return "a mapping"
    if isinstance(node.children, list):
        inside = ", ".join(got(item) if item.children is None else "..." for item in node.children[:8])
        return cut(f"[{inside}{', ...' if len(node.children) > 8 else ''}]")
    if node.value is None:
        return f"nothing ({node.raw})" if node.raw else "nothing"
    if isinstance(node.value, str):
        return quoted(node.value)
    return cut(node.raw) if node.raw else str(node.value)


def _advice(must: str, node: Node | None) -> str:
    """What to do about it, where the value shows what was meant."""
    value = node.value if node is not None else None
    if isinstance(value, str):
        return _advice_on_text(must, value, written_plainly=bool(node and node.raw))
    if isinstance(value, float) and "whole number" in must and value == value and abs(value) < 1e15:
        return f"; write {int(value)}." if value == int(value) else "."
    if isinstance(value, float) and (value != value or abs(value) == float("inf")):
        return ", which is not finite."
    if node is not None and node.children is None and value is None and "none" in re.findall(r"\w+", must):
        return "; write none."
    if isinstance(value, bool | int | float) and must.startswith(
        ("a text", "the name", "a ticker", "the path", "1 to 64")
    ):
        return f'; put it in quotes: "{node.raw if node else value}".'
    return "."


def _advice_on_text(must: str, value: str, *, written_plainly: bool) -> str:
    if must.startswith("one of "):
        words = must.removeprefix("one of ").removesuffix(", or null").split(", ")
        return did_you_mean(value, words, cutoff=0.6) or "."
    if near := did_you_mean(value, re.findall(r"^\w+(?=, or )|(?<=, or )\w+$", must)):  # one word, or a number
        return near
    if "number" in must or "true or false" in must:
        if value.lower() in ("yes", "on", "no", "off", "y", "n") and "true or false" in must:
            return f"; write {'true' if value.lower() in ('yes', 'on', 'y') else 'false'}."
        if re.fullmatch(r"[-+]?[0-9]+(_[0-9]+)+", value):
            return f"; write {value.replace('_', '')}."
        if re.fullmatch(r"[-+]?[0-9]+,[0-9]+", value):
            return "; a number has a point, not a comma."
        if not written_plainly and re.fullmatch(r"[-+]?[0-9.]+([eE][-+]?[0-9]+)?|true|false", value):
            return "; remove the quotes."
        if re.fullmatch(r"[-+]?(inf|infinity|nan)", value.lower()):
            return ", which is no number here."
    return "."
