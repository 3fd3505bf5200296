"""`data` of a text, read character by character."""

from collections.abc import Iterator
from typing import ClassVar, Literal

from rnnlab.config.schema.section import Conflict, Number, Text, Whole, key
from rnnlab.config.schema.task import StoredTask, Targets


class TextData(StoredTask):
    """A text, read character by character; the target is the next character."""

    readouts: ClassVar[tuple[str, ...]] = ("every", "last")
    targets: ClassVar[Targets] = "classes"
    length_key: ClassVar[str] = "chunk"
    continues: ClassVar[bool] = True
    foretells: ClassVar[bool] = True

    kind: Literal["text"] = key("text", "text; the model predicts the next character")
    text: Text | None = key(
        None,
        "text to train on",
        must="a non-empty text in quotes",
        shown_default="required, unless path is given",
        min_length=1,
    )
    path: Text | None = key(
        None,
        "text file in UTF-8; a relative path starts at the folder of the config, and package:NAME/FILE is a file of an "
        "installed package",
        must="the path of a text file",
        shown_default="required, unless text is given",
        pattern=r"\A[^\x00]+\z",
    )
    repeat: Whole = key(1, "number of repetitions of the text", unit="times", ge=1)
    chunk: Whole = key(50, "length of the sequences into which the text is split", unit="characters", ge=1)
    level: Literal["char"] = key("char", "unit of text that one step of a sequence holds")
    train_fraction: Number = key(1.0, "fraction of the text used for training, from its start", gt=0, le=1)

    def conflicts(self) -> Iterator[Conflict]:
        if self.text is not None and self.path is not None:
            yield Conflict(("data.text", "data.path"), "data.text and data.path cannot both be given; drop one.")
        if self.text is None and self.path is None:
            yield Conflict(
                ("data", "data.text", "data.path"),
                "data of kind text needs text or path; add one, for instance path: novel.txt.",
            )
