"""`rnnlab.forecast` of a file: as the command does, from Python."""

import numpy as np
import pytest

import rnnlab
from rnnlab.errors import ConfigError, DataError, UsageError


@pytest.fixture
def file(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    values = 50 + np.random.default_rng(0).normal(size=90)
    path = tmp_path / "sales.csv"
    path.write_text("step,value\n" + "".join(f"{step},{value}\n" for step, value in enumerate(values)))
    return path


@pytest.mark.parametrize("kind", [str, lambda path: path])
def test_a_path_is_trained_on_and_forecast(file, kind):
    overrides = {"training.epochs": 3}
    found = rnnlab.forecast(kind(file), steps=2, seeds=[4, 9], name="mine", overrides=overrides, progress=False)
    run = rnnlab.open("mine")
    assert found.run == run.path
    assert run.seeds == found.seeds == [4, 9]
    assert run.record.plain()["command"] == ["rnnlab.forecast"]
    assert found.columns()["step"].tolist() == [1, 2]
    assert len(found.verdict) == 2
    again = rnnlab.forecast(run, steps=2)
    assert again.plain() == found.plain()
    assert rnnlab.forecast("mine", steps=2).plain() == found.plain()


def test_the_folder_is_that_of_the_run(file, tmp_path):
    found = rnnlab.forecast(file, tmp_path / "there", overrides=["training.epochs=1"], seeds=1, progress=False)
    assert found.run is not None
    assert found.run.parent == tmp_path / "there"


def test_a_training_that_is_stopped_is_told(file, monkeypatch):
    from rnnlab.api import forecasting, training

    def stopped(config, folder, **options):
        return train(config, folder, should_stop=iter([False, True, True]).__next__, **options)

    train = training.train
    monkeypatch.setattr(training, "train", stopped)
    found = forecasting.forecast(file, seeds=1, progress=False)
    assert found.warnings[0] == "The training was stopped before its end; the forecast is that of the networks so far."
    assert np.isfinite(found.outlook.network.values).all()


@pytest.mark.parametrize(
    ("options", "kind", "message"),
    [
        ({"steps": 0}, UsageError, "steps must be at least 1 and at most 1,000; got 0"),
        ({"level": 0.9}, UsageError, "level must be in percent"),
        ({"column": 3}, UsageError, "column must be a text; got 3"),
        ({"data": "other.csv"}, UsageError, "data takes the place of a run's data"),
        ({"seeds": 0}, ConfigError, "seeds"),
        ({"name": 7}, ConfigError, "name must be a text; got 7"),
        ({"column": "vale"}, DataError, "no column 'vale' to take the values from; did you mean 'value'"),
        ({"overrides": {"data.lookback": 500}}, DataError, "at least"),
    ],
)
def test_arguments_that_cannot_be_are_refused_before_anything_is_made(file, tmp_path, options, kind, message):
    with pytest.raises(kind, match=message):
        rnnlab.forecast(file, progress=False, **options)
    assert not (tmp_path / "runs").exists()


def test_what_is_for_a_file_is_refused_with_a_run(file):
    rnnlab.forecast(file, seeds=1, overrides=["training.epochs=1"], progress=False)
    for run in ("sales", rnnlab.open("sales")):
        with pytest.raises(UsageError, match="column and seeds are for a CSV file; a run is trained already"):
            rnnlab.forecast(run, column="value", seeds=3)
