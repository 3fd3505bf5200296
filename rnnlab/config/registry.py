"""Which layers there are: what a config must know of each before its code is loaded.

The package's own stand in one table; an installed package adds its own by an entry point of the group `rnnlab.layers`,
whose name is that of the layer and whose object is a `LayerEntry`, in a module that imports no NumPy:

    [project.entry-points."rnnlab.layers"]
    leaky = "my_package.registry:LEAKY"
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from importlib.metadata import EntryPoint
from typing import Any, get_args

from rnnlab import plugins
from rnnlab.config.schema.cells import GruCell, LstmCell, RnnCell
from rnnlab.config.schema.section import Section


@dataclass(frozen=True)
class LayerEntry:
    """A layer that `model.cell` can name.

    Attributes
    ----------
    schema : type of Section
        Its `kind` is the layer's name; its other keys are the arguments of the code.
    code : str
        ``module:name`` of what makes a `rnnlab.engine.layers.layer.Layer` from those arguments.
    activations : bool
        Whether phi can be chosen (`model.activation`, an argument too); else it is fixed.
    additive, forget_gate : bool
        As the layer says of itself.
    origin : str or None
        Distribution and version of an installed package that brings it.
    """

    schema: type[Section]
    code: str
    activations: bool = False
    additive: bool = False
    forget_gate: bool = False
    origin: str | None = None

    @property
    def name(self) -> str:
        """As in `model.cell`."""
        return get_args(self.schema.model_fields["kind"].annotation)[0]

    def make(self, model: Any) -> Any:
        """The layer that the `model` section of a config describes; loads the code."""
        options = model.cell.model_dump(exclude={"kind"})
        if self.activations:
            options["activation"] = model.activation
        module, _, name = self.code.partition(":")
        return getattr(import_module(module), name)(**options)


OWN = (
    LayerEntry(RnnCell, "rnnlab.engine.layers.rnn:Rnn", activations=True, additive=True),
    LayerEntry(LstmCell, "rnnlab.engine.layers.lstm:Lstm", forget_gate=True),
    LayerEntry(GruCell, "rnnlab.engine.layers.gru:Gru"),
)


@dataclass(frozen=True)
class Found:
    """The layers that can be used, and for each name that cannot the sentence that says why."""

    layers: Mapping[str, LayerEntry]
    broken: Mapping[str, str]


@cache
def found() -> Found:
    """The package's own layers and those of installed packages, by name."""
    layers, broken = {entry.name: entry for entry in OWN}, {}
    for point in plugins.points(plugins.LAYERS):
        entry = _load(point)
        if isinstance(entry, str):
            broken[point.name] = entry
        elif point.name in layers:
            owner = layers[point.name].origin or "rnnlab itself"
            broken[point.name] = f"{plugins.origin(point)} brings a layer {point.name}, which {owner} has"
        else:
            layers[point.name] = entry
    return Found(layers, broken)


def layer(model: Any) -> Any:
    """The layer of a config's `model` section."""
    return found().layers[model.cell.kind].make(model)


def brought_in(config: Any) -> dict[str, dict[str, str]]:
    """What of a config comes from installed packages, as run.json keeps it: {} where nothing does."""
    name = config.model.cell.kind
    origin = found().layers[name].origin
    return {} if origin is None else {"plugins": {name: origin}}


def _load(point: EntryPoint) -> LayerEntry | str:
    """What an entry point names, or the sentence that says why it cannot be used."""
    origin = plugins.origin(point)
    try:
        entry = point.load()
    except Exception as error:
        why = " ".join(f"{type(error).__name__}: {error}".split())[:300]
        return f"{origin}, which brings the layer {point.name}, cannot be loaded: {why}"
    if not isinstance(entry, LayerEntry):
        return f"{origin} must give a LayerEntry as the layer {point.name}; got {type(entry).__name__}"
    if entry.name != point.name:
        return f"{origin} names the layer {entry.name} in its schema and {point.name} in its entry point"
    return LayerEntry(**{**vars(entry), "origin": origin})
