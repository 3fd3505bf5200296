"""The words that may follow `--set`: every key, and the values of those that take one of a few.

Completion has no time to import what the schema is made of. The words are kept in `vocabulary.json`, a generated file;
where an installed package adds a layer or a task, they come from the schema itself.
"""

from pathlib import Path
from typing import Any

from rnnlab import plugins

FILE = Path(__file__).with_name("vocabulary.json")

Vocabulary = dict[str, dict[str, Any]]


def vocabulary() -> Vocabulary:
    """By dotted key: its `meaning`, the `values` it takes (none where they cannot be listed), whether it has `keys`."""
    import json

    if plugins.points(plugins.LAYERS) or plugins.points(plugins.TASKS):
        return from_schema()
    return json.loads(FILE.read_text(encoding="utf-8"))


def from_schema() -> Vocabulary:
    """The same, worked out: takes a quarter of a second."""
    from rnnlab.config.schema_index import every_key

    found: Vocabulary = {}
    for _, entry in every_key():
        words = found.setdefault(".".join(entry.path), {"meaning": "", "values": [], "keys": False})
        words["meaning"] = words["meaning"] or entry.field.description or ""
        words["values"] = list(dict.fromkeys([*words["values"], *_values(entry)]))
        words["keys"] = words["keys"] or any(section.model_fields for section in entry.sections.values())
    return found


def _values(entry: Any) -> list[str]:
    """The kinds of a section; else true, false and the words that its type lists."""
    from typing import Literal, get_args, get_origin

    from rnnlab.config.schema_index import annotation_parts

    words = [kind[0] for kind in entry.sections if kind]
    for part in annotation_parts(entry.field.annotation):
        if get_origin(part) is Literal:
            words += [str(word) for word in get_args(part)]
        elif part is bool:
            words += ["true", "false"]
    return words


def file_text() -> str:
    """What the file must hold."""
    import json

    lines = [f"{json.dumps(key)}: {json.dumps(words, ensure_ascii=False)}" for key, words in from_schema().items()]
    return "{\n" + ",\n".join(lines) + "\n}\n"
