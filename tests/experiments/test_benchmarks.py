"""The bundled benchmarks: data as their note of origin says, and the published figures of baselines to their digits."""

import csv
import hashlib
import re
from importlib import metadata

import numpy as np
import pytest

from rnnlab.forecasting.baselines.regression import window_map
from tests.command_line import run_process
from tests.experiments.shipped import CONFIGS

FOLDER = CONFIGS / "benchmarks"
ORIGIN = (FOLDER / "ORIGIN.md").read_text(encoding="utf-8")
CHAPTER = (CONFIGS.parent / "rnnlab" / "manual" / "benchmarks.md").read_text(encoding="utf-8")
BRIEF = ("training.epochs=1", "model.hidden_size=2")
FILES = re.findall(r"^\| `(\w+\.csv)` \| (\d+) \| ([\d: -]+) \| ([\d: -]+) \| `(\w{64})` \|$", ORIGIN, re.MULTILINE)


def column(name: str, header: str) -> np.ndarray:
    with open(FOLDER / name, encoding="utf-8") as file:
        return np.array([float(row[header]) for row in csv.DictReader(file)])


def baselines_of(run_of, name, *overrides):
    return run_of(*overrides, config=FOLDER / f"{name}.yaml", seeds="1").record["baselines"]


def r2(actual, predicted):
    return 1 - np.sum((actual - predicted) ** 2) / np.sum((actual - actual.mean()) ** 2)


def plain_autoregression(values, lags, training_rows):
    """AR(p) with a constant, fitted by the normal equations on the training rows: forecasts of all later rows."""
    rows = [[1.0, *(values[t - 1 - k] for k in range(lags))] for t in range(lags, len(values))]
    known = np.array(rows[: training_rows - lags])
    weights = np.linalg.solve(known.T @ known, known.T @ values[lags:training_rows])
    return np.array(rows[training_rows - lags :]) @ weights


# ---------------------------------------------------------------------------------------------------- the data


def test_every_data_file_is_in_the_note_of_origin_and_is_what_it_says():
    assert sorted(name for name, *_ in FILES) == sorted(path.name for path in FOLDER.glob("*.csv"))
    for name, rows, first, last, sha256 in FILES:
        content = (FOLDER / name).read_bytes()
        assert hashlib.sha256(content).hexdigest() == sha256, name
        lines = content.decode("ascii").splitlines()[1:]
        assert (len(lines), lines[0].split(",")[0], lines[-1].split(",")[0]) == (int(rows), first, last)


def test_the_standardized_laser_is_that_of_the_note():
    mean, deviation = map(float, re.findall(r"^(\d\d\.\d+) and (\d\d\.\d+), divided by N", ORIGIN, re.MULTILINE)[0])
    wanted = (column("laser.csv", "intensity") - mean) / deviation
    np.testing.assert_allclose(column("laser.csv", "standardized"), wanted, rtol=1e-13)


def original(package: str, version: str, file: str):
    """The file of an installed package; the test is left out without it."""
    try:
        found = metadata.distribution(package)
    except metadata.PackageNotFoundError:
        pytest.skip(f"{package} is not installed")
    if found.version != version:
        pytest.skip(f"{package} {version} is not installed")
    return found.locate_file(file)


def test_the_laser_is_that_of_reservoirpy():
    series = np.load(original("reservoirpy", "0.4.2", "reservoirpy/datasets/santafe_laser.npy")).ravel()
    assert column("laser.csv", "intensity").tolist() == series[1:2402].tolist()
    wanted = (series[1:2802] - series[1:2802].mean()) / series[1:2802].std()
    assert column("laser.csv", "standardized").tolist() == wanted[:2401].tolist()


@pytest.mark.parametrize(
    ("name", "package", "version", "file"),
    [
        ("shampoo.csv", "sktime", "1.2.0", "sktime/datasets/data/ShampooSales/ShampooSales.csv"),
        ("airline.csv", "sktime", "1.2.0", "sktime/datasets/data/Airline/Airline.csv"),
        ("temperatures.csv", "vega_datasets", "0.9.0", "vega_datasets/_data/seattle-temps.csv"),
    ],
)
def test_the_rows_of_the_others_are_those_of_their_packages(name, package, version, file):
    theirs = original(package, version, file).read_text().replace("/", "-").splitlines()[1:]
    assert (FOLDER / name).read_text().splitlines()[1:] == theirs


# ---------------------------------------------------------------------------------------------------- the figures


def test_persistence_on_shampoo_sales_is_as_published(run_of):
    found = baselines_of(run_of, "shampoo", *BRIEF)["naive"]["rmse"]
    assert found == pytest.approx(136.761, abs=5e-4)


def test_persistence_on_the_airline_is_as_given_on_the_published_months_and_on_all(run_of):
    published = ("data.end=1960-11-30", "data.test_rows=46")
    assert baselines_of(run_of, "airline", *BRIEF, *published)["naive"]["rmse"] == pytest.approx(48.66, abs=5e-3)
    assert baselines_of(run_of, "airline", *BRIEF)["naive"]["rmse"] == pytest.approx(48.04, abs=5e-3)


def test_an_autoregression_of_12_months_is_the_linear_window_of_12_values(run_of):
    values = column("airline.csv", "passengers")
    plain = np.sqrt(np.mean((plain_autoregression(values, 12, 96) - values[96:]) ** 2))
    found = baselines_of(run_of, "airline", *BRIEF, "data.target=price", "data.lookback=12")["window_map"]["rmse"]
    assert found == pytest.approx(plain, rel=1e-9)
    assert found == pytest.approx(20.95, abs=5e-3)


def test_persistence_and_an_autoregression_of_25_steps_on_the_laser(run_of):
    found = baselines_of(run_of, "laser", "model.hidden_size=2", "data.lookback=25")
    values = column("laser.csv", "intensity")
    spread = values[2301:].std()
    scores = {name: 1 - (found[name]["rmse"] / spread) ** 2 for name in ("naive", "window_map")}
    assert scores["naive"] == pytest.approx(r2(values[2301:], values[2300:-1]), abs=1e-12)
    assert scores["naive"] == pytest.approx(0.166, abs=5e-4)
    assert scores["window_map"] == pytest.approx(r2(values[2301:], plain_autoregression(values, 25, 2301)), abs=1e-8)
    assert scores["window_map"] == pytest.approx(0.904, abs=5e-4)


def test_the_unit_of_the_laser_makes_no_difference_to_baselines():
    rows = np.arange(2301, 2401)
    scores = []
    for header in ("intensity", "standardized"):
        values = column("laser.csv", header)
        scores.append(r2(values[rows], window_map(values, rows, training_rows=2301, window=25)))
    assert scores[0] == pytest.approx(scores[1], rel=1e-9)


@pytest.mark.slow
@pytest.mark.parametrize("changes", [(), ("data.value_column=standardized", "data.scaler=none")])
def test_a_reservoir_reaches_the_published_median_on_the_laser(run_of, changes):
    table = run_of(*changes, config=FOLDER / "laser.yaml", seeds="1").table("predictions.csv")
    assert len(table["actual"]) == 100
    assert r2(table["actual"], table["predicted"]) > 0.99345


@pytest.mark.slow
def test_the_networks_on_shampoo_and_airline_beat_persistence_and_the_published_networks(run_of):
    shampoo = run_of(config=FOLDER / "shampoo.yaml").record["metrics"]["rmse"]["per_seed"]
    airline = run_of(config=FOLDER / "airline.yaml", seeds="5").record["metrics"]["rmse"]["per_seed"]
    assert np.median(shampoo) < 136.761
    assert np.median(airline) < 47.53


@pytest.mark.parametrize("name", ["n225", "ndx", "jkse"])
def test_no_linear_model_of_five_closes_beats_persistence_by_a_hundredth(run_of, name):
    original("nolds", "0.6.3", "nolds/datasets")
    found = baselines_of(run_of, name, *BRIEF, "data.target=price", "data.lookback=5")
    assert found["window_map"]["rmse"] / found["naive"]["rmse"] == pytest.approx(
        {"n225": 1.006, "ndx": 1.003, "jkse": 1.006}[name], abs=5e-4
    )


def test_what_is_not_bundled_names_the_command_that_brings_it(installed):
    done = installed("train", "n225", "--set", "data.path=package:rnnlab-absent==1.0/closes.csv")
    assert (done.returncode, done.stdout) == (4, "")
    assert "The data are a file of the package rnnlab-absent, which is not installed." in done.stderr
    assert "pip install rnnlab-absent==1.0" in done.stderr


def test_a_bundled_benchmark_trains_by_its_name_in_an_empty_folder(tmp_path):
    brief = ("--seeds", "1", "--set", "training.epochs=1", "--quiet")
    done = run_process(tmp_path, "train", "benchmarks/shampoo", *brief)
    assert done.returncode == 0, done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["runs"]


def test_the_chapter_has_every_benchmark_and_the_figures_that_are_held_here():
    for path in FOLDER.glob("*.yaml"):
        assert f"`rnnlab train {path.stem}" in CHAPTER, path.stem
    for figure in ("136.761", "138.49", "46.31", "48.66", "47.53", "20.95", "0.166", "0.904", "0.99345", "0.99910"):
        assert figure in CHAPTER
