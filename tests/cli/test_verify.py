"""`rnnlab verify`: table, verdict, exit code; what is said where the machine is not that of the run."""

import json

import pytest
from threadpoolctl import threadpool_info

CONFIG = (
    "name: small\ndata: {kind: csv, path: series.csv, lookback: 4}\nmodel: {hidden_size: 16}\ntraining: {updates: 9}\n"
)
SERIES = "".join(f"2020-{1 + n // 28:02d}-{1 + n % 28:02d},{20 + n % 7}\n" for n in range(60))
OTHER_KERNELS = ("Haswell", "Nehalem", "Prescott")


@pytest.fixture
def run(rnnlab, tmp_path):
    (tmp_path / "series.csv").write_text("date,value\n" + SERIES)
    (tmp_path / "small.yaml").write_text(CONFIG)
    done = rnnlab("train", "small.yaml", "--quiet")
    assert done.returncode == 0, done.stderr
    return tmp_path / done.stdout.strip()


def test_a_whole_run(rnnlab, run):
    done = rnnlab("verify", "latest")
    assert (done.returncode, done.stderr) == (0, "")
    first, _, *checks, _, last = done.stdout.splitlines()
    named = {line.split()[0]: line for line in checks}
    assert first == f"small: {len(checks)} checks of {run.relative_to(run.parents[1])}"
    assert {"config.yaml", "data", "checkpoint", "metrics.csv", "predictions.csv", "metrics", "replay"} <= set(named)
    assert named["replay"].endswith(
        "ok  updates 1 to 9 from the start: 9 rows of metrics.csv, 9 rows of gradient_norms.csv and all arrays of "
        "checkpoint 0001; byte for byte"
    )
    assert last == "verified: what was replayed repeats byte for byte"


def test_a_damaged_run(rnnlab, run):
    table = run / "metrics.csv"
    table.write_text(table.read_text().replace(",0.001,", ",0.002,"))
    done = rnnlab("verify", "latest", "--updates", "3")
    assert done.returncode == 7
    assert "metrics.csv, seed 0, epoch 1, update 1, learning_rate: 0.002 is recorded, 0.001 replayed" in done.stdout
    assert "(relative difference 5.0e-01)" in done.stdout
    assert done.stdout.splitlines()[-1] == "failed: metrics.csv and replay do not verify"


def test_json_is_one_document(rnnlab, run):
    (run / "predictions.csv").unlink()
    done = rnnlab("verify", "latest", "--json")
    assert done.returncode == 7
    found = json.loads(done.stdout, parse_constant=pytest.fail)
    assert (found["passed"], found["differences"], found["first_difference"]) == (False, [], None)
    assert [check["name"] for check in found["checks"] if check["result"] == "failed"] == ["predictions.csv"]


def test_a_run_that_is_not_there(rnnlab):
    done = rnnlab("verify", "nothing")
    assert (done.returncode, done.stdout) == (2, "")


@pytest.mark.slow
def test_another_kernel_is_named_and_its_rounding_passes(installed, run):
    kernel = next((pool.get("architecture") for pool in threadpool_info() if pool["internal_api"] == "openblas"), None)
    if kernel is None:
        pytest.skip("NumPy has no OpenBLAS")
    other = next(one for one in OTHER_KERNELS if one != kernel)
    done = installed("verify", str(run), env={"OPENBLAS_CORETYPE": other})
    if "kernel of openblas" not in done.stderr:
        pytest.skip(f"there is no {other} here")
    assert done.returncode == 0, done.stdout
    assert f"kernel of openblas ({kernel}; now {other})" in done.stderr
    assert f"hint: OPENBLAS_CORETYPE={kernel} before the command selects the kernel of the run." in done.stderr
    again = installed("verify", str(run), env={"OPENBLAS_CORETYPE": kernel})
    assert (again.returncode, again.stderr) == (0, "")
