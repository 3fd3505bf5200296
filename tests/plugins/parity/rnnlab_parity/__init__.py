"""What a config must know of the parity task; its code is loaded when its data are made."""

from typing import ClassVar, Literal

from rnnlab.config.registry import TaskEntry
from rnnlab.config.schema.section import Whole, key
from rnnlab.config.schema.task import Targets, TaskSection


class ParityData(TaskSection):
    readouts: ClassVar[tuple[str, ...]] = ("every", "last")
    targets: ClassVar[Targets] = "classes"
    length_key: ClassVar[str] = "bits"
    metric_names: ClassVar[dict[str, str]] = {"wrong": "wrong answers"}

    kind: Literal["parity"] = key("parity", "parity of the number of ones so far")
    bits: Whole = key(12, "length of the sequences", unit="bits", ge=1)
    strings: Whole = key(60, "number of generated sequences", unit="sequences", ge=2)


PARITY = TaskEntry(ParityData, "rnnlab_parity.task:Parity")
