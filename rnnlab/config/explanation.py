"""What a key of a config means, found by its path, a part of it or another tool's word, and what it is in a config."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache
from shlex import quote
from typing import Any

from pydantic import BaseModel
from pydantic_core import PydanticUndefined

from rnnlab.config import schema_index
from rnnlab.config.locations import Origin
from rnnlab.config.old_names import renamed
from rnnlab.config.reference import (
    ANY_PARAMETER,
    INIT,
    Fact,
    Place,
    default_of,
    facts,
    general,
    having,
    implied_kind,
    meaning_of,
    must_of,
)
from rnnlab.config.schema.experiment import Config
from rnnlab.config.schema.initial_weights import InitialWeights
from rnnlab.config.schema_index import DISCRIMINATORS, SchemaKey, in_flow
from rnnlab.config.sources import locate, shown
from rnnlab.config.synonyms import SYNONYMS
from rnnlab.errors import UsageError
from rnnlab.printable import shortened
from rnnlab.suggestions import nearest

Path = tuple[str, ...]
EXTENDS = "extends"
ANY = (*INIT, ANY_PARAMETER)


@dataclass(frozen=True)
class KeyHelp:
    """What is known of a key.

    Attributes
    ----------
    name : str
        Dotted, as for `--set`; `*` stands for any parameter of `model.init`. Of a kind, what sets it:
        `training.optimizer=adam`.
    meaning, must, default : tuple of (str, tuple of str)
        What it is for, what its value must be, and what it is where left out, each with the kinds of its section for
        which that holds; () for all.
    unit : str
        What it counts or measures; "" for nothing.
    kinds : tuple of str
        The kinds of its section that have the key; () where all have it.
    choices : tuple of (str, str)
        The kinds that a section may have, with their meanings.
    example : str
        How the key may stand in a config or after `--set`; "" where nothing is known that fits.
    value : object
        In the config that was asked about: None, a scalar, a list or a dict.
    origin : Origin or None
        Where that value comes from: its `kind` is `file`, `extended`, `argument`, `default` or `unused`. None where no
        config was asked about.
    """

    name: str
    meaning: tuple[Fact, ...]
    must: tuple[Fact, ...]
    default: tuple[Fact, ...]
    unit: str = ""
    kinds: tuple[str, ...] = ()
    choices: tuple[tuple[str, str], ...] = ()
    example: str = ""
    value: Any = None
    origin: Origin | None = None


@dataclass(frozen=True)
class Explanation:
    """The answer to `rnnlab explain KEY [CONFIG]`.

    Attributes
    ----------
    asked : str
        The word.
    matches : tuple of KeyHelp
        The keys that it may mean, one or several.
    inside : tuple of KeyHelp
        The keys within, where it means one section or one kind of it.
    kind : str or None
        The kind of the section that is meant, such as adam.
    config : str or None
        The config that was asked about, as messages name it.
    """

    asked: str
    matches: tuple[KeyHelp, ...]
    inside: tuple[KeyHelp, ...] = ()
    kind: str | None = None
    config: str | None = None


def explain(key: str, source: str | os.PathLike[str] | None = None, *, overrides: Sequence[str] = ()) -> Explanation:
    """Explain a key, a section, or a kind of one.

    Parameters
    ----------
    key : str
        A path as for `--set` (`training.clip.threshold`), the end of one (`threshold`), a kind (`adam`,
        `training.optimizer=adam`), or a word that other tools have (`lr`).
    source : str or path, optional
        A config as for `rnnlab.load`; the answer then has its values and where they come from.
    overrides : sequence of str
        Each `KEY=VALUE`, on top of that config.

    Raises
    ------
    UsageError
        If there is no such key; the message names the nearest.
    ConfigError
        If the config is wrong.
    """
    found = _find(key)
    if source is None:
        return found
    from rnnlab.config.loading import load_with_origins  # which reads YAML

    config, origins = load_with_origins(source, overrides=overrides)
    if found.kind is not None and (other := _other_kind(found, config)):
        without = replace(found.matches[0], origin=Origin("unused", other))
        return replace(found, matches=(without,), config=shown(locate(source)))
    matches, inside = (
        tuple(_with_value(key, config, origins) for key in keys) for keys in (found.matches, found.inside)
    )
    return replace(found, matches=matches, inside=inside, config=shown(locate(source)))


# What a word means


def _find(asked: str) -> Explanation:
    word, equals, kind = asked.strip().lstrip("-").partition("=")
    if equals:
        return _of_kind(asked, word, kind)
    paths = _paths(word)
    if len(paths) == 1 and len(paths[0]) == 1:
        return _answer(asked, paths, [])
    owners = _owners(word) if "." not in word else []
    if not paths and not owners:
        paths = _synonymous(word) or _having_word(word)
    if not paths and not owners:
        raise _unknown(asked, word)
    return _answer(asked, paths, [(path, word) for path in owners])


def _of_kind(asked: str, word: str, kind: str) -> Explanation:
    """The answer to `training.optimizer=adam`."""
    section = word.rpartition(".")[0] if word.rpartition(".")[2] in DISCRIMINATORS else word
    paths = _paths(section) or _synonymous(section)
    if not paths:
        raise _unknown(asked, word)
    owners = [(path, kind) for path in paths if kind in dict(_choices(path))]
    owners = owners or [(path, full[-1]) for path in paths for full in _sections_of(path) if full[0] == kind]
    if not owners:
        raise _unknown_kind(asked, paths[0], kind)
    return _answer(asked, [], owners)


def _answer(asked: str, paths: list[Path], kinds: list[tuple[Path, str]]) -> Explanation:
    matches = tuple(_help(path) for path in paths) + tuple(_kind_help(path, kind) for path, kind in kinds)
    if len(matches) > 1:
        return Explanation(asked, matches)
    if paths:
        return Explanation(asked, matches, tuple(_help(inner) for inner in _inside(paths[0], None)))
    ((path, kind),) = kinds
    return Explanation(asked, matches, tuple(_help(inner, kind) for inner in _inside(path, kind)), kind)


def _paths(word: str) -> list[Path]:
    """The keys that a path names, whole or by its end."""
    asked = renamed(tuple(word.split(".")))
    if asked == (EXTENDS,) or asked in _by_path():
        return [asked]
    ends = [path for path in _known() if len(path) > len(asked) and _fits(path[-len(asked) :], asked)]
    return list(dict.fromkeys((*path[: -len(asked)], *asked) for path in ends))


def _fits(end: Path, asked: Path) -> bool:
    """Whether the end of a known path is what was asked for, where `*` may be any parameter."""
    parameters = InitialWeights.model_fields
    return all(a == b or (a == ANY_PARAMETER and b in parameters) for a, b in zip(end, asked, strict=True))


def _synonymous(word: str) -> list[Path]:
    """The keys that another tool's word, or the same word in other letters, may mean."""
    *section, last = word.lower().replace("-", "_").split(".")
    meant = SYNONYMS.get(last, last)
    folded = {path[-1].lower(): path[-1] for path in _known()}
    found = _paths(folded.get(meant, meant))
    return [path for path in found if path[: len(section)] == tuple(section)]


def _owners(kind: str) -> list[Path]:
    """The sections that may be of a kind; one for all parameters."""
    found = [path for path in _known() if kind in dict(_choices(path))]
    return list(dict.fromkeys(ANY if path in _parameters() else path for path in found))


def _parameters() -> list[Path]:
    return [(*INIT, name) for name in InitialWeights.model_fields if name != "forget_bias"]


def _having_word(word: str) -> list[Path]:
    """The keys that may have a word for their value, such as relu."""
    return [path for path in _known() if any(word in _words(must_of(entry)) for _, entry in _by_path()[path])]


def _words(must: str) -> list[str]:
    listed = must.removeprefix("one of ") if must.startswith("one of ") else must.partition(", or ")[0]
    return listed.removesuffix(", or null").split(", ")


def _unknown(asked: str, word: str) -> UsageError:
    names = [".".join(path) for path in _known()]
    by_end = {name.rpartition(".")[2]: name for name in reversed(names)}
    near = nearest(word, names, cutoff=0.75) or [by_end[end] for end in nearest(word.rpartition(".")[2], by_end)]
    guess = f"; did you mean {near[0]}?" if near else "."
    sections = "data, model, training and evaluation"
    hint = f"`rnnlab explain training` lists the keys of a section; the sections are {sections}."
    return UsageError(f"{shortened(asked)}: no such key{guess}", hint=hint)


def _unknown_kind(asked: str, path: Path, kind: str) -> UsageError:
    name, choices = ".".join(path), [word for word, _ in _choices(path)]
    if not choices:
        return UsageError(f"{shortened(asked)}: {name} has no kinds.", hint=f"`rnnlab explain {name}` explains it.")
    near = nearest(kind, choices, cutoff=0.6)
    guess = f"; did you mean {near[0]}?" if near else f"; the kinds of {name} are {', '.join(choices)}."
    return UsageError(f"{shortened(asked)}: no such kind{guess}", hint=f"`rnnlab explain {name}` lists the kinds.")


# What a key is


@cache
def _known() -> tuple[Path, ...]:
    """The paths of all keys, those of the parameters' kinds once for all parameters."""
    paths = [entry.path for _, entry in schema_index.every_key()]
    return tuple(dict.fromkeys(tuple(general(path).split(".")) for path in paths))


@cache
def _by_path() -> dict[Path, list[Place]]:
    """Where a key is declared: of a parameter of `model.init` by its own path and by that of any."""
    found: dict[Path, list[Place]] = {}
    for kind, entry in schema_index.every_key():
        everywhere = [ANY] if entry.path in _parameters() else []
        for path in dict.fromkeys((entry.path, tuple(general(entry.path).split(".")), *everywhere)):
            found.setdefault(path, []).append((kind, entry))
    return found


def _help(path: Path, kind: str | None = None) -> KeyHelp:
    """What is known of a key, for one kind of its section or for all."""
    if path == (EXTENDS,):
        return _extends()
    places = [place for place in _by_path()[path] if kind in (None, place[0])]
    if path[-1] in DISCRIMINATORS:
        return _discriminator(path, places)
    return KeyHelp(
        ".".join(path),
        facts(places, meaning_of),
        facts(places, must_of),
        facts(places, default_of),
        places[0][1].extra.get("unit", ""),
        having(places) if kind is None else (),
        tuple(_choices(path)),
        _example(path, places[0][1]),
    )


def _example(path: Path, entry: SchemaKey) -> str:
    """What sets the key to its default, or to the example where it has none."""
    value, must = entry.extra.get("example"), must_of(entry)
    if value is None and entry.field.default is not PydanticUndefined:
        value = entry.field.default
    if isinstance(value, BaseModel):
        value = getattr(value, "kind", None)
    if path == ("data",):
        return f"data: {in_flow(value)}"
    if isinstance(value, dict):
        value = value.get("kind")
    if value is None and (found := re.match(r"(?:one of )?(\w+)(?=,)", must)):
        value = found[1]
    if value is None and (found := re.match(r"a whole number of at least (\d+)", must)):
        value = found[1]
    name = ".".join(path).replace(ANY_PARAMETER, "W_hh")
    return f"--set {quote(f'{name}={in_flow(value)}')}" if value is not None else ""


def _extends() -> KeyHelp:
    meaning = "another config, whose values come first; what this config says itself replaces them"
    must = "the path of a config, relative to this file's folder, or the name of a bundled config"
    return KeyHelp(EXTENDS, ((meaning, ()),), ((must, ()),), (("null", ()),), example="extends: stock")


def _discriminator(path: Path, places: list[Place]) -> KeyHelp:
    choices = {str(entry.field.default): meaning_of(entry) for _, entry in places}
    default = implied_kind([entry for _, entry in places]) if path[-1] == "kind" else "required"
    what = f"the {path[-1]} of {'.'.join(path[:-1])}, which decides what other keys it has"
    must = f"one of {', '.join(choices)}"
    known = tuple(choices.items())
    return KeyHelp(".".join(path), ((what, ()),), ((must, ()),), ((default, ()),), choices=known)


def _kind_help(path: Path, kind: str) -> KeyHelp:
    """What is known of one kind of a section."""
    meaning = ((dict(_choices(path))[kind], ()),)
    name = f"{'.'.join(path)}={kind}"
    if path != ("data",):
        return KeyHelp(name, meaning, (), (), example=f"--set {name.replace(ANY_PARAMETER, 'W_hh')}")
    # Data have no kind that could do without keys.
    full, section = next((full, one) for full, one in _sections_of(path).items() if full[-1] == kind)
    words = [f"{word}: {value}" for word, value in zip(DISCRIMINATORS, full, strict=False)]
    needed = {key: field.json_schema_extra for key, field in section.model_fields.items() if field.is_required()}
    words += [f"{key}: {in_flow(extra['example'])}" for key, extra in needed.items() if isinstance(extra, dict)]
    rest = ", ..." if len(words) == 1 else ""
    name = f"data.{DISCRIMINATORS[len(full) - 1]}={kind}"
    return KeyHelp(name, meaning, (), (), example=f"data: {{{', '.join(words)}{rest}}}")


def _sections_of(path: Path) -> dict[Path, type[BaseModel]]:
    entry = _by_path()[path][0][1] if path in _by_path() else None
    return entry.sections if entry and entry.has_kinds else {}


def _choices(path: Path) -> Iterator[tuple[str, str]]:
    """The kinds that a section may have, with their meanings; nothing for other keys."""
    for kind, section in _sections_of(path).items():
        *above, word = kind
        field = section.model_fields[DISCRIMINATORS[len(above)]]
        yield word, meaning_of(SchemaKey(path, field)) + "".join(f" (kind: {of})" for of in above)


def _inside(path: Path, kind: str | None) -> list[Path]:
    """The keys one level below a section, of one kind where there is a choice."""
    if path[:2] == INIT and len(path) == 3 and path[2] != "forget_bias":
        path = ANY
    if kind is not None:  # in the order of its own section
        section = next(section for one, section in _sections_of(path).items() if one[-1] == kind)
        return [(*path, name) for name in schema_index.ordered_fields(section) if name not in DISCRIMINATORS]
    inside = [inner for inner in _by_path() if inner[:-1] == path and inner != ANY]
    return [inner for inner in inside if inner[-1] not in DISCRIMINATORS]


# What it is in a config


def _other_kind(found: Explanation, config: Config) -> str:
    """What a config has in place of the kind that is asked about: "training.optimizer is sgd"; "" where it has that."""
    section = found.matches[0].name.partition("=")[0]
    value: Any = config
    for part in section.split("."):
        value = getattr(value, part, None)
    words = {getattr(value, name, None) for name in DISCRIMINATORS} | {value if isinstance(value, str) else None}
    return "" if found.kind in words else _without(tuple(section.split(".")), value)


def _with_value(key: KeyHelp, config: Config, origins: dict[str, Origin]) -> KeyHelp:
    path = tuple(key.name.split("."))
    if path == (EXTENDS,) or ANY_PARAMETER in path or "=" in key.name:
        return key
    value: Any = config
    for depth, part in enumerate(path):
        if not isinstance(value, BaseModel) or part not in type(value).model_fields:
            return replace(key, origin=Origin("unused", _without(path[:depth], value)))
        value = getattr(value, part)
    return replace(key, value=_plain(value), origin=_origin(key, origins))


def _without(section: Path, value: Any) -> str:
    """Why a config does not have a key: the section above is of a kind without it, or is not there."""
    kind = next((word for word in (getattr(value, name, None) for name in reversed(DISCRIMINATORS)) if word), None)
    return f"{'.'.join(section)} is {kind or in_flow(value)}"


def _origin(key: KeyHelp, origins: dict[str, Origin]) -> Origin:
    section, _, last = key.name.rpartition(".")
    if key.name in origins:
        return origins[key.name]
    # `optimizer: adam` has its kind where the section stands, `forget_bias: 1.0` its value.
    if last in ("kind", "value") and section in origins and not any(one.startswith(f"{section}.") for one in origins):
        return origins[section]
    return Origin("default", "; ".join(text for text, kinds in key.default if not kinds))


def _plain(value: Any) -> Any:
    return value.model_dump(mode="json") if isinstance(value, BaseModel) else value
