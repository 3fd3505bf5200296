"""Synthetic tasks: what is held out, scores over the steps that exist, and baselines by hand."""

from typing import Any

import numpy as np
import pytest

from rnnlab.config import load, registry
from rnnlab.engine.batch import Batch
from rnnlab.experiments.setup import build_setup, draw_parameters, start_training
from rnnlab.tasks.task import build_task

KEYS = {
    "order": "length: 20",
    "adding": "length: [5, 9]",
    "echo": "length: [4, 9], delay: 2",
    "sine": "length: 6",
    "logistic_map": "seed: 3",
}


def generator(task):
    return registry.tasks().entries[task].load().generator


def config_of(folder, task, *overrides, seeds="2") -> Any:
    (folder / "task.yaml").write_text(
        f"data: {{kind: synthetic, task: {task}, {KEYS[task]}, sequences: 40}}\n"
        "model: {hidden_size: 3}\ntraining: {updates: 2}\n"
    )
    return load("task.yaml", overrides=overrides, seeds=seeds)


def evaluate(config):
    task = build_task(config)
    setup = build_setup(config, task)
    theta = draw_parameters(config, setup.network.architecture)
    return task, setup.network, theta, task.evaluate(setup.network, theta)


@pytest.mark.parametrize("task", KEYS)
def test_a_fifth_is_held_out(folder, task):
    four_fifths = build_task(config_of(folder, task))
    assert four_fifths.sequences.sequences == 32
    half = build_task(config_of(folder, task, "data.train_fraction=0.5"))
    assert half.sequences.sequences == 20
    np.testing.assert_array_equal(half.sequences.inputs, four_fifths.sequences.inputs[:, :20])


@pytest.mark.parametrize("task", KEYS)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_each_task_trains(folder, task, dtype):
    config = config_of(folder, task, f"model.dtype={dtype}")
    training = start_training(config, build_setup(config, build_task(config)))
    told = list(training)
    assert training.theta.dtype == dtype
    assert all(np.isfinite(update.loss).all() and (update.norm > 0).all() for update in told)


@pytest.mark.parametrize(
    ("task", "length", "options"),
    [("echo", (4, 9), {"delay": 2}), ("sine", 6, {}), ("adding", (5, 9), {}), ("logistic_map", 1, {})],
)
def test_errors_and_the_mean_by_hand_count_the_steps_that_exist(folder, task, length, options):
    config = config_of(folder, task)
    _, network, theta, evaluation = evaluate(config)
    drawn = generator(task)(np.random.default_rng(config.data.seed), length, 40, **options)
    last = network.architecture.readout == "last"

    def parts(rows, of):
        """The values of these sequences, step by step, where there is a step."""
        for n in rows:
            stop = len(of) if last or drawn.lengths is None else drawn.lengths[n]
            yield from (of[n] if last else of[:stop, n]).ravel().tolist()

    batch = Batch(drawn.inputs, drawn.targets, drawn.lengths)
    outputs, _ = network.outputs(theta, batch)
    target = np.array(list(parts(range(32, 40), drawn.targets)))
    for model in range(2):
        error = np.array(list(parts(range(32, 40), outputs[model] if last else outputs[:, model]))) - target
        assert evaluation.metrics["rmse"][model] == pytest.approx(np.sqrt(np.mean(error**2)))
        assert evaluation.metrics["mae"][model] == pytest.approx(np.mean(np.abs(error)))
    mean = np.mean(list(parts(range(32), drawn.targets)))
    assert evaluation.baselines["mean"]["rmse"] == pytest.approx(np.sqrt(np.mean((mean - target) ** 2)))


def test_classes_and_their_shares_by_hand(folder):
    _, network, theta, _ = evaluate(config_of(folder, "order"))
    theta[:] = 0
    network.layout.view(theta, "readout.b_o")[0] = [0, 0, 0, 9]
    scores = build_task(config_of(folder, "order")).evaluate(network, theta)
    classes = generator("order")(np.random.default_rng(0), 20, 40).targets
    assert scores.metrics["accuracy"][0] == np.mean(classes[32:] == 3)
    assert scores.metrics["cross_entropy"][1] == pytest.approx(np.log(4))
    shares = (np.bincount(classes[:32], minlength=4) + 1) / 36
    expected = -np.mean(np.log(shares[classes[32:]]))
    assert scores.baselines["class shares"]["cross_entropy"] == pytest.approx(expected)


def test_logits_become_probabilities_where_the_loss_takes_them_as_such(folder):
    keys = ("training.loss=binary_cross_entropy",)
    _, network, theta, _ = evaluate(config_of(folder, "echo", *keys))
    theta[:] = 0  # logits of 0: a half at every step, bits of 0 or 1 off by a half
    scores = build_task(config_of(folder, "echo", *keys)).evaluate(network, theta)
    np.testing.assert_allclose(scores.metrics["mae"], 0.5)


# What is said


def t_statistic(differences):
    """Student's, of a mean against zero."""
    return differences.mean() / (differences.std(ddof=1) / np.sqrt(len(differences)))


@pytest.mark.parametrize(("task", "length"), [("adding", (5, 9)), ("echo", (4, 9)), ("sine", 6)])
def test_values_are_tested_sequence_by_sequence(folder, task, length):
    config = config_of(folder, task)
    _, network, theta, evaluation = evaluate(config)
    options = {"delay": 2} if task == "echo" else {}
    drawn = generator(task)(np.random.default_rng(config.data.seed), length, 40, **options)
    last = network.architecture.readout == "last"
    exists = np.ones(drawn.inputs.shape[:2], bool)
    if drawn.lengths is not None:
        exists = np.arange(len(exists))[:, None] < drawn.lengths
    targets = drawn.targets[None] if last else drawn.targets
    counts = np.ones((1, 40), bool) if last else exists
    mean = targets[counts & (np.arange(40) < 32)].mean()
    outputs, _ = network.outputs(theta, Batch(drawn.inputs, drawn.targets, drawn.lengths))
    test = evaluation.tests["paired_t_test"]
    assert (test["against"], test["sample"]) == ("the mean of the training targets", 8)
    for model in range(2):
        said = outputs[model][None] if last else outputs[:, model]
        squares = ((said - targets) ** 2 - (mean - targets) ** 2)[..., 0]
        differences = np.where(counts, squares, 0).sum(axis=0)[32:]
        assert test["statistic"][model] == pytest.approx(t_statistic(differences), rel=1e-6)


def test_classes_are_tested_sequence_by_sequence(folder):
    _, network, theta, evaluation = evaluate(config_of(folder, "order"))
    drawn = generator("order")(np.random.default_rng(0), 20, 40)
    outputs, _ = network.outputs(theta, Batch(drawn.inputs, drawn.targets, drawn.lengths))
    shares = (np.bincount(drawn.targets[:32], minlength=4) + 1) / 36
    right = drawn.targets[32:]
    for model in range(2):
        odds = np.exp(outputs[model, 32:])
        surprise = -np.log(odds[np.arange(8), right] / odds.sum(axis=-1))
        expected = t_statistic(surprise + np.log(shares[right]))
        assert evaluation.tests["paired_t_test"]["statistic"][model] == pytest.approx(expected, rel=1e-9)


def constant(folder, outputs, *overrides, task="adding"):
    """What evaluating networks that always say `outputs` gives."""
    config = config_of(folder, task, "data.sequences=1000", *overrides, seeds=str(len(outputs)))
    _, network, theta, _ = evaluate(config)
    theta[:] = 0
    network.layout.view(theta, "readout.b_o")[:, 0] = outputs
    return build_task(config).evaluate(network, theta)


def test_a_network_that_learnt_nothing_is_not_said_to_beat_anything(folder):
    """Three constants on the side of the held-out mean: a smaller error than the baseline's, by luck."""
    drawn = generator("adding")(np.random.default_rng(0), (5, 9), 1000)
    known, held = drawn.targets[:800].mean(), drawn.targets[800:].mean()
    said = [known + share * (held - known) for share in (0.2, 0.5, 1.0)]
    evaluation = constant(folder, said)
    assert (evaluation.metrics["rmse"] < evaluation.baselines["mean"]["rmse"]).all()
    assert evaluation.headline.startswith(
        "The network is not distinguishable from the mean of the training targets: RMSE "
    )
    assert evaluation.headline.endswith(
        "; 3 of 3 seeds are better, not significantly (paired t-test over 200 held-out sequences at 5 %)."
    )


def test_a_network_that_is_worse_is_said_to_be(folder):
    headline = constant(folder, [3.0, 4.0]).headline
    assert headline.startswith("The network does not beat the mean of the training targets: RMSE ")
    assert "2 of 2 seeds are significantly worse" in headline


def test_huge_outputs_have_finite_errors(folder):
    evaluation = constant(folder, [1e200, 1e300])
    np.testing.assert_allclose(evaluation.metrics["rmse"], [1e200, 1e300], rtol=1e-12)
    np.testing.assert_allclose(evaluation.metrics["mae"], [1e200, 1e300], rtol=1e-12)
    assert "2 of 2 seeds are significantly worse" in evaluation.headline


def test_one_sequence_is_too_little_for_a_test(folder):
    config = config_of(folder, "adding", "data.sequences=2", "data.train_fraction=0.5", "data.length=5")
    assert evaluate(config)[3].headline.startswith(
        "There are too few held-out sequences to test whether the network beats the mean of the training targets: RMSE "
    )
