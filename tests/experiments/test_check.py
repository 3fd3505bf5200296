"""What `check` says is what training then does: shapes, parameters, samples, updates; and it takes a moment."""

import itertools
import time

import numpy as np
import pytest

import rnnlab
from rnnlab.config import load
from rnnlab.errors import ConfigError
from rnnlab.experiments.check import SECONDS, check
from rnnlab.experiments.setup import build_setup
from rnnlab.tasks.task import build_task

TEXT = "data: {kind: text, text: the quick brown fox jumps, repeat: 20, chunk: 7}\n"
SINE = "data: {kind: synthetic, task: sine, length: 9, sequences: 50}\n"
ORDER = "data: {kind: synthetic, task: order, length: [5, 8], sequences: endless}\n"


@pytest.fixture
def looked(tmp_path):
    """The check of a config given as text."""

    def look(text, *overrides, seeds=None, **options):
        file = tmp_path / "c.yaml"
        file.write_text(text)
        return check(load(file, overrides=overrides, seeds=seeds), **options)

    return look


@pytest.mark.parametrize(
    ("text", "overrides"),
    [
        (TEXT, []),
        (TEXT, ["model.layers=2", "training.stateful=true", "model.cell=gru"]),
        (SINE, ["model.bidirectional=true", "model.cell=lstm", "model.initial_state=learned"]),
        (SINE, ["training.tbptt_steps=4"]),
        (SINE, ["training.early_stopping.patience=2"]),
        (ORDER, ["training.updates=30"]),
        ("extends: stock\n", ["data.lookback=6"]),
        ("extends: stock\n", ["training.fit=ridge"]),
    ],
)
def test_it_says_what_the_training_has(looked, tmp_path, text, overrides):
    found = looked(text, *overrides, seeds=3)
    config = load(tmp_path / "c.yaml", overrides=overrides, seeds=3)
    task = build_task(config)
    setup = build_setup(config, task)
    batch = setup.sampling.minibatch(0).batch
    outputs, _ = setup.network.outputs(setup.theta, batch)
    shapes = {stage.name: stage.shape for stage in found.stages}
    ridge = config.training.fit.kind == "ridge"
    assert shapes["inputs"][:2] == (batch.steps, batch.sequences)
    assert shapes["readout"] == tuple(np.delete(outputs.shape, -3))
    assert sum(stage.count for stage in found.stages) == found.parameters == setup.theta.shape[1]
    named = [name for stage in found.stages for name in stage.parameters]
    assert sorted(named) == sorted(setup.network.layout.names)
    assert (found.updates, found.updates_per_epoch) == (
        (1, 1) if ridge else (setup.updates, setup.sampling.updates_per_epoch)
    )
    assert found.seeds == [0, 1, 2]
    assert found.timing.share == 1
    assert found.seconds == pytest.approx(found.timing.seconds * found.updates)
    assert found.endless == (text is ORDER)


def test_samples_are_those_to_train_validate_and_measure_on(looked):
    found = looked(SINE, "training.early_stopping.validation_fraction=0.25")
    assert (found.training, found.validation, found.held_out) == (30, 10, 10)
    assert looked(TEXT).held_out == 0
    assert looked(TEXT, "data.train_fraction=0.5").held_out > 0
    stock = rnnlab.check("stock")
    assert (stock.training, stock.held_out, stock.parameters) == (1592, 403, 305)


def test_the_time_is_the_median_of_the_updates_without_the_first(looked):
    # Each update is timed by two looks at the clock: 5 s for the first, which builds its buffers, would end it.
    ticks = itertools.accumulate(itertools.chain([0.0, 0.5], itertools.cycle([0.0, 0.125])))
    found = looked(SINE, "training.epochs=10", clock=lambda: next(ticks))
    assert found.timing.seconds == 0.125
    assert found.timing.timed == 1 + round((SECONDS - 0.5) / 0.125)
    assert found.seconds == 0.125 * found.updates


def test_a_training_of_fewer_updates_than_are_timed_is_enough(looked):
    assert looked(SINE, "training.updates=1").timing.timed == 1


@pytest.mark.parametrize(
    ("text", "overrides"),
    [
        ("extends: stock\n", ["model.hidden_size=1500"]),
        (ORDER, ["model.hidden_size=1500", "training.updates=9", "training.batch_size=300"]),
        (SINE, ["model.hidden_size=40", "data.length=40"]),
    ],
)
def test_what_would_take_long_is_timed_in_part_and_extrapolated(looked, text, overrides):
    began = time.perf_counter()
    found = looked(text, *overrides, seeds=400 if text is SINE else 2)
    assert time.perf_counter() - began < 30
    assert 0 < found.timing.share < 1
    assert found.timing.seconds > 0
    assert len(found.seeds) in (2, 400)


def test_a_fit_in_closed_form_that_would_take_long_is_not_timed(looked):
    found = looked("extends: stock\n", "training.fit=ridge", "model.hidden_size=800")
    assert (found.timing, found.seconds, found.updates) == (None, None, 1)


def test_what_memory_cannot_hold_is_refused_at_once():
    with pytest.raises(ConfigError, match=r"would need .* of memory"):
        rnnlab.check(rnnlab.load("stock", {"model.hidden_size": 10**6}))
