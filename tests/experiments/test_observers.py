"""One interface for all that observes a training; what it holds is saved with the training, and is bounded."""

import json
import tracemalloc
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from rnnlab.config import load
from rnnlab.engine.training import Update
from rnnlab.experiments.gradient_flow import FlowTable
from rnnlab.experiments.observers import Observer, end, observe, restore, state
from rnnlab.experiments.observers.checkpoints import Checkpoints
from rnnlab.experiments.observers.curves import Curve
from rnnlab.experiments.observers.divergence import DivergenceLog
from rnnlab.experiments.observers.recorder import Recorder
from rnnlab.experiments.observers.warning_log import WarningLog
from rnnlab.experiments.restoring import restore as take_up
from rnnlab.experiments.setup import build_setup, start_training
from rnnlab.runs import RunFolder, read_table
from rnnlab.tasks.task import build_task
from tests.experiments.sweeps import small_config


class Largest(Observer):
    """The largest gradient norm so far, and when each update was announced: an observer from outside."""

    name = "largest"

    def __init__(self):
        self.norm, self.announced, self.seen, self.ends = 0.0, [], [], []

    def before_update(self, training):
        self.announced.append(training.done)

    def after_update(self, _training, update):
        self.seen.append(update.number)
        self.norm = max(self.norm, float(np.nanmax(update.norm, initial=0.0)))

    def end(self, training):
        self.ends.append(training.done)

    def state(self):
        return {"norm": np.array(self.norm)}

    def restore(self, held):
        self.norm = float(held.get("norm", 0.0))


# The interface


def test_an_observer_is_told_before_and_after_each_update_and_of_the_end():
    config = small_config("training.updates=4")
    training = start_training(config, build_setup(config, build_task(config)))
    observer = Largest()
    assert [update.number for update in observe(training, [observer])] == [1, 2, 3, 4]
    end(training, [observer])
    assert (observer.announced, observer.seen, observer.ends) == ([0, 1, 2, 3], [1, 2, 3, 4], [4])


def test_no_update_is_announced_that_is_not_made():
    config = small_config("model.init.W_hh.rho=1e300", "training.updates=50")
    training = start_training(config, build_setup(config, build_task(config)))
    observer = Largest()
    list(observe(training, [observer]))
    assert not training.active.any()
    assert len(observer.announced) == len(observer.seen) == training.done < 50


def test_the_last_observer_is_the_first_to_be_told_of_the_end():
    order = []

    class Ends(Largest):
        def end(self, _training):
            order.append(self)

    first, last = Ends(), Ends()
    end(SimpleNamespace(done=0), [first, last])
    assert order == [last, first]


def test_an_observer_of_ones_own_is_told_of_a_run_and_saved_with_it(run_of):
    observer = Largest()
    run = run_of("training.epochs=5", "training.checkpoint.every=2", seeds="2", observers=[observer])
    assert observer.seen == [1, 2, 3, 4, 5]
    assert observer.ends == [5]
    arrays = run.checkpoint().arrays
    assert arrays["observer.largest.norm"] == observer.norm == run.table("gradient_norms.csv")["total"].max()
    again = Largest()
    restore([again], arrays)
    assert again.norm == observer.norm


@pytest.mark.parametrize("names", [("recorder", "recorder"), ("a.b",), ("",)])
def test_names_that_a_checkpoint_could_not_tell_apart_are_refused(names):
    observers = [Largest() for _ in names]
    for observer, name in zip(observers, names, strict=True):
        observer.name = name
    with pytest.raises(ValueError, match="identifiers, each different"):
        state(observers)


@pytest.mark.parametrize("name", ["recorder", "progress", "a.b"])
def test_observers_with_names_that_clash_are_refused_before_there_is_a_run_folder(run_of, folder, name):
    observer = Largest()
    observer.name = name
    with pytest.raises(ValueError, match="identifiers, each different"):
        run_of(observers=[observer])
    assert not (folder / "runs").exists()


def test_an_observer_that_a_checkpoint_does_not_know_starts_anew():
    observer = Largest()
    observer.norm = 3.0
    restore([observer], {"theta": np.zeros(3)})
    assert observer.norm == 0.0


# Stopped and continued


def folder_of(config, place, name: str) -> RunFolder:
    from datetime import UTC, datetime

    return RunFolder.create(place, name, now=datetime.now(UTC), fields={"seeds": config.seeds})


def observed(config, setup, run):
    """What `train` observes a training with, and an observer of one's own."""
    warnings = WarningLog(run)
    recorder = Recorder(run, config.seeds, setup.network.layout.names, validates=setup.stopping is not None)
    saved = [
        recorder,
        FlowTable(config, setup.loss, run),
        DivergenceLog(run, config.seeds, warnings),
        Largest(),
        warnings,
    ]
    return [*saved, Checkpoints(run, config.training.checkpoint, recorder, saved)]


def start(config, spoil):
    setup = build_setup(config, build_task(config))
    if spoil:
        setup.theta[1] *= 1e200  # one seed diverges
    return setup, start_training(config, setup)


def whole(config, place, spoil):
    setup, training = start(config, spoil)
    with folder_of(config, place, "whole") as run, np.errstate(all="ignore"):
        observers = observed(config, setup, run)
        for _ in observe(training, observers):
            pass
        end(training, observers)
    return run, observers


def stopped_and_continued(config, place, spoil, stops):
    """Stopped after each of some updates, as Ctrl-C does, everything built anew each time."""
    run = folder_of(config, place, "stopped")
    observers = []
    for stop in (*stops, None):
        setup, training = start(config, spoil)
        with RunFolder.open(run.path) as opened, np.errstate(all="ignore"):
            observers = observed(config, setup, opened)
            checkpoint = opened.latest_checkpoint()
            if checkpoint is not None:
                take_up(checkpoint, training, observers)
                opened.cut_tables(checkpoint.metadata["tables"])
            if stop != training.done:
                for update in observe(training, observers):
                    if update.number == stop:
                        break
            end(training, observers)
    return run, observers


CASES = {
    "minibatches": ("data.repeat=9", "training.stateful=false", "training.batch_size=7", "training.shuffle=true"),
    "streams": ("training.batch_size=1", "data.repeat=9"),
    "truncation": ("training.tbptt_steps=5", "data.repeat=5"),
    "early stopping": (
        "data.repeat=9",
        "training.stateful=false",
        "training.batch_size=7",
        "training.early_stopping={patience: 1, validation_fraction: 0.3}",
        "training.optimizer.learning_rate=0.3",
    ),
    "fresh sequences": (),
    "one seed diverges": ("data.repeat=9", "training.batch_size=1"),
    "momentum and clipping": (
        "training.optimizer={kind: adam, learning_rate: 0.05}",
        "training.clip={kind: norm, threshold: 1.0}",
        "training.batch_size=2",
    ),
}


FRESH = """\
data: {kind: synthetic, task: adding, length: [4, 7], sequences: endless, held_out: 9}
model: {hidden_size: 8}
training: {batch_size: 3}
"""


def config_of(case: str, folder: Path, *overrides: str):
    if case != "fresh sequences":
        return small_config(*overrides, *CASES[case])
    (folder / "fresh.yaml").write_text(FRESH)
    return load(folder / "fresh.yaml", overrides=overrides, seeds="3")


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("stops", [(1,), (7,), (8, 8, 20)])
def test_a_training_that_was_stopped_is_recorded_as_one_that_was_not(tmp_path, case, stops):
    config = config_of(case, tmp_path, "training.updates=23", "training.log_gradient_flow_every=3")
    spoil = case == "one seed diverges"
    straight, of_straight = whole(config, tmp_path, spoil)
    broken, of_broken = stopped_and_continued(config, tmp_path, spoil, stops)
    for name in ("gradient_norms.csv", "gradient_flow.csv"):
        assert (straight.path / name).read_bytes() == (broken.path / name).read_bytes()
    assert without_seconds(straight.path / "metrics.csv") == without_seconds(broken.path / "metrics.csv")
    one, other = (run.latest_checkpoint() for run in (straight, broken))
    assert one.arrays.keys() == other.arrays.keys()
    for name in one.arrays.keys() - {"observer.recorder.seconds"}:
        np.testing.assert_array_equal(one.arrays[name], other.arrays[name], err_msg=name, strict=True)
    assert without_seconds_size(one.metadata) == without_seconds_size(other.metadata)
    assert of_straight[0].clipped_share == of_broken[0].clipped_share
    assert of_straight[2].record() == of_broken[2].record() == RunFolder.open(broken.path).record.diverged
    assert bool(of_straight[2].diverged) == spoil
    assert of_straight[4].shown == of_broken[4].shown
    assert len(of_straight[4].shown) == spoil
    assert of_straight[3].norm == of_broken[3].norm > 0
    if case == "early stopping":
        assert "validation_loss" in read_table(broken.path / "metrics.csv")


def without_seconds(path):
    rows = [line.split(",") for line in path.read_text().splitlines()]
    place = rows[0].index("seconds")
    return [row[:place] + row[place + 1 :] for row in rows]


def without_seconds_size(metadata):
    """The metadata; how many bytes metrics.csv has hangs on how long the training took."""
    return {**metadata, "tables": {name: size for name, size in metadata["tables"].items() if name != "metrics.csv"}}


def test_a_part_of_an_epoch_is_not_written_twice(tmp_path):
    config = small_config("training.updates=9", "data.repeat=9", "training.batch_size=2")
    run, _ = stopped_and_continued(config, tmp_path, False, (1, 2, 3))
    table = read_table(run.path / "metrics.csv")
    assert len(set(zip(table["seed"].tolist(), table["epoch"].tolist(), strict=True))) == len(table["seed"])


def test_the_state_of_the_observers_stands_beside_that_of_the_training(run_of):
    run = run_of("training.log_gradient_flow_every=2", seeds="2")
    arrays = run.checkpoint().arrays
    prefixes = {name.rpartition(".")[0] for name in arrays if name.startswith("observer.")}
    assert prefixes == {"observer.recorder", "observer.gradient_flow", "observer.divergence", "observer.warnings"}
    assert {"theta", "observer.recorder.loss_sum", "observer.gradient_flow.looks"} <= arrays.keys()


# Curves of bounded length


def updates_of(values) -> np.ndarray:
    return np.asarray(values, float)[:, None]


@pytest.mark.parametrize("count", [1, 15, 16, 17, 40, 100, 129])
def test_points_of_a_thinned_curve_show_one_update_and_the_extremes_of_all(count):
    values = np.random.default_rng(count).normal(size=count)
    curve = Curve((1,), most=16)
    curve.extend(updates_of(values))
    s = curve.stride
    assert len(curve.places) == -(-count // s) <= 16
    assert (s == 1) == (count < 16)
    assert curve.ends.tolist() == [*range(s, count, s), count]
    for point, place in enumerate(curve.places):
        of_point = values[point * s : (point + 1) * s]
        assert place // s == point
        assert curve.values[point, 0] == values[place]
        assert (curve.lowest[point, 0], curve.highest[point, 0]) == (of_point.min(), of_point.max())


@pytest.mark.parametrize("block", [1, 2, 3, 5, 16, 50])
def test_a_curve_does_not_depend_on_the_blocks_in_which_it_came(block):
    values = updates_of(np.random.default_rng(0).normal(size=205))
    values[30:40] = np.nan
    at_once, by_and_by = Curve((1,), most=16), Curve((1,), most=16)
    at_once.extend(values)
    for place in range(0, len(values), block):
        by_and_by.extend(values[place : place + block])
        again = Curve((1,), most=16)
        again.restore(by_and_by.state())
        by_and_by = again
    expected, found = at_once.state(), by_and_by.state()
    assert expected.keys() == found.keys()
    for name, array in expected.items():
        np.testing.assert_array_equal(found[name], array, err_msg=name)


def test_the_updates_that_are_shown_follow_no_cycle():
    curve = Curve((1,), most=512)
    curve.extend(updates_of(np.arange(512 * 64) % 64))  # minibatches of an epoch of 64 updates
    assert curve.stride == 128
    shown = np.bincount(curve.values[:, 0].astype(int) // 16, minlength=4)
    assert shown.sum() == 256
    assert (shown > 256 / 4 - 35).all()  # five standard deviations


def test_a_spike_among_a_hundred_thousand_updates_is_drawn():
    from rnnlab.plots.bands import Thinned, extent, summarise

    values = np.ones(100_000)
    values[70_123] = 1e6
    curve = Curve((1,))
    curve.extend(updates_of(values))
    thinned = Thinned(curve.values.T[0], curve.lowest.T[0], curve.highest.T[0])
    thinned = Thinned(*(np.atleast_2d(one) for one in (thinned.values, thinned.lowest, thinned.highest)))
    band = summarise(curve.places + 1, thinned)
    assert band.high.max() == extent(thinned).max() == 1e6
    assert abs(band.x[np.argmax(band.high)] - 70_124) < 2 * 100_000 / 1000
    assert band.shaded
    assert np.median(band.median) == 1.0


def an_update(number: int, seeds: int = 2, parameters: int = 5, norm: float | None = None) -> Update:
    norms = np.full(seeds, float(number) if norm is None else norm)
    return Update(
        number=number,
        epoch=number,
        ends_epoch=True,
        sequences=4,
        fraction=1.0,
        loss=1.0 / norms,
        learning_rate=0.1,
        norm=norms,
        clip_scale=np.ones(seeds),
        norms=np.tile(norms[:, None], parameters),
        clipped=norms > 100,
    )


class Sink:
    """A run folder that takes every row and keeps none."""

    rows = 0

    def append_columns(self, _filename, columns):
        self.rows += len(columns["seed"])

    def flush(self):
        pass


def record(count: int) -> tuple[Recorder, Sink]:
    sink = Sink()
    recorder = Recorder(sink, [0, 1], [str(k) for k in range(5)], clock=lambda: 0.0)
    for number in range(1, count + 1):
        recorder.after_update(None, an_update(number))
    recorder.flush()
    return recorder, sink


def held_bytes(make) -> int:
    record(20)  # what is imported or cached once
    tracemalloc.start()
    try:
        made = make()
        held = tracemalloc.get_traced_memory()[0]
        del made
        return held
    finally:
        tracemalloc.stop()


def test_ten_times_the_updates_take_no_more_than_a_bounded_memory():
    few, many = (held_bytes(lambda count=count: record(count)) for count in (2_000, 20_000))
    # Three numbers of 8 bytes a point in place of one, for 2 models with 10 columns, and their places.
    assert many - few < 2048 * (2 * 10 * 2 * 8 + 8) + 50_000
    assert few > 200_000  # what the bound is measured against is real


def test_the_figures_of_a_long_training_are_right():
    recorder, sink = record(20_000)
    assert sink.rows == 2 * 2 * 20_000
    assert (recorder.update_count, recorder.epoch_count, recorder.made) == (20_000, 20_000, 40_000)
    assert recorder.clipped_share == (20_000 - 100) / 20_000
    assert recorder.mean_norm == pytest.approx(10_000.5, rel=1e-12)
    assert recorder.median_norm == pytest.approx(10_000.5, rel=0.01)
    assert recorder.last_loss.tolist() == [1 / 20_000] * 2


def test_that_a_loss_is_still_falling_is_said_of_the_epochs_it_was_measured_over():
    from rnnlab.experiments.outcome import _falling_note

    recorder, _ = record(20_000)  # the loss of epoch k is 1 / k
    epochs = recorder.epochs
    (note,) = _falling_note(epochs.lowest[..., 0].T, recorder.last_loss, epochs.ends)
    tenth = int(note.split("the last ")[1].split(" ")[0].replace(",", ""))
    assert 2000 <= tenth < 2000 + epochs.stride
    assert f"by {100 * (1 - (20_000 - tenth) / 20_000):.0f} %" in note


def test_looks_at_the_gradient_flow_are_thinned_and_the_table_has_them_all(tmp_path, monkeypatch):
    monkeypatch.setattr("rnnlab.experiments.gradient_flow.MOST_LOOKS", 8)
    config = small_config("training.updates=45", "training.log_gradient_flow_every=1")
    setup, training = start(config, False)
    with folder_of(config, tmp_path, "flow") as run:
        flow = FlowTable(config, setup.loss, run)
        list(observe(training, [flow]))
    table = read_table(run.path / "gradient_flow.csv")
    assert sorted(set(table["update"].tolist())) == list(range(1, 46))
    assert flow.looks.updates == [1, 9, 17, 25, 33, 41, 45]
    for place, update in enumerate(flow.looks.updates):
        rows = table["update"] == update
        np.testing.assert_array_equal(flow.looks.transport[:, place].ravel(), table["transport"][rows])


def test_a_long_run_is_drawn_with_its_exact_share_of_clipped_updates(run_of, monkeypatch):
    shares = []
    monkeypatch.setattr("rnnlab.experiments.observers.curves.MOST_POINTS", 8)
    monkeypatch.setattr("rnnlab.plots.canvas.render", lambda *_: b"")

    def draw(*arrays, clipped_share, **_options):
        shares.append(clipped_share)
        assert len(arrays[0]) == len(arrays[2]) <= 8

    monkeypatch.setattr("rnnlab.plots.training.training", draw)
    run = run_of("training.epochs=30", "training.clip={kind: norm, threshold: 0.2}", seeds="2", plots=True)
    norms = run.table("gradient_norms.csv")["total"]
    assert shares == [np.mean(norms > 0.2)]
    assert 0 < shares[0] < 1
    assert json.loads((run.path / "run.json").read_text())["clipped_share"] == shares[0]
