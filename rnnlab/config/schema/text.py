"""`data` of a text, read character by character."""

from collections.abc import Iterator
from typing import ClassVar, Literal

from rnnlab.config.schema.section import Conflict, Number, Text, Whole, key
from rnnlab.config.schema.task import Targets, TaskSection


class TextData(TaskSection):
    """A text, read character by character; the target is the next character."""

    readouts: ClassVar[tuple[str, ...]] = ("every", "last")
    targets: ClassVar[Targets] = "classes"
    length_key: ClassVar[str] = "chunk"
    continues: ClassVar[bool] = True
    foretells: ClassVar[bool] = True

    kind: Literal["text"] = key("text", "a text, of which the next character is to be told")
    text: Text | None = key(
        None,
        "the text itself",
        must="a text in quotes, not empty",
        shown_default="give this or path",
        min_length=1,
    )
    path: Text | None = key(
        None,
        "a file in UTF-8 that holds the text; a relative path starts at the config's folder",
        must="the path of a text file",
        shown_default="give this or text",
        pattern=r"\A[^\x00]+\z",
    )
    repeat: Whole = key(1, "how often the text is repeated", unit="times", ge=1)
    chunk: Whole = key(50, "length of the sequences that the text is cut into", unit="characters", ge=1)
    level: Literal["char"] = key("char", "what one step of a sequence is")
    train_fraction: Number = key(1.0, "share of the text, from its start, that is trained on", gt=0, le=1)

    def conflicts(self) -> Iterator[Conflict]:
        if self.text is not None and self.path is not None:
            yield Conflict(("data.text", "data.path"), "data.text and data.path cannot both be given; drop one.")
        if self.text is None and self.path is None:
            yield Conflict(
                ("data", "data.text", "data.path"),
                "data of kind text needs text or path; add one, for instance path: novel.txt.",
            )
