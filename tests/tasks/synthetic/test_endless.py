"""Fresh sequences for every update: never the same, the same for the same seed, and measured on others."""

from typing import Any

import numpy as np
import pytest

from rnnlab.config import load
from rnnlab.errors import ConfigError
from rnnlab.experiments.setup import build_setup, start_training
from rnnlab.tasks.task import build_task

LENGTHS = {"order": "length: [10, 20]", "adding": "length: 7", "echo": "length: [20, 30]", "sine": "length: 6"}


def config_of(folder, task, *overrides, seeds="2"):
    length = f"{LENGTHS[task]}, " if task in LENGTHS else ""
    (folder / "endless.yaml").write_text(
        f"data: {{kind: synthetic, task: {task}, {length}sequences: endless, held_out: 30}}\n"
        "model: {hidden_size: 3}\ntraining: {updates: 5, batch_size: 4}\n"
    )
    return load("endless.yaml", overrides=overrides, seeds=seeds)


def trained(config):
    training = start_training(config, build_setup(config, build_task(config)))
    return training, list(training)


@pytest.mark.parametrize("task", [*LENGTHS, "logistic_map"])
def test_a_model_of_an_ensemble_is_the_model_of_its_seed_alone(folder, task):
    both, updates = trained(config_of(folder, task, seeds="3,8"))
    for place, seed in enumerate((3, 8)):
        alone, by_itself = trained(config_of(folder, task, seeds=f"{seed},"))
        np.testing.assert_allclose(alone.theta[0], both.theta[place], rtol=1e-12, atol=1e-14)
        for one, other in zip(by_itself, updates, strict=True):
            np.testing.assert_allclose(one.loss[0], other.loss[place], rtol=1e-12)


@pytest.mark.parametrize("task", [*LENGTHS, "logistic_map"])
def test_no_two_batches_are_alike_and_none_is_held_out(folder, task):
    config = config_of(folder, task, seeds="2")
    built: Any = build_task(config)
    setup = build_setup(config, built)
    seen = []
    for update in range(5):
        inputs = setup.sampling.minibatch(update).batch.inputs
        seen += [inputs[:, model, n].tobytes() for model in range(2) for n in range(4)]
    held_out = {built._tested.inputs[:, n].tobytes() for n in range(30)}
    assert len(set(seen)) > 0.9 * len(seen)
    assert len(held_out & set(seen)) < 0.1 * len(seen)


def test_the_data_seed_changes_the_sequences_and_the_model_seed_too(folder):
    def first(*overrides, seeds):
        config = config_of(folder, "adding", *overrides, seeds=seeds)
        return build_setup(config, build_task(config)).sampling.minibatch(0).batch.inputs[:, 0]

    assert not np.array_equal(first(seeds="1,"), first(seeds="2,"))
    assert not np.array_equal(first(seeds="1,"), first("data.seed=5", seeds="1,"))
    np.testing.assert_array_equal(first(seeds="1,"), first(seeds="1,"))


def test_no_stream_is_another_by_chance(folder):
    """What a seed sequence is short of counts as zeros: the first batch of seed 0 was the sample of the data."""
    config = config_of(folder, "adding", "training.batch_size=1000", seeds="0,")
    built: Any = build_task(config)
    first = build_setup(config, built).sampling.minibatch(0).batch.inputs[:, 0]
    assert not np.array_equal(first, built.sequences.inputs)
    assert not np.array_equal(first[:, :30], built._tested.inputs)
    assert not np.array_equal(built.sequences.inputs[:, :30], built._tested.inputs)


def test_what_is_still_falling_is_not_told_by_a_row_of_fewer_updates(run_of, folder):
    config_of(folder, "sine")
    rate = "training.optimizer.learning_rate=0.0003"
    whole, partial = (
        run_of(f"training.updates={updates}", "training.batch_size=64", rate, config="endless.yaml", seeds="1")
        for updates in (400, 401)
    )
    (note,) = (note for note in whole.summary.notes if "still falling" in note)
    assert note.endswith("over the last 40 updates.")
    assert not any("still falling" in note for note in partial.summary.notes)


def test_memory_counts_the_sequences_that_are_always_drawn(folder, monkeypatch):
    config = config_of(folder, "adding", "data.held_out=1", "data.length=1000")
    monkeypatch.setattr("rnnlab.memory.available_bytes", lambda: 40_000_000)
    with pytest.raises(ConfigError, match="too large for this machine"):
        build_task(config)


def test_memory_counts_the_batch_that_every_update_draws(folder):
    with pytest.raises(ConfigError, match=r"training\.batch_size is too large for this machine"):
        build_task(config_of(folder, "adding", "training.batch_size=10000000000"))


def test_held_out_sequences_depend_on_the_seed_of_the_data_alone(folder):
    def held_out(*overrides, seeds):
        task: Any = build_task(config_of(folder, "adding", *overrides, seeds=seeds))
        return task._tested.inputs

    one, other, third = (
        held_out(*overrides, seeds=seeds) for overrides, seeds in (((), "1,"), ((), "2,"), (("data.seed=1",), "1,"))
    )
    np.testing.assert_array_equal(one, other)
    assert not np.array_equal(one, third)


def test_what_is_left_out_is_filled_in(folder):
    (folder / "bare.yaml").write_text("data: {kind: synthetic, task: adding, sequences: endless}\n")
    config = load("bare.yaml")
    assert (config.data.held_out, config.data.train_fraction) == (1000, None)
    assert (config.training.updates, config.training.epochs, config.training.shuffle) == (10_000, None, False)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_whole_run_is_recorded_a_hundred_times_and_repeats(run_of, folder, dtype):
    config = config_of(folder, "order", "training.updates=200", f"model.dtype={dtype}", "training.tbptt_steps=null")
    assert config.data.endless
    runs = [run_of("training.updates=200", f"model.dtype={dtype}", config="endless.yaml", seeds="2") for _ in range(2)]
    rows = runs[0].table("metrics.csv")
    assert [len(rows["epoch"]), rows["update"].tolist()[-1]] == [200, 200]
    assert runs[0].record["metrics"] == runs[1].record["metrics"]
    assert runs[0].record["data"]["rows"] is None
    assert "fresh sequences of up to 20 steps for every update, 30 held out" in " ".join(runs[0].summary.notes)
    assert not any("epoch" in note for note in runs[0].summary.notes)
    again = run_of(config=runs[0].path / "config.yaml")
    assert again.record["metrics"] == runs[0].record["metrics"]


def test_fresh_sequences_teach_what_a_small_set_does_not(run_of, folder):
    """Adding of 4 steps: 16 sequences are learnt by heart, fresh ones are understood."""
    (folder / "adding.yaml").write_text(
        "data: {kind: synthetic, task: adding, length: 4}\nmodel: {hidden_size: 12, cell: gru}\n"
        "training: {updates: 1000, batch_size: 20, optimizer: {kind: adam, learning_rate: 0.02}}\n"
    )
    fresh = run_of("data.sequences=endless", config="adding.yaml", seeds="2")
    few = run_of("data.sequences=20", config="adding.yaml", seeds="2")
    assert fresh.record["metrics"]["rmse"]["mean"] < 0.5 * few.record["metrics"]["rmse"]["mean"]
