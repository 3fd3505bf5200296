"""A sweep that stops, at whatever moment and for whatever reason, goes on to the bytes of one that never stopped."""

import hashlib
import io
import json

import numpy as np
import pytest

from rnnlab.config import load
from rnnlab.errors import RnnlabError, RunFolderError, RunWriteError
from rnnlab.experiments.resume import resume as resume_run
from rnnlab.experiments.sweep import members
from rnnlab.experiments.sweep.rho import sweep_rho
from rnnlab.experiments.sweep.tables import TABLES
from rnnlab.runs import RunFolder, read_table
from rnnlab.tasks.task import build_task
from tests.experiments.sweeps import content, resume, small_config, sweep
from tests.painting import nothing_painted

RHOS = [0.9, 1.2, 1e300]  # the last diverges in its first update
UPDATES = 20
SETTINGS = (f"training.updates={UPDATES}", "training.checkpoint.every=4", "training.log_gradient_flow_every=3")
SYNTHETIC = "data: {{kind: synthetic, {}}}\nmodel: {{hidden_size: 5}}\nseeds: 3\ntraining: {{batch_size: 4, "
OTHERS = {
    "moments and states": "model: {cell: lstm, activation: tanh, hidden_size: 5}\nseeds: 3\n"
    "data: {kind: text, text: the quick brown fox jumps, repeat: 9, chunk: 12}\n"
    "training: {optimizer: adam, updates: 12, stateful: true, batch_size: 1",
    "ragged": SYNTHETIC.format("task: order, sequences: 20, length: [9, 12]") + "updates: 12",
    "endless": SYNTHETIC.format("task: adding, sequences: endless, length: 9") + "updates: 12",
    "early stopping": SYNTHETIC.format("task: adding, sequences: 40, length: 9")
    + "epochs: 3, early_stopping: {patience: 1}",
}


@pytest.fixture(autouse=True)
def slices_of_two(monkeypatch):
    monkeypatch.setattr(members, "MOST_MODELS", 2)


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """A sweep that never stopped."""
    with pytest.MonkeyPatch.context() as patch, nothing_painted():
        patch.setattr(members, "MOST_MODELS", 2)
        return sweep(tmp_path_factory.mktemp("whole"), RHOS, *SETTINGS)


@pytest.fixture
def stopped(tmp_path):
    """Make a sweep that stops when it asks for the n-th time whether it should."""

    def make(calls: int, *settings: str, rhos=RHOS):
        return sweep(tmp_path, rhos, *(settings or SETTINGS), should_stop=Stop(calls))

    return make


class Stop:
    """True from the n-th call on."""

    def __init__(self, after: int) -> None:
        self.after, self.calls = after, 0

    def __call__(self) -> bool:
        self.calls += 1
        return self.calls > self.after


@pytest.mark.parametrize("calls", [0, 1, 2, 17, 33, 50, 60])
def test_it_goes_on_to_the_bytes_of_one_that_never_stopped(whole, stopped, calls):
    found = stopped(calls)
    assert found.record["status"] == "interrupted"
    assert found.summary["complete"] is False
    resumed = resume(found.run)
    assert resumed.record["status"] == "completed"
    assert resumed.summary["complete"] is True
    assert content(found.run) == content(whole.run)
    assert (resumed.sentences, resumed.warnings) == (whole.sentences, whole.warnings)
    assert not list(found.run.glob("checkpoints/slice-*"))


@pytest.mark.parametrize("kind", OTHERS)
def test_whatever_is_trained_goes_on_to_the_same_bytes(tmp_path, kind):
    source = tmp_path / "small.yaml"
    source.write_text(OTHERS[kind] + ", log_gradient_flow_every: 3, checkpoint: {every: 4}}\n")
    unbroken = sweep_rho(load(source), [0.9, 1.2], runs_dir=tmp_path / "whole", command=[])
    found = sweep_rho(load(source), [0.9, 1.2], runs_dir=tmp_path / "runs", command=[], should_stop=Stop(14))
    assert list(found.run.glob("checkpoints/slice-*/parts/*.npz"))
    resume(found.run)
    assert content(found.run) == content(unbroken.run)


def test_checkpoints_of_a_slice_whose_rows_are_written_go(whole, stopped):
    found = stopped(55)  # as if it was killed between its rows and the removal of its checkpoints
    results = read_table(found.run / "results.csv")
    rho, seed = (results[name].tolist()[0] for name in ("rho", "seed"))
    folder = members.slice_folder(found.run, [(rho, seed)])
    folder.mkdir()
    resume(found.run)
    assert not folder.exists()
    assert content(found.run) == content(whole.run)


def test_it_may_stop_again_and_again(whole, stopped):
    found = stopped(30)
    stops = 0
    while found.record["status"] == "interrupted":
        found = resume(found.run, should_stop=Stop(20))
        stops += 1
    assert stops > 1  # how many depends on which thread asks
    assert content(found.run) == content(whole.run)
    assert len(found.record["resumed"]) == stops


def test_no_update_is_made_twice(stopped, monkeypatch):
    made = []
    tick = members.Slice.save

    def note(part):
        made.append((part.rho.tolist(), part.seed.tolist(), part.training.done))
        tick(part)

    monkeypatch.setattr(members.Slice, "save", note)
    found = stopped(25)
    reached = {str(one[:2]): one[2] for one in made}
    made.clear()
    resume(found.run)
    first = {str(one[:2]): one[2] for one in reversed(made)}
    again = reached.keys() & first.keys()
    assert again
    assert all(first[one] > reached[one] for one in again)


def test_an_interrupted_sweep_shows_what_it_has_measured(stopped):
    found = stopped(55)
    results, norms = (read_table(found.run / name) for name in ("results.csv", "gradient_norms.csv"))
    part_way = results["updates"][(results["updates"] < UPDATES) & (results["diverged"] == "false")]
    measured, trained = len(results["rho"]), len(results["rho"]) - len(part_way)
    assert 2 <= trained < measured <= 9
    assert sum(one.seeds for one in found.rhos) == measured
    models = {"measured": measured, "trained": trained, "of": 9}
    written = json.loads((found.run / "summary.json").read_text())
    assert (written["complete"], written["models"], found.summary["models"]) == (False, models, models)
    assert {one.rho for one in found.rhos} == set(results["rho"])
    for rho, seed, updates in zip(*(results[name] for name in ("rho", "seed", "updates")), strict=True):
        assert rho == 1e300 or ((norms["rho"] == rho) & (norms["seed"] == seed)).sum() == updates
    begun = f"Stopped before the end: of 9 models, {trained} are done"
    assert found.sentences[0].startswith(begun)
    assert f"{len(part_way)} made {part_way.min():g}" in found.sentences[0]


def test_a_sweep_of_one_slice_shows_how_far_it_came(whole, stopped, monkeypatch):
    monkeypatch.setattr(members, "MOST_MODELS", 9)
    found = stopped(9, rhos=[0.9, 1.2])
    results = read_table(found.run / "results.csv")
    (done,) = set(results["updates"])
    assert 0 < done < UPDATES
    assert found.sentences[0] == f"Stopped before the end: of 6 models, 6 made {done:g} of {UPDATES} updates."
    monkeypatch.setattr(members, "MOST_MODELS", 2)
    assert [one.rho for one in found.rhos] == [0.9, 1.2]
    for here, there in zip(found.rhos, whole.rhos, strict=False):
        assert here.verdict.word == there.verdict.word
        assert here.verdict.rate == pytest.approx(there.verdict.rate, rel=1e-12)


def test_a_resumed_sweep_that_stops_at_once_shows_what_its_checkpoints_hold(whole, stopped):
    found = stopped(30)
    again = resume(found.run, should_stop=Stop(0))
    assert again.summary["models"]["measured"] >= found.summary["models"]["measured"]
    assert content(resume(found.run).run) == content(whole.run)


def test_a_sweep_that_stops_at_once_knows_nothing(stopped):
    found = stopped(0)
    assert found.sentences == ("Stopped before any of 9 models was measured.",)
    assert not found.rhos


@pytest.mark.painted
def test_an_interrupted_sweep_has_its_plots(stopped):
    found = stopped(55)
    assert len(read_table(found.run / "results.csv")["rho"]) % 3  # a rho with some of its seeds
    assert not [warning for warning in found.warnings if "could not be drawn" in warning]
    names = {path.name for path in (found.run / "plots").iterdir()}
    assert names == {"growth.png", "transport.png", "spectrum.png", "gradient_norms.png", "gradient_flow.png"}


@pytest.fixture
def short_of_memory(monkeypatch):
    """Let the models with these weights run out of memory; nothing lets them have it again."""
    measure, failing = members.diagnose, []

    def short(network, theta, *rest, **options):
        if theta[0, 0] in failing:
            raise MemoryError
        return measure(network, theta, *rest, **options)

    def fail(*which):
        failing[:] = [members.draw_setup(small_config(), build_task(small_config()), [one], False).theta[0, 0]
                      for one in which]  # fmt: skip

    monkeypatch.setattr(members, "diagnose", short)
    return fail


def test_models_that_failed_are_not_forgotten(tmp_path, short_of_memory):
    short_of_memory((0.9, 0))
    unbroken = sweep(tmp_path / "whole", [0.9], *SETTINGS)
    found = sweep(tmp_path / "stopped", [0.9], *SETTINGS, should_stop=Stop(20))
    assert len(found.summary["failed"]) == 2
    resume(found.run)
    assert content(found.run) == content(unbroken.run)


def test_models_that_failed_last_stand_in_a_checkpoint_and_leave_none_of_their_own(tmp_path, short_of_memory):
    found = sweep(tmp_path, [0.9], *SETTINGS, should_stop=Stop(25))
    assert (found.run / "checkpoints" / "slice-0.9-2").is_dir()
    short_of_memory((0.9, 2))
    again = resume(found.run)
    assert [one["seed"] for one in again.summary["failed"]] == [2]
    assert not list(found.run.glob("checkpoints/slice-*"))
    held = json.loads(newest(found.run / "checkpoints").read_text())["metadata"]
    assert held["failures"] == again.summary["failed"]
    assert held["done"] == 3


def test_a_sweep_of_which_every_model_failed_is_tried_again(tmp_path, short_of_memory):
    unbroken = sweep(tmp_path / "whole", [0.9], *SETTINGS)
    short_of_memory(*((0.9, seed) for seed in range(3)))
    with pytest.raises(RnnlabError, match="Every model of the sweep failed: memory ran out"):
        sweep(tmp_path / "failed", [0.9], *SETTINGS)
    (run,) = (tmp_path / "failed").iterdir()
    short_of_memory()
    resume(run)
    assert content(run) == content(unbroken.run)


def rewrite(path, change):
    """Change the metadata of a checkpoint; its hash fits them."""
    record = json.loads(path.read_text())
    record["metadata"] = change(record["metadata"])
    canonical = json.dumps(record["metadata"], sort_keys=True, separators=(",", ":"))
    record["sha256"] = hashlib.sha256(path.with_suffix(".npz").read_bytes() + canonical.encode()).hexdigest()
    path.write_text(json.dumps(record))


def newest(folder):
    return max(folder.glob("*.json"), key=lambda path: int(path.stem))


HOSTILE = {
    "done": (-1, 1, 10**9, True, None, "2", [2]),
    "failures": (None, {}, [1], [{}], [{"rho": 0.9, "seed": 77, "reason": "x"}],
                 [{"rho": 0.9, "seed": 0, "reason": 5}], [{"rho": 0.9, "seed": 0, "reason": "x"}]),
    "warnings": (None, "x", [1], [["x"]]),
    "tables": ({}, {"results.csv": 5}, {"../run.json": 1}, {"results.csv": 10**15}, None, {"results.csv": "x"},
               dict.fromkeys(TABLES, 1.5), dict.fromkeys(TABLES, -1), dict.fromkeys(TABLES, True)),
}  # fmt: skip


@pytest.mark.parametrize(("name", "value"), [(name, value) for name, values in HOSTILE.items() for value in values])
def test_a_hostile_checkpoint_is_passed_over(whole, stopped, name, value):
    found = stopped(55)
    rewrite(newest(found.run / "checkpoints"), lambda held: held | {name: value})
    resume(found.run)
    assert content(found.run) == content(whole.run)
    assert "An earlier checkpoint is used instead." in (found.run / "log.txt").read_text()


@pytest.mark.parametrize("name", ["done", "tables"])
def test_where_no_checkpoint_is_good_it_is_one_sentence_and_nothing_is_touched(stopped, name):
    found = stopped(55)
    for path in (found.run / "checkpoints").glob("*.json"):
        rewrite(path, lambda held: held | {name: None if name == "done" else {"results.csv": 7}})
    before = content(found.run)
    with pytest.raises(RunFolderError, match=r"has no good checkpoint: The checkpoint \d+ is not one of this sweep"):
        resume(found.run)
    assert content(found.run) == before


def test_a_table_that_lost_rows_goes_back_to_the_checkpoint_before(whole, stopped):
    found = stopped(55)
    table = found.run / "gradient_norms.csv"
    table.write_bytes(table.read_bytes()[:-1])
    resume(found.run)
    assert content(found.run) == content(whole.run)


def arrays_with(path, name, array):
    """The checkpoint with another array; its hash fits."""
    with np.load(path.with_suffix(".npz")) as held:
        arrays = dict(held) | {name: array(held[name])}
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)
    path.with_suffix(".npz").write_bytes(buffer.getvalue())
    rewrite(path, lambda held: held)


@pytest.mark.parametrize(
    ("name", "array"),
    [
        ("theta", lambda held: held[:1]),
        ("theta", lambda held: held * np.nan),
        ("theta", lambda held: held.astype(np.float32)),
        ("done", lambda held: held + 1000),
        ("done", lambda held: held - 1000),
        ("observer.course.updates", lambda held: held + 1),
        ("observer.course.first", lambda held: held[:, :-1]),
        ("observer.course.tensors", lambda _held: np.frombuffer(b"[" * 10**5, np.uint8)),
        ("observer.course.models", lambda _held: np.array([7])),
        ("observer.flow.updates", lambda held: held[:-1]),
    ],
)
def test_a_hostile_checkpoint_of_a_slice_costs_that_slice_alone(whole, stopped, name, array):
    found = stopped(25)
    for folder in found.run.glob("checkpoints/slice-*"):
        for path in folder.glob("*.json"):
            arrays_with(path, name, array)
    resume(found.run)
    assert content(found.run) == content(whole.run)


@pytest.mark.parametrize("damage", ["gone", "cut", "of another shape", "of another name", "too many"])
def test_damaged_parts_of_a_slice_cost_that_slice_alone(whole, stopped, damage):
    found = stopped(25)
    parts = sorted(found.run.glob("checkpoints/slice-*/parts/*.json"))
    assert parts
    for path in parts:
        if damage == "gone":
            path.unlink()
        elif damage == "cut":
            arrays = path.with_suffix(".npz")
            arrays.write_bytes(arrays.read_bytes()[:-30])
        elif damage == "of another shape":
            for name in np.load(path.with_suffix(".npz")).files:
                arrays_with(path, name, lambda held: held[..., :1, :])
        elif damage == "of another name":
            with np.load(path.with_suffix(".npz")) as held:
                name, array = held.files[0], held[held.files[0]]
            arrays_with(path, name, lambda _held, array=array: array[None])
    if damage == "too many":
        for path in found.run.glob("checkpoints/slice-*/*.json"):
            rewrite(path, lambda held: held | {"parts": 10**9})
    resume(found.run)
    assert content(found.run) == content(whole.run)


@pytest.mark.parametrize("rhos", [[], ["x"], [1.2, 0.9], [-1.0], {"a": 1}, [0.9, None]])
def test_rhos_that_are_damaged_are_one_sentence(stopped, rhos):
    found = stopped(25)
    RunFolder.open(found.run).update(rhos=rhos)
    with pytest.raises(RunFolderError, match="must hold the rhos of the sweep"):
        resume(found.run)


@pytest.mark.parametrize("asked", [{"rhos": [0.8, 1.2, 1e300]}, {"rhos": [0.9]}, {"exact": True}])
def test_a_record_that_asks_for_another_sweep_is_one_sentence(stopped, asked):
    found = stopped(55)
    RunFolder.open(found.run).update(**asked)
    before = content(found.run)
    with pytest.raises(RunFolderError, match=r"no good checkpoint: .* its (rhos|exact) must be as in run.json"):
        resume(found.run)
    assert content(found.run) == before


@pytest.mark.parametrize(("old", "new"), [("seeds: 3", "seeds: 1"), ("hidden_size: 8", "hidden_size: 9")])
def test_a_config_that_was_edited_is_refused(stopped, old, new):
    found = stopped(55)
    path = found.run / "config.yaml"
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))
    before = content(found.run)
    with pytest.raises(RunFolderError, match="has changed since the run began: its sha256 was") as refused:
        resume_run(found.run, command=[])
    assert "rnnlab sweep-rho RHO... --config" in refused.value.hint
    assert content(found.run) == before
    path.write_text(text)
    resume_run(found.run, command=[])


def test_a_folder_that_vanishes_is_one_sentence(tmp_path):
    def vanish():
        if next(calls) == 40:
            (run,) = (tmp_path / "runs").iterdir()
            run.rename(tmp_path / "elsewhere")
        return False

    calls = iter(range(10**6))
    with pytest.raises(RunWriteError, match=r"could not be written"):
        sweep(tmp_path / "runs", RHOS, *SETTINGS, should_stop=vanish)


def test_a_disk_that_was_full_for_a_while_costs_nothing(whole, tmp_path, monkeypatch):
    append = RunFolder.append_columns

    def refuse(run, filename, columns):
        if filename == "gradient_flow.csv" and columns["rho"] == 1.2:
            raise RunWriteError("the disk is full.")
        append(run, filename, columns)

    with monkeypatch.context() as patch:
        patch.setattr(RunFolder, "append_columns", refuse)
        with pytest.raises(RunWriteError, match=r"^the disk is full\.$"):
            sweep(tmp_path, RHOS, *SETTINGS)
    (run,) = tmp_path.iterdir()
    assert RunFolder.open(run).record.status == "failed"
    resume(run)
    assert content(run) == content(whole.run)
