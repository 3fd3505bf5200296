"""`rnnlab explain`: what a key of a config means, and where its value comes from."""

import shlex
from typing import TYPE_CHECKING, Annotated, Any

import typer

import rnnlab
from rnnlab.api.facts import in_flow
from rnnlab.cli.configs import CONFIG, warn_of_namesake
from rnnlab.cli.help import Command
from rnnlab.cli.options import JSON, SET
from rnnlab.display import console, tables
from rnnlab.errors import UsageError
from rnnlab.printable import shortened
from rnnlab.words import listed

if TYPE_CHECKING:
    from rnnlab.config.explanation import Explanation, KeyHelp

WIDEST_VALUE = 60
EXAMPLES = """\b
Examples:
  rnnlab explain training.clip.threshold
  rnnlab explain lookback stock
  rnnlab explain training
  rnnlab explain training.optimizer=adam
  rnnlab explain cell stock --set model.cell=lstm"""


def register(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command("explain", cls=Command, epilog=EXAMPLES)(explain)


def explain(
    key: Annotated[
        str, typer.Argument(metavar="KEY", help="A key, the end of one, a section, a kind, or another tool's word.")
    ],
    config: Annotated[
        str | None, typer.Argument(metavar="CONFIG", help=f"Show the key's value in this config. {CONFIG}")
    ] = None,
    overrides: Annotated[list[str] | None, SET] = None,
    as_json: Annotated[bool, JSON] = False,
) -> int:
    """Show what a config key means, its range, unit and default, and where its value comes from."""
    if config is None and overrides:
        raise UsageError("--set changes a config, and none is named.", hint=f"rnnlab explain {key} CONFIG --set ...")
    if config is not None:
        warn_of_namesake(config)
    found = rnnlab.explain(key, config, overrides or ())
    if as_json:
        console.document(_record(found))
    elif len(found.matches) > 1:
        _show_matches(found)
    else:
        _show(found, config or "CONFIG")
    return 0


def _show(found: "Explanation", config: str) -> None:
    (key,) = found.matches
    of = f" (for {_of(key.kinds)})" if key.kinds else ""
    console.result(console.out.style(key.name, "bold") + of)
    rows = [("meaning", _facts(key.meaning))]
    is_whole = bool(key.choices) or not _used(found)
    if is_whole and not found.kind:
        rows += [("must be", _facts(key.must)), ("unit", key.unit), ("default", _facts(key.default))]
    if key.origin is not None and key.origin.kind == "unused":
        rows.append(("value", _origin(found, key)))
    elif found.config is not None and key.origin is not None and is_whole:
        rows.append(("value", _value(key)))
        rows.append(("from", _origin(found, key)))
    rows.append(_example(key))
    _show_rows([row for row in rows if row[1]])
    if key.choices:
        _show_list("kinds", [(word, meaning) for word, meaning in key.choices])
    if _keys(found):
        _show_list(f"keys of {found.kind}" if found.kind else "keys", _keys(found))
    elif found.kind:
        console.result(f"  {found.kind} has no keys of its own.")
    _show_next(found, config)


def _show_matches(found: "Explanation") -> None:
    console.result(console.out.fold(f"{shortened(found.asked)} may mean {len(found.matches)} things:"))
    _show_rows([(key.name, _short(found, key)) for key in found.matches])
    console.next_step(f"rnnlab explain {found.matches[0].name}", "one of them")


def _used(found: "Explanation") -> "list[KeyHelp]":
    """The keys within that a config has; all, where none is named."""
    return [key for key in found.inside if key.origin is None or key.origin.kind != "unused"]


def _keys(found: "Explanation") -> list[tuple[str, str]]:
    """The keys within with their values; of a section that a config does without, what they would mean."""
    if used := _used(found):
        return [(key.name.rpartition(".")[2], _short(found, key)) for key in used]
    return [(key.name.rpartition(".")[2], _meaning(key)) for key in found.inside]


def _short(found: "Explanation", key: "KeyHelp") -> str:
    """A key on a line: its meaning, or in a config its value and where that comes from."""
    if found.config is not None and key.origin is not None:
        return _origin(found, key) if key.origin.kind == "unused" else f"{_value(key)}  ({_origin(found, key)})"
    return _meaning(key)


def _meaning(key: "KeyHelp") -> str:
    return "; ".join(text for text, _ in key.meaning)


def _example(key: "KeyHelp") -> tuple[str, str]:
    """How the key is written."""
    if key.choices:
        return "", ""
    is_setting = key.example.startswith("--set")
    return ("set it" if is_setting else "in a config", key.example)


def _show_next(found: "Explanation", config: str) -> None:
    (key,) = found.matches
    if key.choices:
        section = key.name.removesuffix(".kind").removesuffix(".task")
        console.next_step(f"rnnlab explain {section}={key.choices[0][0]}", "one of its kinds")
    elif found.inside:
        there = f" {shlex.quote(config)}" if found.config is not None else ""
        console.next_step(f"rnnlab explain {found.inside[0].name}{there}", "one of its keys")
    elif key.example.startswith("--set"):
        console.next_step(f"rnnlab train {shlex.quote(config)} {key.example}", "train with it")
    else:
        console.next_step("rnnlab manual configs", "read about every key")


def _value(key: "KeyHelp") -> str:
    value = key.value
    if isinstance(value, dict):
        if "kind" not in value:
            return "{...}"
        words = [value[word] for word in ("kind", "task") if word in value]
        value = ", ".join(words) if key.name == "data" or len(words) == len(value) else {"kind": None, **value}
    return shortened(in_flow(value), WIDEST_VALUE)


def _origin(found: "Explanation", key: "KeyHelp") -> str:
    origin = key.origin
    assert origin is not None
    if origin.kind == "unused":
        return f"not used: {origin.where}"
    if origin.kind == "extended":
        return f"{origin.where}, which {found.config} extends"
    if origin.kind != "default":
        return origin.where
    return f"default: {origin.where}" if origin.where not in ("", _value(key)) else "default"


def _facts(facts: tuple[tuple[str, tuple[str, ...]], ...]) -> str:
    return "\n".join(f"{text} (for {_of(kinds)})" if kinds else text for text, kinds in facts)


def _of(kinds: tuple[str, ...]) -> str:
    return listed(list(kinds))


def _show_list(title: str, rows: list[tuple[str, str]]) -> None:
    console.result(console.out.style(f"  {title}", "dim"))
    _show_rows(rows, indent=4)


def _show_rows(rows: list[tuple[str, str]], *, indent: int = 2) -> None:
    for line in tables.definitions(rows, console.out.width, indent=indent):
        console.result(line)


def _record(found: "Explanation") -> dict[str, Any]:
    record: dict[str, Any] = {"asked": found.asked, "kind": found.kind, "config": found.config}
    record["matches"] = [_record_of(key) for key in found.matches]
    record["keys"] = [_record_of(key) for key in found.inside]
    return record


def _record_of(key: "KeyHelp") -> dict[str, Any]:
    record: dict[str, Any] = {"name": key.name, "unit": key.unit or None, "kinds": list(key.kinds)}
    for name in ("meaning", "must", "default"):
        record[name] = [{"text": text, "kinds": list(kinds)} for text, kinds in getattr(key, name)]
    record["choices"] = dict(key.choices)
    if key.origin is not None:
        record["value"] = key.value
        record["origin"] = {"kind": key.origin.kind, "where": key.origin.where}
    return record
