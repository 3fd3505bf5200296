"""What a task from outside answers is checked, and what is wrong with it is told as a fault of its package."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from rnnlab.config import load, registry
from rnnlab.engine.batch import Batch
from rnnlab.errors import PluginError
from rnnlab.experiments.setup import build_setup
from rnnlab.tasks.answers import OF_EVERY_RUN
from rnnlab.tasks.forecast.task import Forecast
from rnnlab.tasks.synthetic.adding import Adding
from rnnlab.tasks.task import Combination, Evaluation, LossUnit, build_task, evaluate, loss_unit, pinned
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
        ({"metrics": {3: np.zeros(2)}}, "metrics and baselines must have a str for a name; got 3"),
        ({"metrics": {"wrong": np.zeros(2, np.complex64)}}, "one for each model; it is complex64 of shape (2,)"),
        ({"units": {"rmse": "USD"}}, "units must give a metric (wrong, late) a text; got rmse: 'USD'"),
        ({"units": {"late": 3}}, "units must give a metric (wrong, late) a text; got late: 3"),
        ({"baselines": {"coin": {"wrong": "half"}}}, "baseline coin must give a metric (wrong, late) a number; got"),
        ({"baselines": {"coin": {"right": 0.5}}}, "a number; got right: 0.5"),
        ({"baselines": {"coin": {"wrong": np.zeros(2)}}}, "a number; got wrong: array([0., 0.])"),
        ({"baselines": {4: {"wrong": 0.5}}}, "metrics and baselines must have a str for a name; got 4"),
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
        (
            {"tables": {f"{'a' * 300}.csv": {"a": [1]}}},
            "of at most 100 letters, other than those of every run; got",
        ),
        ({"tables": {"answers.csv": {1: [1, 2]}}}, "columns of answers.csv must have a str for a name; got 1"),
        (
            {"tables": {"answers.csv": {"a": [object(), 1]}}},
            "column a of answers.csv must hold numbers, texts or",
        ),
        ({"tables": {"answers.csv": {"a": [{"b": 1}]}}}, "must hold numbers, texts or dates; it holds object"),
        ({"tables": {"answers.csv": {"a": [1j]}}}, "must hold numbers, texts or dates; it holds complex128"),
        ({"figures": {"training.png": object}}, "other than those of every run; got training.png"),
        ({"figures": {"answers.pdf": object}}, "figures must have names such as answers.png"),
        ({"figures": {"answers.png": b"PNG"}}, "answers.png must be a function that draws the figure; got bytes"),
        (
            {"combined": Combination("median", [0, 2], {})},
            "combined must have a text for its rule and different models from 0 to 1; got 'median' of [0, 2]",
        ),
        ({"combined": Combination("median", [1, 1], {})}, "different models from 0 to 1; got 'median' of [1, 1]"),
        ({"combined": Combination("median", [0], {"right": 0.5})}, "a number; got right: 0.5"),
        (
            {"combined": Combination("median", [0], {"wrong": np.zeros(2)})},
            "combined must give a metric (wrong, late) a",
        ),
        ({"tests": [1]}, "tests must be a mapping that JSON can hold; got list"),
        ({"tests": {"sign": {1, 2}}}, "tests must be a mapping that JSON can hold: JSON has no form for set: {1, 2}"),
        ({"tests": {"sign": [object()]}}, "tests must be a mapping that JSON can hold: JSON has no form for object"),
        ({"tests": {"seasonal_naive": 5}}, "tests must give seasonal_naive a mapping whose season is 1 or more; got 5"),
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
        (object, "TypeError: answers.png must be drawn as a matplotlib Figure; got object."),
        (lambda: None, "TypeError: answers.png must be drawn as a matplotlib Figure; got NoneType."),
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
    assert written - {"predictions.csv", "training_rows.csv", "forecast.png"} == set(OF_EVERY_RUN)


@pytest.mark.usefixtures("from_outside")
@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("sequences", [[1]], "TypeError: the sequences of the task must be of type Batch; got list."),
        ("output_size", 1.0, "TypeError: the output_size of the task must be of type Integral; got float."),
        ("description", None, "TypeError: the description of the task must be of type str; got NoneType."),
        ("warnings", "Few.", "TypeError: the warnings of the task must be a list of str; got 'Few.'."),
        ("record", None, "TypeError: the record of the task must be of type Mapping; got NoneType."),
        (
            "record",
            {"source": {1}},
            "the record of the task must be a mapping that JSON can hold: JSON has no",
        ),
        ("record", {"sha256": 4}, "the sha256 in the record of the task must be a str or None; got 4."),
        (
            "sequences",
            Batch(np.zeros((4, 9, 1))),
            "must fit the task's sizes, readout and loss: A batch without",
        ),
        (
            "sequences",
            Batch(np.zeros((4, 9, 1)), np.zeros((8, 1))),
            "The 'targets' must have shape (9, 1); got (8, 1)",
        ),
        ("sequences", Batch(np.zeros((4, 9, 2)), np.zeros((9, 1))), "The 'inputs' must have shape (T, B, 1); got"),
        ("input_size", 7, "The 'inputs' must have shape (T, B, 7); got"),
    ],
)
def test_a_task_that_is_made_badly_is_a_fault_of_its_package(run_of, monkeypatch, folder, name, value, said):
    monkeypatch.setattr(Forecast, name, property(lambda _self: value, lambda _self, _value: None), raising=False)
    with pytest.raises(PluginError, match=r"rnnlab-toy 0\.1, which brings csv, fails: ") as caught:
        run_of()
    assert said in caught.value.message
    assert not (folder / "runs").exists()


@pytest.mark.usefixtures("from_outside")
@pytest.mark.parametrize(
    ("changed", "said"),
    [
        (lambda _good: None, "TypeError: draw must give a Batch of 3 sequences; it gives NoneType."),
        (lambda good: good.take(slice(0, 1), "last"), "draw must give a Batch of 3 sequences; it gives one of 1."),
        (lambda good: replace(good, targets=None), "what draw gives must fit the task's sizes, readout and loss: A"),
        (lambda good: replace(good, targets=good.targets[:, 0]), "The 'targets' must have shape (3, 1); got (3,)."),
        (
            lambda good: replace(good, inputs=good.inputs[..., :1]),
            "The 'inputs' must have shape (T, B, 2); got",
        ),
        (
            lambda good: replace(good, inputs=np.repeat(good.inputs, 3, axis=0)),
            "draw must give sequences of at most 7 steps; it gives",
        ),
        (lambda good: replace(good, weights=np.ones(3)), "draw must not give weights, as the sequences of the task;"),
    ],
)
def test_fresh_sequences_that_do_not_fit_are_a_fault_of_their_package(tmp_path, monkeypatch, changed, said):
    config = config_of("fresh sequences", tmp_path)
    task, draw = build_task(config), Adding.draw
    monkeypatch.setattr(Adding, "draw", lambda *parts: changed(draw(*parts)))
    with pytest.raises(PluginError, match=r"rnnlab-toy 0\.1, which brings adding, fails: ") as caught:
        build_setup(config, task).sampling.minibatch(0)
    assert said in caught.value.message


@pytest.mark.usefixtures("from_outside")
@pytest.mark.parametrize(
    ("unit", "said"),
    [
        (None, "loss_unit must give a LossUnit, a name and a function; it gives NoneType"),
        (LossUnit("nats", 3), "loss_unit must give a LossUnit, a name and a function; it gives LossUnit"),  # type: ignore[arg-type]
        (LossUnit("nats", lambda loss: loss / 0), "ZeroDivisionError"),
    ],
)
def test_a_unit_of_the_loss_that_is_none_is_a_fault_of_its_package(tmp_path, monkeypatch, unit, said):
    task = build_task(config_of("fresh sequences", tmp_path))
    monkeypatch.setattr(Adding, "loss_unit", lambda _self: unit)
    with pytest.raises(PluginError, match=r"rnnlab-toy 0\.1, which brings adding, fails: ") as caught:
        loss_unit(task).of(1.0)
    assert said in caught.value.message


def test_data_that_have_changed_since_they_were_pinned_are_told(tmp_path):
    path = tmp_path / "small.yaml"
    path.write_text("data: {kind: text, text: the quick brown fox, chunk: 4}\n")
    config = load(path)
    task = build_task(config)
    same = pinned(config, task)
    assert same.data.sha256 == task.record["sha256"]
    assert build_task(same).warnings == task.warnings
    other = same.model_copy(update={"data": same.data.model_copy(update={"text": "the quick brown cat"})})
    (warning,) = set(build_task(other).warnings) - set(task.warnings)
    assert warning.startswith("The data are not those that data.sha256 names: text in the config has the sha256 ")
    assert pinned(other, build_task(other)).data.sha256 != same.data.sha256


def test_generated_data_are_not_pinned(tmp_path):
    path = tmp_path / "small.yaml"
    path.write_text("data: {kind: synthetic, task: adding, length: 4}\n")
    config = load(path)
    assert pinned(config, build_task(config)) is config
