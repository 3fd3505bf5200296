"""A run that stopped goes on to the bytes of one that did not, or says in one sentence why it cannot."""

import json
import os
import platform
import re
import shutil
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest

from rnnlab.config import load
from rnnlab.errors import DataError, RunBusyError, RunFolderError, RunWriteError, UsageError
from rnnlab.experiments.doctor import examine
from rnnlab.experiments.observers import Observer
from rnnlab.experiments.resume import Length, resume
from rnnlab.experiments.train import train
from rnnlab.experiments.verify import verify
from rnnlab.runs import RunFolder, checkpoints, process, read_table
from tests.experiments.outcomes import outcome

TEXT = "{kind: text, text: the quick brown fox jumps over the lazy dog, repeat: 9, chunk: 7}"
CASES = {
    "forecast": ["training.epochs=9"],
    "stateful text": [
        f"data={TEXT}", "training.batch_size=1", "training.stateful=true", "training.epochs=null",
        "training.updates=60", "training.loss=null", "training.log_gradient_flow_every=7",
    ],
    "early stopping": [
        "training.early_stopping={patience: 2, validation_fraction: 0.3}", "training.batch_size=7",
        "training.epochs=40", "training.optimizer={kind: adam, learning_rate: 0.1}",
    ],
    "a schedule": [
        "training.schedule={kind: cosine, warmup: 4}", "training.optimizer={kind: adam, learning_rate: 0.01}",
        "training.batch_size=5", "training.epochs=6", "training.clip={kind: norm, threshold: 0.1}",
    ],
    "truncation": [f"data={TEXT}", "training.loss=null", "training.tbptt_steps=3", "training.batch_size=4"],
}  # fmt: skip


def start(folder: Path, case: str, *overrides: str, seeds: str = "2", **options) -> Path:
    config = load("small.yaml", overrides=[*CASES[case], *overrides], seeds=seeds)
    run = train(config, runs_dir=folder / "runs", command=[], **options).run
    assert run is not None
    return run


def after(updates: int):
    """Asks to stop after so many updates."""
    asked = iter([False] * updates)
    return lambda: next(asked, True)


SAME = Length()


def go_on(run: Path, length: Length = SAME, **options):
    return resume(run, length=length, command=["rnnlab", "resume"], **options)


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("every", ["1", "4", "null"])
def test_a_run_that_was_stopped_ends_as_one_that_was_not(folder, case, every):
    whole = outcome(start(folder, case))
    run = start(folder, case, f"training.checkpoint.every={every}", should_stop=after(4))
    assert RunFolder.open(run).record.status == "interrupted"
    for more in (1, 2):
        go_on(run, should_stop=after(more))
    go_on(run)
    found = outcome(run)
    assert found.keys() == whole.keys()
    for name, value in whole.items():
        assert found[name] == value, name
    assert [one["from_update"] for one in RunFolder.open(run).record.resumed] == [4, 5, 7]


@pytest.mark.parametrize("case", ["forecast", "truncation"])
def test_a_run_that_was_lengthened_ends_as_one_that_was_longer(folder, case):
    run = start(folder, case, "training.epochs=2")
    whole = outcome(start(folder, case, "training.epochs=5"))
    go_on(run, Length(epochs=5))
    assert outcome(run) == whole
    assert load(run / "config.yaml").training.epochs == 5


def test_a_run_lost_before_its_first_checkpoint_starts_again(folder):
    whole = outcome(start(folder, "forecast"))
    run = start(folder, "forecast", should_stop=after(1))
    shutil.rmtree(run / "checkpoints")
    said: list[str] = []
    go_on(run, on_note=said.append)
    assert said == ["No checkpoint yet: starting over."]
    assert outcome(run) == whole


def test_where_a_run_continues_is_said(folder):
    run = start(folder, "forecast", should_stop=after(4))
    said: list[str] = []
    go_on(run, on_note=said.append)
    assert said == ["Continuing after update 4 of 9, from checkpoint 0001."]
    assert said[0] in (run / "log.txt").read_text()


def test_the_time_that_is_shown_is_that_of_all_sessions(folder):
    run = start(folder, "forecast", should_stop=after(4))
    before = read_table(run / "metrics.csv")["seconds"].max()
    shown = []
    go_on(run, on_progress=shown.append)
    assert shown[0].elapsed > before
    assert shown[-1].elapsed == pytest.approx(read_table(run / "metrics.csv")["seconds"].max(), abs=0.05)


# What a new total changes


def test_a_cosine_is_stretched_with_a_note(folder):
    run = start(folder, "a schedule", "training.epochs=2")
    notes = " ".join(go_on(run, Length(epochs=4)).warnings)
    said = re.search(r"cosine schedule now ends with update \d+: the learning rate goes from (\S+) to (\S+)\.", notes)
    assert said
    assert float(said[1]) < 2e-4 < 4e-3 < float(said[2]) < 8e-3


WRITES = ("replace", "unlink", "ftruncate")  # of the module `os`


class Writes:
    """Counts what changes files, and ends the process, as it were, before a given one; nothing is put in order."""

    def __init__(self, patch: pytest.MonkeyPatch, last: int | None = None) -> None:
        self.made, self.last = 0, last
        for name in WRITES:
            patch.setattr(os, name, self._counted(getattr(os, name)))
        patch.setattr(RunFolder, "mark_failed", lambda *_: None)
        patch.setattr(process, "identity", lambda: {"pid": 2**31 - 1, "started": "never", "host": platform.node()})

    def _counted(self, act):
        def counted(*arguments, **options):
            if self.made == self.last:
                raise SystemExit(9)
            self.made += 1
            return act(*arguments, **options)

        return counted


@pytest.mark.slow
@pytest.mark.parametrize("case", ["early stopping", "a schedule"])
def test_a_lengthening_that_is_killed_between_any_two_writes_leaves_a_whole_run(folder, tmp_path, monkeypatch, case):
    short, total = ("40", 60) if case == "early stopping" else ("3", 4)
    run = start(folder, case, f"training.epochs={short}", "training.checkpoint.every=9", seeds="1")
    old, new = (run / "config.yaml").read_text(), Length(epochs=total)
    copies = [shutil.copytree(run, tmp_path / "copies" / f"{n}" / run.name) for n in range(60)]
    with monkeypatch.context() as patch:
        writes = Writes(patch)
        go_on(run, new)
    whole = outcome(run)
    assert 10 < writes.made < len(copies)
    for n in range(writes.made):
        killed = copies[n]
        with monkeypatch.context() as patch, suppress(SystemExit):
            Writes(patch, n)
            go_on(killed, new)
        status = RunFolder.open(killed).record.current_status
        assert status in ("completed", "lost")
        found = verify(killed)
        assert found.passed, (n, [check for check in found.checks if check.result == "failed"])
        assert {one.kind for one in examine(killed.parent).findings} <= {"lost", "leftover"}
        is_longer = (killed / "config.yaml").read_text() != old
        if status == "lost":
            go_on(killed)
            assert outcome(killed)["status"] == "completed"
            assert verify(killed).passed
        if not is_longer:
            go_on(killed, new)
        assert "before" not in RunFolder.open(killed).record.config
        assert differing(outcome(killed), whole) <= {"observer.warnings.shown"}, n


def differing(found: dict, whole: dict) -> set[str]:
    """What differs between two outcomes; of the arrays, which."""
    arrays = {name for name, value in whole["arrays"].items() if found["arrays"].get(name) != value}
    return arrays | {name for name in whole if name != "arrays" and found.get(name) != whole[name]}


class FirstParameters(Observer):
    """The parameters before the first update that it sees."""

    name = "first_parameters"
    theta = None

    def before_update(self, training):
        self.theta = training.theta.copy() if self.theta is None else self.theta

    def state(self):
        return {}

    def restore(self, held):
        pass


def test_early_stopping_goes_on_from_the_last_parameters(folder):
    run = start(folder, "early stopping", "training.checkpoint.keep=99")
    ended = checkpoints.latest(run / "checkpoints")
    assert RunFolder.open(run).record.stopped_early.keys() == {"0", "1"}
    assert not np.array_equal(ended.arrays["last"], ended.arrays["theta"])
    look = FirstParameters()
    go_on(run, Length(epochs=80), observers=[look])
    np.testing.assert_array_equal(look.theta, ended.arrays["last"])
    assert RunFolder.open(run).record.stopped_early
    assert checkpoints.latest(run / "checkpoints").arrays["done"] > ended.arrays["done"]


class Killed(Observer):
    """Ends the training before its first update, as a signal does: nothing is saved."""

    name = "killed"

    def before_update(self, training):
        raise KeyboardInterrupt(training.done)

    def state(self):
        return {}

    def restore(self, held):
        pass


def test_a_run_that_is_killed_once_it_was_lengthened_stays_lengthened(folder):
    whole, run = (start(folder, "early stopping") for _ in range(2))
    go_on(whole, Length(epochs=80))
    with pytest.raises(KeyboardInterrupt):
        go_on(run, Length(epochs=80), observers=[Killed()])
    go_on(run)
    assert outcome(run) == outcome(whole)


def spoil(path):
    """Damage a checkpoint: one of its bytes is another."""
    content = bytearray(path.read_bytes())
    content[-5] ^= 1
    path.write_bytes(content)


def test_a_run_stays_lengthened_where_the_checkpoint_of_that_is_damaged(folder):
    run = start(folder, "early stopping")
    ended = read_table(run / "gradient_norms.csv")["update"].max()
    with pytest.raises(KeyboardInterrupt):
        go_on(run, Length(epochs=80), observers=[Killed()])
    spoil(max((run / "checkpoints").glob("*.npz")))
    go_on(run)
    assert read_table(run / "gradient_norms.csv")["update"].max() > ended


def test_the_replay_after_a_lengthening_makes_updates_where_its_checkpoint_is_damaged(folder):
    run = start(folder, "early stopping", "training.checkpoint.keep=99")
    ended = checkpoints.latest(run / "checkpoints")
    first = ended.metadata["update"]
    go_on(run, Length(epochs=80))
    longer = ended.path.with_name(f"{int(ended.path.stem) + 1:04d}.npz")
    spoil(longer)
    replay = verify(run).checks[-1]
    assert replay.result == "ok"
    assert replay.detail.startswith(f"updates {first + 1} to ")
    assert " 0 rows" not in replay.detail
    assert int(replay.detail.split()[3]) > first


def test_a_run_that_is_resumed_has_no_plots_of_before_until_it_is_drawn_again(folder):
    run = start(folder, "forecast")
    (run / "plots").mkdir(exist_ok=True)
    for name in ("training.png", "inspect_transport.png"):
        (run / "plots" / name).write_bytes(b"old")
    with pytest.raises(KeyboardInterrupt):
        go_on(run, Length(epochs=80), observers=[Killed()])
    assert [path.name for path in (run / "plots").iterdir()] == ["inspect_transport.png"]


def test_a_lengthening_that_did_not_begin_is_none_on_record(folder, monkeypatch):
    run = start(folder, "a schedule")
    monkeypatch.setattr(RunFolder, "write", lambda *_: exec("raise KeyboardInterrupt"))
    with pytest.raises(KeyboardInterrupt):
        go_on(run, Length(epochs=80))
    monkeypatch.undo()
    note = "The earlier attempt to lengthen this run was cut short; the old total still holds."
    assert note in go_on(run).warnings
    assert [one["lengthened"] for one in RunFolder.open(run).record.resumed] == [False, False]
    assert verify(run).checks[-1].result == "ok"


@pytest.mark.parametrize(("length", "words"), [
    ({"epochs": 1}, "has already made 9 epochs; the new total must be larger, got 1 epoch."),
    ({"updates": 9}, "has already made 9 updates; the new total must be larger, got 9 updates."),
])  # fmt: skip
def test_a_total_that_is_no_more_is_refused(folder, length, words):
    run = start(folder, "forecast")
    before = outcome(run)
    with pytest.raises(UsageError, match=words):
        go_on(run, Length(**length))
    assert outcome(run) == before


@pytest.mark.parametrize(("length", "words"), [
    ({"epochs": 0}, "epochs must be a whole number of at least 1; got 0"),
    ({"epochs": 3, "updates": 3}, "in epochs or in updates; got both"),
])  # fmt: skip
def test_a_total_that_is_none_is_refused(length, words):
    with pytest.raises(UsageError, match=words):
        Length(**length)


# What cannot go on


def test_a_completed_run_has_nothing_left_to_do(folder):
    with pytest.raises(UsageError, match="is completed: nothing is left to do"):
        go_on(start(folder, "forecast"))


def test_a_run_that_is_held_cannot_be_resumed(folder):
    run = start(folder, "forecast", should_stop=after(1))
    holder = RunFolder.open(run)
    holder.hold()
    with pytest.raises(RunBusyError, match="in use by another process"):
        go_on(run)
    holder.take_over()
    with pytest.raises(RunBusyError, match="in use by another process"):
        go_on(run)
    assert RunFolder.open(run).record.status == "running"
    holder.release()  # as after a failure that run.json did not take: it still says running, in this process
    go_on(run)
    assert RunFolder.open(run).record.status == "completed"


def test_data_that_changed_are_refused(folder):
    run = start(folder, "forecast", should_stop=after(1))
    path = folder / "series.csv"
    path.write_text(path.read_text().rpartition(",")[0] + ",1\n")
    before = (run / "run.json").read_text()
    with pytest.raises(DataError, match="have changed since its training: their sha256 was") as caught:
        go_on(run)
    assert f"Put back the old content of file {path}" in (caught.value.hint or "")
    assert f"`rnnlab train {run / 'config.yaml'}`" in (caught.value.hint or "")
    assert (run / "run.json").read_text() == before


def test_a_config_that_was_edited_is_refused(folder):
    run = start(folder, "forecast", should_stop=after(1))
    path = run / "config.yaml"
    path.write_text(path.read_text().replace("epochs: 9", "epochs: 8"))
    before = (run / "run.json").read_text()
    with pytest.raises(RunFolderError, match="has changed since the run began: its sha256 was") as refused:
        go_on(run)
    assert "--epochs N" in refused.value.hint
    assert (run / "run.json").read_text() == before
    path.write_text("# as it was\n" + path.read_text().replace("epochs: 8", "epochs: 9"))
    go_on(run)


# Checkpoints that are damaged, foreign or hostile


@pytest.fixture
def stopped(folder):
    return start(folder, "stateful text", "training.checkpoint={every: 2, keep: 9}", should_stop=after(7))


def newest(run: Path) -> Path:
    return max((run / "checkpoints").glob("*.json"))


def rewritten(run: Path, change) -> None:
    """The newest checkpoint with other arrays or metadata, and a hash that fits."""
    path = newest(run)
    held = checkpoints.load(path)
    arrays, metadata = dict(held.arrays), dict(held.metadata)
    change(arrays, metadata)
    path.unlink()
    path.with_suffix(".npz").unlink()
    checkpoints.save(run / "checkpoints", arrays, metadata)


def test_checkpoints_that_cannot_be_read_cost_no_row(stopped):
    """A folder that is in the way is not one without checkpoints, from which a run would begin anew."""
    shutil.rmtree(stopped / "checkpoints")
    (stopped / "checkpoints").write_text("")
    before = {path.name: path.read_bytes() for path in stopped.iterdir() if path.is_file() and path.name != ".lock"}
    with pytest.raises(RunFolderError, match=r"has no good checkpoint: .* could not be read"):
        resume(stopped, command=[])
    assert {name: (stopped / name).read_bytes() for name in before} == before


@pytest.mark.parametrize("suffix", [".json", ".npz"])
def test_a_damaged_checkpoint_is_passed_over_with_a_warning(folder, stopped, suffix):
    whole = outcome(start(folder, "stateful text"))
    path = newest(stopped).with_suffix(suffix)
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    summary = go_on(stopped)
    assert any("An earlier checkpoint is used instead." in warning for warning in summary.warnings)
    found = outcome(stopped)
    text = "observer.warnings.shown"
    del whole["arrays"][text], found["arrays"][text]
    assert found == whole


def test_a_checkpoint_that_was_passed_over_is_not_taken_up_once_the_tables_are_as_long_again(stopped):
    refused = newest(stopped)
    table = stopped / "gradient_norms.csv"
    table.write_bytes(table.read_bytes()[:-30])
    with pytest.raises(KeyboardInterrupt):
        go_on(stopped, observers=[Killed()])
    assert newest(stopped) < refused
    assert not refused.with_suffix(".npz").exists()


@pytest.mark.parametrize("name", ["checkpoints", "plots"])
def test_nothing_is_written_behind_a_link(stopped, tmp_path, name):
    elsewhere = tmp_path / "elsewhere"
    shutil.move(stopped / name, elsewhere)
    (stopped / name).symlink_to(elsewhere)
    before = {path: path.read_bytes() for path in [*elsewhere.iterdir(), stopped / "run.json"]}
    with pytest.raises(RunWriteError, match=f"{name}' must be a folder; it is a link"):
        go_on(stopped)
    with suppress(RunWriteError):
        RunFolder.open(stopped).write(f"{name}/training.png", b"")
    assert {path: path.read_bytes() for path in [*elsewhere.iterdir(), stopped / "run.json"]} == before


HOSTILE = {
    "another shape": lambda arrays, _: arrays.update(theta=np.zeros((2, 3))),
    "another dtype": lambda arrays, _: arrays.update(theta=arrays["theta"].astype(np.float32)),
    "not finite": lambda arrays, _: arrays["theta"].fill(np.nan),
    "no theta": lambda arrays, _: arrays.pop("theta"),
    "an update before the first": lambda arrays, _: arrays.update(done=np.array(-1)),
    "a hidden state of another size": lambda arrays, _: arrays.update({"state.0.0": np.zeros((2, 5, 1))}),
    "a hidden state too many": lambda arrays, _: arrays.update({"state.0.1": np.zeros((2, 4, 1))}),
    "curves of another length": lambda arrays, _: arrays.update({"observer.recorder.updates_places": np.arange(3)}),
    "a stride of 0": lambda arrays, _: arrays.update({"observer.recorder.updates_stride": np.array(0)}),
    "no text": lambda arrays, _: arrays.update({"observer.warnings.shown": np.frombuffer(b"[[[", np.uint8)}),
    "no list of texts": lambda arrays, _: arrays.update({"observer.warnings.shown": np.frombuffer(b"{}", np.uint8)}),
    "no sizes of tables": lambda _, metadata: metadata.pop("tables"),
    "no size of a table": lambda _, metadata: metadata["tables"].pop("metrics.csv"),
    "another update": lambda _, metadata: metadata.update(update=1),
    "a table elsewhere": lambda _, metadata: metadata.update(tables={"../../small.yaml": 0}),
    "a table that is longer": lambda _, metadata: metadata.update(tables={"gradient_norms.csv": 10**9}),
}


@pytest.mark.parametrize("change", HOSTILE)
def test_a_hostile_checkpoint_gets_one_sentence(folder, stopped, change):
    rewritten(stopped, HOSTILE[change])
    for other in set((stopped / "checkpoints").glob("*.json")) - {newest(stopped)}:
        other.unlink()
    before = {path: path.read_bytes() for path in stopped.rglob("*") if path.is_file()}
    with pytest.raises(RunFolderError, match="has no good checkpoint: ") as refused:
        go_on(stopped)
    assert "\n" not in refused.value.message
    assert len(refused.value.message) < 500
    assert {path: path.read_bytes() for path in stopped.rglob("*") if path.is_file()} == before
    assert (folder / "small.yaml").exists()


def test_a_checkpoint_of_another_run_is_refused(folder, stopped):
    other = start(folder, "forecast", should_stop=after(2))
    shutil.rmtree(stopped / "checkpoints")
    shutil.copytree(other / "checkpoints", stopped / "checkpoints")
    with pytest.raises(RunFolderError, match=r"is not one of this training|of another run|rows are missing"):
        go_on(stopped)


def test_what_is_kept(folder):
    run = start(folder, "stateful text", "training.checkpoint={every: 3, keep: 2, best: true}")
    kept = [json.loads(path.read_text())["metadata"] for path in sorted((run / "checkpoints").glob("*.json"))]
    assert [one["update"] for one in kept][-2:] == [57, 60]
    assert len(kept) <= 3
    assert {path.suffix for path in (run / "checkpoints").iterdir()} == {".json", ".npz"}
    every = start(folder, "stateful text", "training.checkpoint={every: 3, keep: 99}")
    losses = {m["update"]: m["loss"] for p in (every / "checkpoints").glob("*.json")
              if (m := json.loads(p.read_text())["metadata"])["loss"] is not None}  # fmt: skip
    assert min(losses, key=losses.__getitem__) in [one["update"] for one in kept]
