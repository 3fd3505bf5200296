"""Tasks made by a formula, one for each shape of input and output."""

from functools import partial

import numpy as np

from rnnlab.data.synthetic import TASKS, Sequences
from rnnlab.engine.batch import Batch
from rnnlab.engine.network import Network
from rnnlab.experiments.memory import check_data
from rnnlab.experiments.problems import Evaluation, Problem
from rnnlab.experiments.scores import class_scores, scores_sentence, value_scores

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
    where, targets, known = "held-out sequences", tested.targets, learnt.targets
    assert targets is not None
    assert known is not None
    if drawn.kind == "classes":
        metrics = class_scores(outputs, targets)
        shares = np.log(
            (np.bincount(known.ravel(), minlength=drawn.output_size) + 1) / (known.size + drawn.output_size)
        )
        guess = class_scores(np.broadcast_to(shares, (1, *targets.shape, len(shares))), targets)
        baselines = {"class shares": {key: float(value[0]) for key, value in guess.items()}}
        headline = scores_sentence(metrics["cross_entropy"], baselines, "cross_entropy", "nats", where)
        return Evaluation(metrics, {"cross_entropy": "nats"}, baselines, headline)
    counts = None if tested.lengths is None or drawn.readout == "last" else _steps(tested)
    metrics = value_scores(outputs, targets, counts)
    mean = (
        known.mean(axis=tuple(range(known.ndim - 1)))
        if learnt.lengths is None or counts is None
        else known[_steps(learnt)].mean(axis=0)
    )
    guess = value_scores(np.broadcast_to(mean, (*targets.shape[:-2], 1, *targets.shape[-2:])), targets, counts)
    baselines = {"mean": {key: float(value[0]) for key, value in guess.items()}}
    return Evaluation(metrics, {}, baselines, scores_sentence(metrics["rmse"], baselines, "rmse", "RMSE", where))


def _steps(batch: Batch) -> np.ndarray:
    """(T, N) bool: the steps that exist."""
    assert batch.lengths is not None
    return np.arange(batch.steps)[:, None] < batch.lengths
