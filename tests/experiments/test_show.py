"""What is shown of a run: whole, lost, damaged, copied, a sweep."""

import json
import shutil

import pytest

from rnnlab.errors import RunFolderError
from rnnlab.experiments.show import show
from rnnlab.experiments.sweep.rho import sweep_rho
from rnnlab.plain import plain
from rnnlab.runs.notes import add_labels, add_note
from tests.experiments.registry_runs import lose


def test_a_training_is_shown_with_what_it_came_to(run_of):
    made = run_of(seeds="3")
    add_labels(made.path, ["paper"])
    add_note(made.path, "hello")
    found = show(made.path)
    assert (found.status, found.problems, found.resumable) == ("completed", [], False)
    assert found.summary.metrics["rmse"].spread == made.summary.metrics["rmse"].spread
    assert found.summary.combined == made.record["combined"]
    (best,) = found.summary.baselines
    assert made.record["tests"]["diebold_mariano"]["against"] == best
    rows = made.table("metrics.csv")
    per_epoch = [sorted(rows["train_loss"][rows["epoch"] == epoch])[1] for epoch in (1, 2, 3, 4)]
    assert found.loss == per_epoch
    assert found.departures["training.optimizer.learning_rate"] == 0.05
    assert found.departures["model.hidden_size"] == 3
    assert "model.layers" not in found.departures
    assert found.config["model.layers"] == 1
    assert (found.said.labels, [one.text for one in found.said.notes]) == (("paper",), ["hello"])
    assert dict(found.files)["run.json"] == (made.path / "run.json").stat().st_size
    assert found.checkpoints == ["0001"]
    assert json.loads(json.dumps(plain(found.plain())))["best_baseline"] == best


def test_a_sweep_is_shown_by_its_verdicts(folder):
    from rnnlab.config import load

    swept = sweep_rho(load("small.yaml", seeds=2), [0.5, 2.0], runs_dir=folder / "runs", command=["rnnlab"])
    found = show(swept.run)
    assert found.is_sweep
    assert [(one["rho"], one["verdict"]) for one in found.rhos] == [
        (one.rho, one.verdict.word) for one in swept.rhos
    ]  # fmt: skip
    assert found.problems == []
    for text in ("{", '{"rhos": 3}', '{"rhos": [3]}'):
        (swept.run / "summary.json").write_text(text)
        again = show(swept.run)
        assert again.rhos == []
        assert len(again.problems) == 1


def test_a_sweep_that_stopped_can_be_resumed(folder):
    from rnnlab.config import load

    asked = iter([False] * 4)
    config = load("small.yaml", seeds=2)
    run = sweep_rho(
        config, [0.5, 2.0], runs_dir=folder / "runs", command=["rnnlab"], should_stop=lambda: next(asked, True)
    ).run
    assert any((run / "checkpoints").glob("slice-*/*.json"))
    found = show(run)
    assert (found.status, found.resumable, found.checkpoints) == ("interrupted", True, ["0001"])


def test_a_resumed_run_took_the_time_of_its_sessions_without_the_pauses(run_of):
    made = run_of()
    assert show(made.path).seconds == pytest.approx(10, abs=10)
    record = json.loads((made.path / "run.json").read_text())
    later = {"ended_at": "2099-01-01T00:00:00.000Z", "resumed": [{"from_update": 2}]}
    (made.path / "run.json").write_text(json.dumps({**record, **later}))
    assert show(made.path).seconds == made.table("metrics.csv")["seconds"][-1]


def test_a_run_without_a_config_cannot_be_resumed(run_of):
    made = run_of()
    lose(made.path)
    (made.path / "config.yaml").unlink()
    assert not show(made.path).resumable


def test_a_lost_run_can_be_resumed_and_one_of_another_machine_is_unknown(run_of):
    made = run_of()
    lose(made.path)
    assert (show(made.path).status, show(made.path).resumable) == ("lost", True)
    lose(made.path, host="elsewhere")
    found = show(made.path)
    assert (found.status, found.elsewhere, found.resumable) == ("running", "elsewhere", False)


def test_a_half_written_row_is_no_problem_of_a_run_in_training(run_of):
    made = run_of()
    with (made.path / "metrics.csv").open("a") as file:
        file.write("0,5,")
    assert len(show(made.path).problems) == 1
    lose(made.path, host="elsewhere")
    assert show(made.path).problems == []


@pytest.mark.parametrize("name", ["run.json", "config.yaml", "notes.json", "metrics.csv"])
@pytest.mark.parametrize("content", [b"", b"{", b"\xff\xfe\x00", b"[" * 100_000])
def test_one_damaged_file_leaves_the_rest_to_be_seen(run_of, folder, name, content):
    made = run_of()
    whole = show(made.path)
    moved = shutil.move(made.path, folder / "moved")
    (moved / name).write_bytes(content)
    found = show(moved)
    assert len(found.problems) == 1
    assert name in found.problems[0]
    seen = {"run.json": found.record, "config.yaml": found.config, "metrics.csv": found.loss or None}
    assert [file for file, one in seen.items() if one is None] == [name] * (name != "notes.json")
    assert found.checkpoints == whole.checkpoints


def test_a_folder_that_is_not_there(tmp_path):
    with pytest.raises(RunFolderError, match="cannot be read"):
        show(tmp_path / "nowhere")
