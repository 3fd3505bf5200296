"""The loss that progress shows, in the unit of the task: the one that the trained networks are measured in."""

import math
from dataclasses import replace

import numpy as np
import pytest

from rnnlab.config import load
from rnnlab.experiments.setup import build_setup
from rnnlab.tasks.task import build_task

TEXT = "data: {kind: text, text: 'abcabcbbcabacbabcc', repeat: 9, chunk: 9}\n"
SYNTHETIC = "data: {kind: synthetic, task: %s, sequences: 20, length: %s, train_fraction: 0.5}\n"


def built(tmp_path, text, *overrides):
    path = tmp_path / "config.yaml"
    path.write_text(text)
    config = load(str(path), overrides=["model.hidden_size=4", "training.updates=1", *overrides])
    task = build_task(config)
    return task, build_setup(config, task)


@pytest.mark.parametrize(
    ("text", "overrides", "name"),
    [
        (TEXT, (), "bits per character"),
        (TEXT, ("model.readout=last",), "bits per character"),
        (SYNTHETIC % ("sine", 8), (), "RMSE"),
        (SYNTHETIC % ("adding", 8), (), "RMSE"),
        (SYNTHETIC % ("order", 12), (), "nats"),
    ],
)
def test_it_is_what_the_outputs_on_the_training_sequences_give(tmp_path, text, overrides, name):
    task, setup = built(tmp_path, text, *overrides)
    batch = task.sequences
    outputs, _ = setup.network.outputs(setup.theta, batch)
    targets = np.expand_dims(batch.targets, -2 if np.issubdtype(batch.targets.dtype, np.integer) else -3)
    if name == "RMSE":
        expected = math.sqrt(np.mean((outputs - targets) ** 2))
    else:
        logs = outputs - np.log(np.exp(outputs).sum(axis=-1, keepdims=True))
        expected = -float(np.take_along_axis(logs, targets[..., None], axis=-1).mean())
        expected /= math.log(2) if name == "bits per character" else 1
    unit = task.loss_unit()
    (loss,) = setup.network.loss(setup.theta, batch, setup.loss)
    assert unit.name == name
    assert unit.of(float(loss)) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("text", "overrides"),
    [
        (TEXT, ("training.l2=0.1",)),
        (SYNTHETIC % ("sine", 8), ("training.loss=huber",)),
        (SYNTHETIC % ("echo", "[5, 9]"), ("training.loss=half_squared_error",)),
    ],
)
def test_where_it_has_no_unit_it_stays_the_loss(tmp_path, text, overrides):
    task, _ = built(tmp_path, text, *overrides)
    unit = task.loss_unit()
    assert (unit.name, unit.of(1.25)) == ("loss", 1.25)


@pytest.mark.parametrize("counts", [{"weights": np.full((9, 2), 3.0)}, {"ignored": 0}])
def test_outputs_that_count_differently_have_no_unit(tmp_path, counts):
    task, _ = built(tmp_path, TEXT)
    task.sequences = replace(task.sequences, **counts)
    assert task.loss_unit().name == "loss"


def test_a_part_of_truncated_sequences_counts_for_its_share(tmp_path):
    from rnnlab.experiments.train import train

    path, told = tmp_path / "config.yaml", []
    path.write_text(TEXT + "model: {hidden_size: 4}\ntraining: {updates: 3, batch_size: 4, tbptt_steps: 3}\n")
    train(load(str(path)), runs_dir=tmp_path, command=[], on_progress=told.append)
    assert {look.loss_name for look in told} == {"bits per character"}
    assert all(look.loss == pytest.approx(math.log2(3), rel=0.5) for look in told)
