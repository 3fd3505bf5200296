"""Which layers and tasks there are: what a config must know of each before its code is loaded.

The package's own stand in one table each; an installed package adds its own by an entry point of the group
`rnnlab.layers` or `rnnlab.tasks`, whose name is that of the layer or task and whose object is a `LayerEntry` or a
`TaskEntry`, in a module that imports no NumPy:

    [project.entry-points."rnnlab.layers"]
    leaky = "my_package.registry:LEAKY"
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cache
from importlib import import_module
from traceback import walk_tb
from typing import TYPE_CHECKING, Any, ClassVar, Generic, Literal, TypeVar, get_args, get_origin

from rnnlab import plugins
from rnnlab.config.schema.cells import GruCell, LstmCell, RnnCell
from rnnlab.config.schema.section import Section
from rnnlab.config.schema.series import CsvData, PricesData
from rnnlab.config.schema.synthetic import (
    AddingTask,
    EchoTask,
    LogisticMapTask,
    OrderTask,
    SineTask,
    SyntheticTask,
)
from rnnlab.config.schema.task import LOSSES, TaskSection
from rnnlab.config.schema.text import TextData
from rnnlab.errors import PluginError, RnnlabError
from rnnlab.words import listed

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint


@dataclass(frozen=True)
class Entry:
    """One thing that a config can name.

    Attributes
    ----------
    schema : type of Section
        Its `kind` is the name; its other keys are what can be said of it.
    code : str
        ``module:name`` of what makes it.
    origin : str or None
        Distribution and version of an installed package that brings it.
    """

    schema: type[Section]
    code: str
    origin: str | None = None
    advice: ClassVar[str] = "Ask those who made that package; --debug shows the traceback."

    @property
    def name(self) -> str:
        """As a config names it: a kind, or a task of a kind."""
        fields = self.schema.model_fields
        return get_args(fields["task" if "task" in fields else "kind"].annotation)[0]

    @property
    def kind(self) -> str:
        """The kind of its section."""
        return get_args(self.schema.model_fields["kind"].annotation)[0]

    def load(self) -> Any:
        """What makes it; loads the code."""
        if self.origin is not None:
            _IN_USE[self.name] = self
        with self.blamed():
            return _named(self.code)

    @contextmanager
    def blamed(self) -> Iterator[None]:
        """While entered, what goes wrong is told as a fault of the installed package that brings this."""
        try:
            yield
        except BaseException as error:
            if self.origin is None or isinstance(error, RnnlabError | KeyboardInterrupt):
                raise
            raise (fault(error) or self.fault(error)) from error

    def fault(self, error: BaseException) -> PluginError:
        """What went wrong, told as a fault of the installed package that brings this."""
        message = f"{self.origin}, which brings {self.name}, fails: {_in_short(error)}."
        return PluginError(message, hint=self.advice)


@dataclass(frozen=True)
class LayerEntry(Entry):
    """A layer that `model.cell` can name: its code makes a `rnnlab.engine.layers.layer.Layer` from the keys.

    Attributes
    ----------
    activations : bool
        Whether phi can be chosen (`model.activation`, an argument too); else it is fixed.
    additive, forget_gate : bool
        As the layer says of itself.
    """

    activations: bool = False
    additive: bool = False
    forget_gate: bool = False
    advice: ClassVar[str] = (
        "rnnlab.engine.contract.check_layer names the part of the layer that is wrong; --debug shows the traceback."
    )

    def make(self, model: Any) -> Any:
        """The layer that the `model` section of a config describes."""
        options = model.cell.model_dump(exclude={"kind"})
        if self.activations:
            options["activation"] = model.activation
        with self.blamed():
            made = self.load()(**options)
            if not isinstance(made, _named("rnnlab.engine.layers.layer:Layer")):
                raise TypeError(f"its code must make a Layer; it makes {type(made).__name__}")
            if (name := getattr(made, "name", None)) != self.name:
                raise TypeError(f"the name of its layer must be {self.name!r}; got {name!r}")
        return made


@dataclass(frozen=True)
class TaskEntry(Entry):
    """A task that `data.kind` can name: its code makes a `rnnlab.tasks.task.Task` from a whole config."""

    schema: type[TaskSection]


OWN_LAYERS = (
    LayerEntry(RnnCell, "rnnlab.engine.layers.rnn:Rnn", activations=True, additive=True),
    LayerEntry(LstmCell, "rnnlab.engine.layers.lstm:Lstm", forget_gate=True),
    LayerEntry(GruCell, "rnnlab.engine.layers.gru:Gru"),
)
OWN_TASKS = (
    TaskEntry(PricesData, "rnnlab.tasks.forecast.task:Forecast"),
    TaskEntry(CsvData, "rnnlab.tasks.forecast.task:Forecast"),
    TaskEntry(TextData, "rnnlab.tasks.language:Language"),
    TaskEntry(OrderTask, "rnnlab.tasks.synthetic.order:Order"),
    TaskEntry(AddingTask, "rnnlab.tasks.synthetic.adding:Adding"),
    TaskEntry(EchoTask, "rnnlab.tasks.synthetic.echo:Echo"),
    TaskEntry(SineTask, "rnnlab.tasks.synthetic.sine:Sine"),
    TaskEntry(LogisticMapTask, "rnnlab.tasks.synthetic.logistic_map:LogisticMap"),
)

E = TypeVar("E", bound=Entry)


@dataclass(frozen=True)
class Found(Generic[E]):
    """What can be used, by name, and for each name that cannot the sentence that says why."""

    entries: Mapping[str, E]
    broken: Mapping[str, str]


_IN_USE: dict[str, Entry] = {}  # by name: what installed packages bring, as soon as its code is loaded
# Here a layer is at work: what it gives is cut, multiplied and added up, and so may fail outside its own code.
_AT_WORK = ("rnnlab.engine.", "rnnlab.dynamics.")


def fault(error: BaseException) -> PluginError | None:
    """An error as the fault of an installed package, if its code or the layer that it brings was at work; else None."""
    modules = [str(frame.f_globals.get("__name__")) for frame, _ in walk_tb(error.__traceback__)]
    for module in reversed(modules):
        for entry in _IN_USE.values():
            if _package(module) == _package(entry.code) != "rnnlab":
                return entry.fault(error)
    layer = next((entry for entry in _IN_USE.values() if isinstance(entry, LayerEntry)), None)
    innermost = next((module for module in reversed(modules) if _package(module) == "rnnlab"), "")
    return layer.fault(error) if layer and innermost.startswith(_AT_WORK) else None


@cache
def layers() -> Found[LayerEntry]:
    """The package's own layers and those of installed packages."""
    return _find(OWN_LAYERS, plugins.LAYERS, "layer")


@cache
def tasks() -> Found[TaskEntry]:
    """The package's own tasks and those of installed packages."""
    return _find(OWN_TASKS, plugins.TASKS, "task")


def layer(model: Any) -> Any:
    """The layer of a config's `model` section."""
    return layers().entries[model.cell.kind].make(model)


def task_entry(data: Any) -> TaskEntry:
    """The entry of a config's `data` section."""
    return tasks().entries[data.task_name]


def section_of(name: str) -> type[TaskSection]:
    """The section of a task by its name, or of the first of a kind; a bare one for what is not known."""
    known = tasks().entries
    of_kind = (entry.schema for entry in known.values() if entry.kind == name)
    return known[name].schema if name in known else next(of_kind, TaskSection)


def brought_in(config: Any) -> dict[str, dict[str, str]]:
    """What of a config comes from installed packages, as run.json keeps it: {} where nothing does."""
    used = (layers().entries[config.model.cell.kind], task_entry(config.data))
    origins = {entry.name: entry.origin for entry in used if entry.origin is not None}
    return {"plugins": origins} if origins else {}


def _find(own: Sequence[E], group: str, noun: str) -> Found[E]:
    """What there is. Of two packages that bring one name neither is taken: which of them is meant nobody can tell."""
    entries, broken = {entry.name: entry for entry in own}, {}
    taken = {entry.kind: entry for entry in own} | entries
    for point in plugins.points(group):
        entry = _load(point, type(own[0]), noun)
        if isinstance(entry, str):
            broken[point.name] = entry
            continue
        joins = issubclass(entry.schema, SyntheticTask)  # one more task of that kind
        names = (point.name,) if joins else (point.name, entry.kind)
        name = next((name for name in names if name in taken), None)
        if name is None:
            entries[point.name] = taken[point.name] = taken[entry.kind] = entry
            continue
        owner, other = taken[name].origin, plugins.origin(point)
        if owner is None or name != point.name:
            broken[point.name] = f"{other} brings a {noun} {name}, which {owner or 'rnnlab itself'} has"
        else:
            entries.pop(name, None)
            both = " and ".join(sorted((owner, other)))
            broken[name] = f"{both} both bring the {noun} {name}: uninstall one of them"
    return Found(entries, broken)


def _load(point: "EntryPoint", wanted: type[E], noun: str) -> E | str:
    """What an entry point names, or the sentence that says why it cannot be used."""
    origin = plugins.origin(point)
    try:
        entry = point.load()
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # SystemExit too
        return f"{origin}, which brings the {noun} {point.name}, cannot be loaded: {_in_short(error)}"
    if not isinstance(entry, wanted):
        return f"{origin} must give a {wanted.__name__} as the {noun} {point.name}; got {type(entry).__name__}"
    fault = _fault_of(entry)
    if fault:
        return f"{origin}, which brings the {noun} {point.name}, must give it {fault}"
    if entry.name != point.name:
        return f"{origin} names the {noun} {entry.name} in its schema and {point.name} in its entry point"
    return replace(entry, origin=origin)


def _fault_of(entry: Entry) -> str:
    """What its schema must be that it is not; "" where nothing is wrong."""
    needed = TaskSection if isinstance(entry, TaskEntry) else Section
    if not (isinstance(entry.schema, type) and issubclass(entry.schema, needed)):
        return f"a schema that is a {needed.__name__}"
    module, _, name = entry.code.partition(":") if isinstance(entry.code, str) else ("", "", "")
    if not (module and name):
        return "code of the form module:name"
    fields = entry.schema.model_fields
    for key in ("kind", "task") if "task" in fields else ("kind",):
        if key not in fields or get_origin(fields[key].annotation) is not Literal:
            return f"a schema whose {key} is a Literal with its name"
    if not issubclass(entry.schema, TaskSection):
        return ""
    if taken := sorted(fields.keys() & vars(TaskSection).keys() - TaskSection.model_fields.keys() - {"task"}):
        return f"a schema without a key {taken[0]}, which says something of every task; another name"
    if entry.schema.targets not in LOSSES:
        return f"a schema whose targets are {listed(list(LOSSES), 'or')}"
    if not entry.schema.readouts or not {*entry.schema.readouts} <= {"last", "every"}:
        return "a schema whose readouts are last, every or both"
    length = entry.schema.length_key
    if length is not None and length not in fields:
        return f"a schema with the key {length}, which its length_key names"
    return ""


def _package(code: str) -> str:
    """my_package, of my_package.layer:Leaky."""
    return code.partition(":")[0].partition(".")[0]


def _named(code: str) -> Any:
    """What stands under a name in a module: module:name."""
    module, _, name = code.partition(":")
    return getattr(import_module(module), name)


def _in_short(error: BaseException) -> str:
    return " ".join(f"{type(error).__name__}: {error}".split()).rstrip(".")[:300]
