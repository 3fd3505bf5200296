"""Tasks made by a formula, one for each shape of input and output."""

from functools import partial

import numpy as np

from rnnlab.data.synthetic import TASKS, Sequences
from rnnlab.engine.batch import Batch
from rnnlab.engine.network import Network
from rnnlab.experiments.memory import check_data
from rnnlab.experiments.problems import Evaluation, Problem
from rnnlab.experiments.scores import class_losses, class_scores, judge_scores, value_losses, value_scores

NAMES = {"class shares": "the shares of the classes", "mean": "the mean of the training targets"}
_OWN_KEYS = ("kind", "task", "sequences", "seed", "train_fraction", "length")


def build(config) -> Problem:
    """Draw the sequences; the last ones are held out."""
    data, dtype = config.data, np.dtype(config.model.dtype)
    options = {key: value for key, value in data.model_dump().items() if key not in _OWN_KEYS}
    length = getattr(data, "length", 1)
    longest = length if isinstance(length, int) else length[1]
    check_data(6 * data.sequences * longest, "data.length" if longest > data.sequences else "data.sequences")
    rng = np.random.default_rng(data.seed)
    drawn = TASKS[data.task](rng, length, data.sequences, **options)
    held_out = slice(max(1, int(data.train_fraction * data.sequences)), None)
    train = slice(0, held_out.start)
    steps = drawn.inputs.shape[0]
    shape = f"{'' if drawn.lengths is None else 'up to '}{steps} step{'s' if steps > 1 else ''}"
    return Problem(
        sequences=_batch(drawn, train, dtype),
        input_size=drawn.input_size,
        output_size=drawn.output_size,
        record={
            "source": f"synthetic task {data.task}, seed {data.seed}",
            "sha256": None,
            "rows": data.sequences,
            "first": None,
            "last": None,
        },
        description=(
            f"task {data.task}: {held_out.start} sequences of {shape} to train on, "
            f"{data.sequences - held_out.start} held out."
        ),
        evaluate=partial(_evaluate, drawn, train, held_out, config.training.loss.kind),
    )


def _batch(drawn: Sequences, rows: slice, dtype: np.dtype) -> Batch:
    last = drawn.readout == "last"
    targets = drawn.targets[rows] if last else drawn.targets[:, rows]
    inputs = drawn.inputs[:, rows]
    if not np.issubdtype(inputs.dtype, np.integer):
        inputs = inputs.astype(dtype)
    if not np.issubdtype(targets.dtype, np.integer):
        targets = targets.astype(dtype)
    return Batch(inputs, targets, None if drawn.lengths is None else drawn.lengths[rows])


def _evaluate(
    drawn: Sequences, train: slice, held_out: slice, loss: str, network: Network, theta: np.ndarray
) -> Evaluation:
    learnt, tested = _batch(drawn, train, theta.dtype), _batch(drawn, held_out, theta.dtype)
    outputs, _ = network.outputs(theta, tested)
    if loss == "binary_cross_entropy":
        outputs = 0.5 * (1 + np.tanh(0.5 * outputs))  # the network gives logits, the targets are probabilities
    targets, known = tested.targets, learnt.targets
    assert targets is not None
    assert known is not None
    diverged = np.isnan(theta[:, 0])
    if drawn.kind == "classes":
        metrics, losses = class_scores(outputs, targets), class_losses(outputs, targets)
        shares = np.log(
            (np.bincount(known.ravel(), minlength=drawn.output_size) + 1) / (known.size + drawn.output_size)
        )
        said = np.broadcast_to(shares, (1, *targets.shape, len(shares)))
        guess, rival = class_scores(said, targets), class_losses(said, targets)
        name, metric, unit, measure = "class shares", "cross_entropy", {"cross_entropy": "nats"}, "{} nats"
        power = 1
    else:
        counts = None if tested.lengths is None or drawn.readout == "last" else _steps(tested)
        metrics, losses = value_scores(outputs, targets, counts), value_losses(outputs, targets, counts)
        mean = (
            known.mean(axis=tuple(range(known.ndim - 1)))
            if learnt.lengths is None or counts is None
            else known[_steps(learnt)].mean(axis=0)
        )
        said = np.broadcast_to(mean, (*targets.shape[:-2], 1, *targets.shape[-2:]))
        guess, rival = value_scores(said, targets, counts), value_losses(said, targets, counts)
        name, metric, unit, measure = "mean", "rmse", {}, "RMSE {}"
        power = 2
    baselines = {name: {key: float(value[0]) for key, value in guess.items()}}
    judged = judge_scores(
        metrics[metric],
        losses,
        {NAMES[name]: (baselines[name][metric], rival[0])},
        power=power,
        measure=measure,
        rows="held-out sequences",
        diverged=diverged,
    )
    return Evaluation(metrics, unit, baselines, judged.headline, tests=judged.tests)


def _steps(batch: Batch) -> np.ndarray:
    """(T, N) bool: the steps that exist."""
    assert batch.lengths is not None
    return np.arange(batch.steps)[:, None] < batch.lengths
