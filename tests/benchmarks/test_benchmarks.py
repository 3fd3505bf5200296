"""The benchmark runs without its peers, says so, and its figures hold together."""

import json
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.benchmarks.rounds import Measurement
from tests.benchmarks.workloads import ALL, WORKLOADS

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]


def test_every_workload_has_a_name_of_its_own():
    assert len(WORKLOADS) == len(ALL)


def test_ratios_are_those_of_medians_with_the_quartiles_of_the_rounds():
    found = Measurement("text", "float64", rounds={"torch": [2.0, 4.0, 9.0], "rnnlab": [1.0, 1.0, 3.0]})
    assert found.ratio("torch", "rnnlab") == (4.0, 2.5, 3.5)


def test_a_run_without_peers_measures_the_rest(tmp_path):
    command = [sys.executable, "-m", "tests.benchmarks", "--only", "text", "textx30", "--dtype", "float32"]
    command += ["--rounds", "2", "--seconds", "0.01", "--sides", "rnnlab", "rnnlab1", "floor", "torch"]
    command += ["--peer-python", sys.executable, "--json", str(tmp_path / "figures.json")]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    if find_spec("torch") is None:
        assert "torch is left out" in done.stderr
    figures = json.loads((tmp_path / "figures.json").read_text(encoding="utf-8"))
    lone, ensemble = figures["workloads"]
    assert lone["models"] is None
    assert ensemble["models"] == 30
    for workload in (lone, ensemble):
        assert workload["failures"] == {}
        assert len(workload["rounds"]["rnnlab"]) == 2
        assert all(median > 0 for median in workload["median"].values())
