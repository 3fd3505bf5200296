"""Arguments of the wrong type end in one sentence, and those of NumPy are read as Python's own."""

import itertools

import numpy as np
import pandas as pd
import pytest

import rnnlab
from rnnlab.errors import ConfigError, DataError, UsageError

SMALL = {
    "data": {"kind": "text", "text": "the quick brown fox", "chunk": 5},
    "model": {"hidden_size": 2},
    "training": {"updates": 2},
}
# No path, text, whole number, function, observer, or scale.
WRONG = [-1.5, float("nan"), b"x", object(), [1], np.float32(-1), np.array([1, 2]), (n for n in "a"), pd.Series([1, 2])]


@pytest.fixture(autouse=True)
def empty(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


@pytest.fixture(scope="module")
def run():
    return rnnlab.train(SMALL, progress=False)


@pytest.mark.parametrize("value", [*WRONG, None, 1, 10**5000], ids=lambda value: type(value).__name__)
@pytest.mark.parametrize("name", ["load", "train", "check", "gradcheck", "build", "unroll"])
def test_what_is_no_config_is_said(name, value):
    with pytest.raises(ConfigError, match=r"a config must be a path.*; got "):
        getattr(rnnlab, name)(value)


CALLS = {
    "open": lambda value, _run: rnnlab.open(value),
    "open in": lambda value, _run: rnnlab.open("latest", value),
    "inspect": lambda value, _run: rnnlab.inspect(value),
    "checkpoint": lambda value, run: rnnlab.inspect(run, checkpoint=value),
    "compare": lambda value, _run: rnnlab.compare([value, value]),
    "list_runs": lambda value, _run: rnnlab.list_runs(value),
    "steps": lambda value, _run: rnnlab.unroll(SMALL, steps=value),
    "hidden": lambda value, _run: rnnlab.unroll(SMALL, hidden=value),
    "rho": lambda value, _run: rnnlab.sweep_rho([value], SMALL, progress=False),
    "observers": lambda value, _run: rnnlab.train(SMALL, progress=False, observers=[value]),
    "folder": lambda value, _run: rnnlab.train(SMALL, value, progress=False),
    "should_stop": lambda value, _run: rnnlab.train(SMALL, progress=False, should_stop=value),
    "name": lambda value, _run: rnnlab.load(SMALL, name=value),
    "overrides": lambda value, _run: rnnlab.load(SMALL, [value]),
    "explain": lambda value, _run: rnnlab.explain(value),
    "init": lambda value, _run: rnnlab.init(value),
    "plot": lambda value, run: run.plot(value),
    "table": lambda value, run: run.table(value),
    "completions": lambda value, _run: rnnlab.completions("RUN", value),
}


@pytest.mark.parametrize("value", WRONG, ids=lambda value: type(value).__name__)
@pytest.mark.parametrize("name", CALLS)
def test_what_is_of_the_wrong_type_is_said(name, value, run, tmp_path):
    with pytest.raises(UsageError, match="must "):
        CALLS[name](value, run)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("value", [1, None, b"AAPL"])
def test_a_symbol_is_a_text(value):
    with pytest.raises(DataError, match="must be a text"):
        rnnlab.import_prices(value, "nowhere.csv")


def test_one_text_is_no_list_of_texts():
    for call in (
        lambda: rnnlab.compare("latest"),
        lambda: rnnlab.sweep_rho("12", SMALL),
        lambda: rnnlab.train(SMALL, observers="ab"),
    ):
        with pytest.raises(UsageError, match=r"must be a list; got '"):
            call()


@pytest.mark.parametrize(
    ("seeds", "read"),
    [
        (np.int64(2), [0, 1]),
        (np.array(2), [0, 1]),
        (np.arange(3, 5), [3, 4]),
        (pd.Series([7, 8]), [7, 8]),
        ((n for n in (5, 6)), [5, 6]),
        (range(2), [0, 1]),
    ],
    ids=lambda given: type(given).__name__,
)
def test_seeds_of_numpy_and_from_generators(seeds, read):
    assert rnnlab.load(SMALL, seeds=seeds).seeds == read


@pytest.mark.parametrize(
    "seeds",
    [2.5, np.float64(2), object(), {0: 1}, True, itertools.count(), 10**5000, [object()]],
    ids=lambda seeds: type(seeds).__name__,
)
def test_what_are_no_seeds_is_said(seeds):
    with pytest.raises(ConfigError, match="must "):
        rnnlab.load(SMALL, seeds=seeds)


def test_whole_numbers_of_numpy_are_whole_numbers():
    assert rnnlab.unroll(SMALL, steps=np.int64(2), hidden=np.int8(1)).plain()["hidden_size"] == 1


def test_a_mapping_without_end_is_refused():
    circle: dict = {}
    circle["data"] = circle
    deep: dict = {}
    inner = deep
    for _ in range(5000):
        inner["data"] = inner = {}
    for given in (circle, deep):
        with pytest.raises(ConfigError):
            rnnlab.load(given)


def test_a_config_is_not_loaded_twice():
    with pytest.raises(ConfigError, match="already"):
        rnnlab.load(rnnlab.load(SMALL))  # type: ignore[arg-type]


def test_a_mapping_in_a_run_folder_is_no_config_of_that_run(tmp_path, monkeypatch):
    """What a run needs is said of its own config.yaml alone."""
    done = rnnlab.train(SMALL, tmp_path, progress=False)
    assert done.path is not None
    record = done.path / "run.json"
    record.write_text(record.read_text().replace('"plugins": {}', '"plugins": {"gone": "gone-package 1"}'))
    monkeypatch.chdir(done.path)
    with pytest.raises(ConfigError) as caught:
        rnnlab.load({**SMALL, "model": {"cell": "gone"}})
    assert "gone-package" not in str(caught.value.hint)


@pytest.mark.parametrize("inputs", [np.zeros((5, 3)), np.zeros((5, 3), complex), np.zeros((5, 3), bool), [["a"]]])
def test_inputs_of_a_text_are_tokens(run, inputs):
    with pytest.raises(UsageError, match="inputs must be tokens"):
        run.outputs(inputs)


def test_inputs_of_a_series_are_numbers_of_any_kind():
    data = {"kind": "synthetic", "task": "sine"}
    run = rnnlab.train({**SMALL, "data": data}, progress=False)
    steps, size = run.sequences.steps, run.sequences.inputs.shape[-1]
    same = [run.outputs(np.ones((steps, 2, size), kind)) for kind in (float, int, np.float32, bool)]
    assert all(np.array_equal(one, same[0]) for one in same)
    assert not np.isfinite(run.outputs(np.full((steps, 2, size), np.nan))).any()
    run.outputs(np.full((steps, 2, size), np.inf))  # no warning
    with pytest.raises(UsageError, match=r"inputs must be numbers; got .*complex"):
        run.outputs(np.ones((steps, 2, size), complex))
