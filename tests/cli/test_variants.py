"""Bundled configs by a pattern: `train 'stock/*'` trains them, `compare 'stock/*'` compares their runs."""

import json
import re
import shutil

import pytest

from rnnlab.config import bundled
from rnnlab.runs.tables import read_table
from tests.command_line import run_here
from tests.painting import nothing_painted

SHORT = ("--set", "training.epochs=2", "--set", "model.hidden_size=2", "--seeds", "5", "--quiet")


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A folder with a run of the stock experiment, and of three of its variants."""
    folder = tmp_path_factory.mktemp("variants")
    with nothing_painted():
        done = run_here(folder, "train", "stock", "stock/adam*", "stock/differences", *SHORT)
    assert done.returncode == 0, done.stderr
    return folder, done.stdout.split()


@pytest.fixture
def trained(made, tmp_path):
    """The same in the working folder: the paths of its runs."""
    shutil.copytree(made[0] / "runs", tmp_path / "runs")
    return made[1]


def folded(text):
    return " ".join(text.split())


def record(folder, run):
    return json.loads((folder / run / "run.json").read_text())


def test_train_takes_several_configs_and_patterns_and_prints_a_line_for_each(trained, tmp_path):
    names = [record(tmp_path, run)["name"] for run in trained]
    assert names == ["stock", "stock-adam", "stock-adam-cosine", "stock-differences"]


def test_several_configs_have_no_common_name_and_no_common_document(rnnlab, tmp_path):
    for option in (("--name", "x"), ("--json",)):
        done = rnnlab("train", "stock", "stock/adam*", *option)
        assert done.returncode == 2
        assert done.stderr.startswith(f"error: {option[0]} is for one config; got 3 configs.\n")
    assert not (tmp_path / "runs").exists()


def test_a_config_that_is_wrong_is_told_before_anything_is_trained(rnnlab, tmp_path):
    (tmp_path / "wrong.yaml").write_text("seed: 3\n")
    done = rnnlab("train", "stock", "wrong.yaml", *SHORT)
    assert (done.returncode, done.stdout) == (2, "")
    assert not (tmp_path / "runs").exists()


def test_where_a_training_fails_those_that_are_left_are_named(rnnlab, tmp_path):
    (tmp_path / "none.yaml").write_text("data: {kind: csv, path: nowhere.csv}\n")
    done = rnnlab("train", "none.yaml", "stock", "stock/adam", *SHORT)
    assert done.returncode == 4
    assert "warning: not trained: `rnnlab train stock stock/adam` trains them.\n" in done.stderr


@pytest.mark.usefixtures("trained")
def test_compare_holds_the_newest_completed_runs_against_what_they_extend(rnnlab):
    done = rnnlab("compare", "stock/*")
    assert done.returncode == 0, done.stderr
    left = [one.name for one in bundled.matching("stock/*") if one.name.partition("/")[2] not in
            ("adam", "adam_cosine", "differences")]  # fmt: skip
    assert done.stderr == (
        f"warning: {', '.join(left[:-1])} and {left[-1]} have no completed run. "
        f"`rnnlab train {' '.join(left)}` trains them.\n"
    )
    rows = [re.split("  +", line.strip()) for line in done.stdout.split("\n\n")[1].splitlines()]
    assert rows[0] == ["change", "RMSE (USD): median forecast", "single seeds [5–95 %]", "minus stock",
                       "beyond seed noise", "best baseline"]  # fmt: skip
    assert rows[1][0] == "stock"
    assert rows[1][-1] == "worse than persistence (10.15)"
    changes = {row[0]: row[1] for row in rows[2:5]}
    assert changes == {
        "stock-adam": "optimizer=adam",
        "stock-adam-cosine": "optimizer=adam, schedule=cosine",
        "stock-differences": "target=difference",
    }
    assert "persistence" in {row[0] for row in rows[5:]}


def test_the_numbers_of_the_table_are_those_of_the_runs(rnnlab, trained, tmp_path):
    done = rnnlab("compare", "stock/*")
    found = {record(tmp_path, run)["name"]: record(tmp_path, run) for run in trained}
    stock = found["stock"]["metrics"]["rmse"]["mean"]
    for name, one in found.items():
        line = next(line for line in done.stdout.splitlines() if line.startswith(f"  {name} "))
        combined, median = one["combined"]["metrics"]["rmse"], sorted(one["metrics"]["rmse"]["per_seed"])[2]
        numbers = [float(word) for word in re.findall(r"(?<=  )[+-]?\d+\.?\d*(?= |$)", line)]
        assert numbers[0] == pytest.approx(combined, rel=1e-3)
        assert numbers[1] == pytest.approx(median, rel=1e-2)
        if name != "stock":
            assert numbers[2] == pytest.approx(one["metrics"]["rmse"]["mean"] - stock, rel=1e-2)
            table = read_table(tmp_path / next(run for run in trained if f"-{name}-" in run) / "predictions.csv")
            rows = table["seed"] == 0
            errors = table["median"][rows] - table["actual"][rows]
            assert combined == pytest.approx((errors**2).mean() ** 0.5)


def test_a_newer_run_takes_the_place_of_an_older_one_and_one_that_did_not_end_does_not(rnnlab, trained, tmp_path):
    old = next(run for run in trained if "-stock-adam-" in run and "cosine" not in run)
    for stamp, status in (("20991231T000000Z", "completed"), ("20991231T000001Z", "interrupted")):
        copy = tmp_path / "runs" / f"{stamp}-stock-adam-0000"
        shutil.copytree(tmp_path / old, copy)
        (copy / "run.json").write_text(json.dumps({**record(tmp_path, old), "status": status}))
    content = json.loads(rnnlab("compare", "stock/a*", "--json").stdout)
    assert [one["run"] for one in content["runs"]][1] == "runs/20991231T000000Z-stock-adam-0000"
    assert content["groups"][0]["reference"] == trained[0]


def test_json_has_combined_metrics_the_outcome_and_a_test_for_each(rnnlab, trained):
    content = json.loads(rnnlab("compare", "stock/*", "--json").stdout)
    (group,) = content["groups"]
    (verdict,) = group["verdicts"]
    assert {test["second"] for test in verdict["tests"]} == {trained[0]}
    assert {test["pairs"] for test in verdict["tests"]} == {3}
    by_name = {one["name"]: one for one in content["runs"]}
    assert by_name["stock"]["beside_best_baseline"] == "worse"
    assert by_name["stock"]["combined"]["rmse"] > 10.15


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["stock/*"], "better than stock are all 3 other runs (paired t-tests, 5 seeds, 5 %, Holm's correction"),
        (["stock/*", "--against", "stock-differences"], "worse than stock-differences are all 3 other runs (paired"),
        (["stock", "--against", "stock-differences"], "worse than stock-differences is stock (paired t-test"),
        (["twin", "stock-differences", "--against", "stock"],
         "better than stock is stock-differences; twin does not differ from it (paired t-tests"),
        (["twin", "--against", "stock"], "twin does not differ from stock (paired t-test, 5 seeds, 5 %)."),
    ],
)  # fmt: skip
def test_a_sentence_says_which_runs_differ_from_the_reference(rnnlab, trained, tmp_path, arguments, said):
    twin = tmp_path / "runs" / trained[0].removeprefix("runs/").replace("-stock-", "-twin-")
    shutil.copytree(tmp_path / trained[0], twin)
    (twin / "run.json").write_text(json.dumps({**record(tmp_path, trained[0]), "name": "twin"}))
    assert folded(rnnlab("compare", *arguments).stdout).startswith(f"In RMSE, beyond the noise of the seeds: {said}")


def outcomes(folder, run, **statistics):
    """Write into a run what the tests of its median forecast found: by baseline (statistic, p-value)."""
    content = record(folder, run)
    made = content["tests"]["diebold_mariano"]["median"]
    for name, test in made.items():
        statistic, p_value = statistics.get(name, statistics["others"])
        test.update(statistic=statistic, p_value=p_value, holm_p_value=min(1.0, p_value * len(made)))
    (folder / run / "run.json").write_text(json.dumps(content))


def test_a_sentence_says_which_median_forecasts_beat_the_best_baseline(rnnlab, trained, tmp_path):
    """By the rule of the headline: all baselines without a correction, else the best one with Holm's."""
    stock, adam, cosine, differences = trained
    outcomes(tmp_path, stock, others=(2.0, 0.001))
    outcomes(tmp_path, adam, others=(-2.0, 0.04))
    outcomes(tmp_path, cosine, naive=(-2.0, 0.04), others=(2.0, 0.9))
    outcomes(tmp_path, differences, naive=(-5.0, 1e-6), others=(2.0, 0.9))
    shown = rnnlab("compare", "stock/*").stdout
    said = (
        "stock-differences and stock-adam beat persistence, the best baseline (RMSE 10.15 USD); stock-adam-cosine is "
        "not distinguishable from it; stock is worse (Diebold-Mariano tests, 5 %)."
    )
    assert said in folded(shown)
    cells = {line.split()[0]: re.split("  +", line)[-1] for line in shown.split("\n\n")[1].splitlines()[1:5]}
    assert cells == {
        "stock": "worse than persistence (10.15)",
        "stock-adam": "better than persistence (10.15)",
        "stock-adam-cosine": "level with persistence (10.15)",
        "stock-differences": "better than persistence (10.15)",
    }


def test_a_run_without_a_test_has_no_outcome(rnnlab, trained, tmp_path):
    for run, tests in zip(trained, (None, {}, {"diebold_mariano": {"against": "naive", "median": None}}, {
        "diebold_mariano": {"against": "naive", "median": {"naive": {"statistic": "x"}}}
    }), strict=True):  # fmt: skip
        (tmp_path / run / "run.json").write_text(json.dumps({**record(tmp_path, run), "tests": tests}))
    done = rnnlab("compare", "stock/*")
    assert done.returncode == 0, done.stderr
    assert "Diebold" not in done.stdout
    assert "best baseline" not in done.stdout


def test_any_run_may_be_the_one_that_others_are_held_against(rnnlab, trained):
    shown = rnnlab("compare", "stock", "stock-adam-cosine", "--against", "stock-adam").stdout
    rows = [re.split("  +", line.strip()) for line in shown.split("\n\n")[1].splitlines()]
    assert "minus stock-adam" in rows[0]
    assert rows[1][0] == "stock-adam"
    changes = {row[0]: row[1] for row in rows[2:4]}
    assert changes == {"stock": "optimizer=sgd", "stock-adam-cosine": "schedule=cosine"}
    content = json.loads(rnnlab("compare", "stock/*", "--against", "stock-differences", "--json").stdout)
    assert content["groups"][0]["reference"] == trained[3]


@pytest.mark.painted
@pytest.mark.usefixtures("trained")
def test_the_plot_shows_the_metric_of_each_run(rnnlab, tmp_path):
    done = rnnlab("compare", "stock/*", "--plot", "reasons.svg")
    assert done.returncode == 0, done.stderr
    drawn = (tmp_path / "reasons.svg").read_text()
    for word in ("3 runs beside stock", "stock-differences", "persistence, the best baseline: 10.15", "RMSE (USD)"):
        assert word in drawn


def test_without_runs_the_command_that_trains_them_is_named(rnnlab, trained, tmp_path):
    done = rnnlab("compare", "shapes/*")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == (
        "error: None of the 4 configs shapes/* has a completed run in 'runs'.\n hint: `rnnlab train 'shapes/*'` "
        "trains them.\n"
    )
    shutil.rmtree(tmp_path / trained[0])
    done = rnnlab("compare", "stock/*")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == (
        "error: stock, which the configs stock/* extend, has no completed run in 'runs'.\n"
        " hint: `rnnlab train stock 'stock/*'` trains them.\n"
    )


@pytest.mark.usefixtures("trained")
def test_a_pattern_that_no_bundled_config_matches_is_no_run(rnnlab):
    done = rnnlab("compare", "stok/*")
    assert done.returncode == 2
    assert "There is no run 'stok/*'" in done.stderr
