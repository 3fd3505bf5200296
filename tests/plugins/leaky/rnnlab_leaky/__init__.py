"""What a config must know of the leaky layer; its code is loaded when a network is made."""

from typing import Literal

from rnnlab.config.registry import LayerEntry
from rnnlab.config.schema.section import Number, Section, key


class LeakyCell(Section):
    kind: Literal["leaky"] = key("leaky", "leaky integrator: h_t = (1 - leak) h_{t-1} + leak tanh(a_t)")
    leak: Number = key(0.3, "fraction of the state that is replaced at each step", gt=0, le=1)


LEAKY = LayerEntry(LeakyCell, "rnnlab_leaky.layer:Leaky")
