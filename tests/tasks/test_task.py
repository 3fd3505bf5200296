"""What a task from outside answers is checked, and what is wrong with it is told as a fault of its package."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from rnnlab.config import registry
from rnnlab.engine.batch import Batch
from rnnlab.errors import PluginError
from rnnlab.experiments.setup import build_setup
from rnnlab.tasks.forecast import Forecast
from rnnlab.tasks.task import OF_EVERY_RUN, Evaluation, build_task, evaluate
from tests.experiments.test_observers import config_of

GOOD = Evaluation(
    {"wrong": np.array([0.25, np.nan]), "late": np.array([1, 2])},
    {"wrong": "%"},
    {"coin": {"wrong": 0.5, "late": np.float32(3)}},
    "A quarter is wrong.",
    ["Few strings."],
    {"answers.csv": {"day": ["monday", "tuesday"], "right": np.zeros((2, 2))}},
    {"answers.png": object},
    {"sign": {"p_value": np.array([0.1, 0.2])}},
)


@pytest.fixture
def from_outside(monkeypatch):
    """Every task is that of an installed package."""
    entry_of = registry.task_entry
    monkeypatch.setattr(registry, "task_entry", lambda data: replace(entry_of(data), origin="rnnlab-toy 0.1"))


def evaluated(**changes) -> Evaluation:
    task = SimpleNamespace(
        config=SimpleNamespace(data=SimpleNamespace(task_name="prices")),
        evaluate=lambda _network, _theta: replace(GOOD, **changes),
    )
    return evaluate(task, None, np.zeros((2, 7)))


@pytest.mark.usefixtures("from_outside")
def test_an_answer_that_is_right_is_taken_as_it_is():
    assert replace(evaluated(), figures=GOOD.figures) == GOOD


@pytest.mark.usefixtures("from_outside")
@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"metrics": {"wrong": np.zeros(1)}}, "wrong must be 2 numbers, one for each model; it is float64 of"),
        ({"units": {"rmse": "USD"}}, "units must give a metric (wrong, late) a text; got rmse: 'USD'"),
        ({"units": {"late": 3}}, "units must give a metric (wrong, late) a text; got late: 3"),
        ({"baselines": {"coin": {"wrong": "half"}}}, "baseline coin must give a metric (wrong, late) a number; got"),
        ({"baselines": {"coin": {"right": 0.5}}}, "a number; got right: 0.5"),
        ({"baselines": {"coin": {"wrong": np.zeros(2)}}}, "a number; got wrong: array([0., 0.])"),
        ({"baselines": {"coin": 0.5}}, "AttributeError: 'float' object has no attribute 'items'"),
        ({"headline": None}, "the headline must be a str; got NoneType"),
        ({"warnings": "Few strings."}, "warnings must be a list of str; got 'Few strings.'"),
        ({"warnings": [3]}, "warnings must be a list of str; got [3]"),
        ({"tables": {"../answers.csv": {}}}, "tables must have names such as answers.csv"),
        ({"tables": {"answers.txt": {}}}, "tables must have names such as answers.csv"),
        ({"tables": {"Metrics.csv": {}}}, "other than those of every run; got Metrics.csv"),
        ({"tables": {"answers.csv": {}}}, "columns of answers.csv must be of shape (N,) or (2, N)"),
        ({"tables": {"answers.csv": {"a": [1, 2], "b": [1]}}}, "none of them seed; got {'a': (2,), 'b': (1,)}"),
        ({"tables": {"answers.csv": {"a": np.zeros((3, 2))}}}, "must be of shape (N,) or (2, N), none of"),
        ({"tables": {"answers.csv": {"a": 1.0}}}, "columns of answers.csv must be of shape (N,) or (2, N)"),
        ({"tables": {"answers.csv": {"seed": [1, 2]}}}, "columns of answers.csv must be of shape (N,) or (2, N)"),
        ({"figures": {"training.png": object}}, "other than those of every run; got training.png"),
        ({"figures": {"answers.pdf": object}}, "figures must have names such as answers.png"),
        ({"figures": {"answers.png": b"PNG"}}, "answers.png must be a function that draws the figure; got bytes"),
    ],
)
def test_an_answer_that_is_wrong_is_a_fault_of_its_package(changes, said):
    with pytest.raises(PluginError) as caught:
        evaluated(**changes)
    assert caught.value.message.startswith("rnnlab-toy 0.1, which brings prices, fails: ")
    assert said in caught.value.message


@pytest.mark.usefixtures("from_outside")
@pytest.mark.parametrize(
    ("draw", "said"),
    [
        (lambda: 1 / 0, "ZeroDivisionError: division by zero."),
        (lambda: None, "TypeError: answers.png must be drawn as a Figure; got nothing."),
    ],
)
def test_a_figure_that_fails_costs_that_figure_and_its_package_is_named(run_of, monkeypatch, draw, said):
    from_rnnlab = Forecast.evaluate
    monkeypatch.setattr(
        Forecast, "evaluate", lambda *parts: replace(from_rnnlab(*parts), figures={"answers.png": draw})
    )
    run = run_of()
    said = f"plots/answers.png could not be drawn: rnnlab-toy 0.1, which brings csv, fails: {said}"
    assert said in run.summary.warnings
    assert said in run.record["warnings"]
    assert run.record["status"] == "completed"


def test_no_task_may_write_what_every_run_writes(run_of):
    run = run_of("training.log_gradient_flow_every=2", plots=True)
    written = {path.name for path in run.path.rglob("*") if path.suffix in (".csv", ".png")}
    assert written - {"predictions.csv", "forecast.png"} == set(OF_EVERY_RUN)


@pytest.mark.usefixtures("from_outside")
@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("sequences", [[1]], "TypeError: the sequences of the task must be of type Batch; got list."),
        ("output_size", 1.0, "TypeError: the output_size of the task must be of type Integral; got float."),
        ("description", None, "TypeError: the description of the task must be of type str; got NoneType."),
        ("warnings", "Few.", "TypeError: the warnings of the task must be a list of str; got 'Few.'."),
        ("record", None, "TypeError: the record of the task must be of type Mapping; got NoneType."),
    ],
)
def test_a_task_that_is_made_badly_is_a_fault_of_its_package(run_of, monkeypatch, folder, name, value, said):
    monkeypatch.setattr(Forecast, name, property(lambda _self: value, lambda _self, _value: None), raising=False)
    with pytest.raises(PluginError, match=r"rnnlab-toy 0\.1, which brings csv, fails: ") as caught:
        run_of()
    assert said in caught.value.message
    assert not (folder / "runs").exists()


@pytest.mark.usefixtures("from_outside")
@pytest.mark.parametrize("batch", [None, Batch(np.zeros((4, 2, 2)), np.zeros((2, 1)))])
def test_fresh_sequences_that_are_none_are_a_fault_of_their_package(tmp_path, monkeypatch, batch):
    config = config_of("fresh sequences", tmp_path)
    task = build_task(config)
    monkeypatch.setattr(type(task), "draw", lambda *_parts: batch)
    with pytest.raises(PluginError, match=r"rnnlab-toy 0\.1, which brings adding, fails: TypeError: draw must give"):
        build_setup(config, task).sampling.minibatch(0)
