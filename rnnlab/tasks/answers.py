"""What a task answers, held against the interface: the first thing that is wrong is an error that says what must hold.

A fault of an installed package is to be told as one before anything rests on it, so each check is made inside
`rnnlab.config.registry.Entry.blamed`.
"""

import re
from collections.abc import Mapping
from datetime import date
from functools import lru_cache
from numbers import Integral
from typing import TYPE_CHECKING, Any

import numpy as np

from rnnlab.config.schema.experiment import Config
from rnnlab.engine.architecture import Architecture
from rnnlab.engine.batch import Batch
from rnnlab.engine.checks import check_pass
from rnnlab.engine.losses import loss_function
from rnnlab.plain import plain
from rnnlab.printable import shortened

if TYPE_CHECKING:
    from rnnlab.tasks.task import Evaluation, Task

# Tables and plots of a run, whatever its task.
OF_EVERY_RUN = (
    "metrics.csv", "gradient_norms.csv", "gradient_flow.csv", "training.png", "gradient_norms.png", "gradient_flow.png"
)  # fmt: skip
LONGEST_NAME = 100  # bytes of a file's name, so that what is put before and after it has room
NEEDED = {
    "config": Config,
    "sequences": Batch,
    "input_size": Integral,
    "output_size": Integral,
    "record": Mapping,
    "description": str,
}


def check_task(task: "Task") -> None:
    """Refuse a task without what it must have when it is made, and sequences that no network of its sizes can read.

    Raises
    ------
    TypeError, ValueError
    """
    for name, kind in NEEDED.items():
        if not isinstance(value := getattr(task, name, None), kind):
            raise TypeError(f"the {name} of the task must be of type {kind.__name__}; got {type(value).__name__}")
    if not _sentences(task.warnings):
        raise TypeError(f"the warnings of the task must be a list of str; got {task.warnings!r}")
    if not isinstance(task.held_out, int | None):
        raise TypeError(f"the held_out of the task must be an int or None; got {type(task.held_out).__name__}")
    _check_json("the record of the task", task.record)
    _check_json("what the task has learned", dict(task.learned))
    sha256 = task.record.get("sha256")
    if not isinstance(sha256, str | None):
        raise TypeError(f"the sha256 in the record of the task must be a str or None; got {sha256!r}")
    _check_fit("the sequences of the task", task, task.sequences)


def check_drawn(task: "Task", batch: Batch, sequences: int) -> None:
    """Refuse fresh sequences that a network of the task's sizes cannot read, or that are not like the task's own.

    Raises
    ------
    TypeError, ValueError
    """
    wanted = f"draw must give a Batch of {sequences} sequences"
    if not isinstance(batch, Batch):
        raise TypeError(f"{wanted}; it gives {type(batch).__name__}")
    _check_fit("what draw gives", task, batch)
    if batch.sequences != sequences:
        raise ValueError(f"{wanted}; it gives one of {batch.sequences}")
    if batch.steps > task.steps:
        raise ValueError(f"draw must give sequences of at most {task.steps} steps; it gives {batch.steps}")
    for what, of in (
        ("tokens", lambda one: one.tokens),
        ("weights", lambda one: one.weights is not None),
        ("an ignored class", lambda one: one.ignored is not None),
    ):
        if of(batch) != of(task.sequences):
            must, has = ("must", "has none") if of(task.sequences) else ("must not", "has")
            raise ValueError(f"draw {must} give {what}, as the sequences of the task; its batch {has}")


def check_loss_unit(unit: Any) -> None:
    """Refuse a unit of the loss that has no name or no function.

    Raises
    ------
    TypeError
    """
    name, of = getattr(unit, "name", None), getattr(unit, "of", None)
    if not isinstance(name, str) or not callable(of):
        raise TypeError(f"loss_unit must give a LossUnit, a name and a function; it gives {type(unit).__name__}")


def check_evaluation(found: "Evaluation", models: int) -> None:
    """Refuse an evaluation of so many models that tables, screens and run.json cannot take.

    Raises
    ------
    TypeError
    """
    _check_metrics(found, models)
    if not isinstance(found.headline, str):
        raise TypeError(f"the headline must be a str; got {type(found.headline).__name__}")
    if not _sentences(found.warnings):
        raise TypeError(f"warnings must be a list of str; got {found.warnings!r}")
    for filename, columns in found.tables.items():
        _check_filename(filename, "tables", ".csv")
        _check_columns(filename, columns, models)
    check_figures(found.figures)
    _check_combined(found, models)
    _check_json("tests", found.tests)
    seasonal = found.tests.get("seasonal_naive") or {}
    season = seasonal.get("season") if isinstance(seasonal, Mapping) else 0
    if season is not None and not (isinstance(season, int | np.integer) and season >= 1):
        raise TypeError(f"tests must give seasonal_naive a mapping whose season is 1 or more; got {seasonal!r}")


def check_figures(figures: Mapping[str, object]) -> None:
    """Refuse figures whose names are not theirs to take, and what does not draw one.

    Raises
    ------
    TypeError
    """
    for filename, figure in figures.items():
        _check_filename(filename, "figures", ".png")
        if not callable(figure):
            raise TypeError(f"{filename} must be a function that draws the figure; got {type(figure).__name__}")


def check_figure(filename: str, drawn: object) -> None:
    """Refuse what is no figure.

    Raises
    ------
    TypeError
    """
    from matplotlib.figure import Figure

    if not isinstance(drawn, Figure):
        raise TypeError(f"{filename} must be drawn as a matplotlib Figure; got {type(drawn).__name__}")


def _check_fit(what: str, task: "Task", batch: Batch) -> None:
    """Hold sequences against sizes, readout and loss, as the engine will; their values are looked at once."""
    architecture, theta = _narrow(int(task.input_size), int(task.output_size), task.config.model.readout)
    loss = loss_function(**task.config.training.loss.model_dump())
    try:
        check_pass(architecture, theta.size, theta, batch, None, loss)
    except ValueError as error:
        raise ValueError(f"{what} must fit the task's sizes, readout and loss: {error}") from error


@lru_cache(maxsize=8)
def _narrow(input_size: int, output_size: int, readout: str) -> tuple[Architecture, np.ndarray]:
    """The narrowest network of these sizes, and parameters for it."""
    architecture = Architecture(input_size, 1, output_size, readout=readout)
    return architecture, np.zeros(architecture.layout().size)


def _check_metrics(found: "Evaluation", models: int) -> None:
    """Metrics, with their units and baselines."""
    metrics = found.metrics
    for name in (*metrics, *found.baselines):
        if not isinstance(name, str):
            raise TypeError(f"metrics and baselines must have a str for a name; got {name!r}")
    for name, values in metrics.items():
        if not _numeric(values, (models,)):
            given = f"{np.asarray(values).dtype} of shape {np.shape(values)}"
            raise TypeError(f"{name} must be {models} numbers, one for each model; it is {given}")
    which = f"a metric ({', '.join(metrics)})"
    for name, unit in found.units.items():
        if name not in metrics or not isinstance(unit, str):
            raise TypeError(f"units must give {which} a text; got {name}: {unit!r}")
    for baseline, scores in found.baselines.items():
        for name, value in scores.items():
            if name not in metrics or not _numeric(value, ()):
                raise TypeError(f"baseline {baseline} must give {which} a number; got {name}: {value!r}")


def _check_combined(found: "Evaluation", models: int) -> None:
    """The metrics of the one answer of all models."""
    if (combined := found.combined) is None:
        return
    places = [*combined.models]
    if not isinstance(combined.rule, str) or not {*places} <= {*range(models)} or len({*places}) < len(places):
        raise TypeError(
            f"combined must have a text for its rule and different models from 0 to {models - 1}; got "
            f"{combined.rule!r} of {places}"
        )
    for name, value in combined.metrics.items():
        if name not in found.metrics or not _numeric(value, ()):
            which = f"a metric ({', '.join(found.metrics)})"
            raise TypeError(f"combined must give {which} a number; got {name}: {value!r}")


def _check_filename(filename: object, what: str, ending: str) -> None:
    """Whether it is the name of a file of a task's own."""
    if (
        not isinstance(filename, str)
        or not re.fullmatch(rf"\w[\w.-]*\{ending}", filename)
        or len(filename.encode()) > LONGEST_NAME
        or filename.casefold() in OF_EVERY_RUN
    ):
        raise TypeError(
            f"{what} must have names such as answers{ending}, of at most {LONGEST_NAME} letters, other than those of "
            f"every run; got {shortened(str(filename))}"
        )


def _check_columns(filename: str, columns: Mapping[str, object], models: int) -> None:
    arrays = {name: np.asarray(column) for name, column in columns.items()}
    shapes = {name: array.shape for name, array in arrays.items()}
    for name, array in arrays.items():
        if not isinstance(name, str):
            raise TypeError(f"columns of {filename} must have a str for a name; got {name!r}")
        if not _cells(array):
            raise TypeError(f"column {name} of {filename} must hold numbers, texts or dates; it holds {array.dtype}")
    N = max((shape[-1] for shape in shapes.values() if shape), default=0)
    if not shapes or "seed" in shapes or not {*shapes.values()} <= {(N,), (models, N)}:
        raise TypeError(
            f"columns of {filename} must be of shape (N,) or ({models}, N), none of them seed; got {shapes}"
        )


def _check_json(what: str, content: object) -> None:
    """Refuse what run.json cannot hold."""
    must = f"{what} must be a mapping that JSON can hold"
    if not isinstance(content, Mapping):
        raise TypeError(f"{must}; got {type(content).__name__}")
    try:
        plain(content)
    except (TypeError, ValueError) as error:
        raise TypeError(f"{must}: {error}") from error


def _numeric(values: Any, shape: tuple[int, ...]) -> bool:
    array = np.asarray(values)
    return array.shape == shape and _numbers(array)


def _numbers(array: np.ndarray) -> bool:
    """Whether it holds numbers that are Python's as well."""
    return array.dtype.kind in "biuf" and array.dtype.itemsize <= 8


def _cells(array: np.ndarray) -> bool:
    """Whether a table can hold them: numbers, texts, dates, and None for an empty cell."""
    if array.dtype.kind == "O":
        return all(isinstance(cell, bool | int | float | str | date | None) for cell in array.flat)
    return array.dtype.kind in "UM" or _numbers(array)


def _sentences(texts: object) -> bool:
    return isinstance(texts, list | tuple) and all(isinstance(text, str) for text in texts)
