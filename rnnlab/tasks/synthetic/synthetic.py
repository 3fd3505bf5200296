"""What the synthetic tasks have in common: sequences drawn from a seed, some of them held out, a guess as baseline."""

from collections.abc import Callable
from typing import ClassVar

import numpy as np

from rnnlab.engine.batch import Batch
from rnnlab.engine.network import Network
from rnnlab.memory import check_data
from rnnlab.tasks.scores import class_losses, class_scores, judge_scores, value_losses, value_scores
from rnnlab.tasks.synthetic.sequences import Sequences
from rnnlab.tasks.task import Evaluation, Task

NAMES = {"class shares": "the shares of the classes", "mean": "the mean of the training targets"}
# Streams of the data's seed, beside those of the training sequences. The last word is not 0: what is shorter counts as
# filled up with zeros.
HELD_OUT, GUESS = (1, 0, 0, 2), (2, 0, 0, 3)
SHOWN = 1000  # sequences drawn of an endless stream: for those who look at a few, and for the baseline


class Synthetic(Task):
    """Sequences made by a formula.

    Attributes
    ----------
    generator : function of (rng, length, sequences, ...)
        See `rnnlab.tasks.synthetic.sequences`.
    """

    generator: ClassVar[Callable[..., Sequences]]

    def __init__(self, config) -> None:
        super().__init__(config)
        data = config.data
        shortest, longest = data.ends or (1, 1)
        self._length = longest if shortest == longest else (shortest, longest)
        drawn_at_once = data.held_out + SHOWN if self.endless else data.sequences
        key = "data.length" if longest > drawn_at_once else "data.held_out" if self.endless else "data.sequences"
        check_data(6 * drawn_at_once * longest, key)
        if self.endless:
            check_data(6 * config.training.batch_size * len(config.seeds) * longest, "training.batch_size")
            rng = np.random.default_rng([data.seed, *GUESS])
            drawn = self._draw(rng, SHOWN)
            held_out = self._draw(np.random.default_rng([data.seed, *HELD_OUT]), data.held_out)
            self.sequences, self._tested = self._batch(drawn), self._batch(held_out)
        else:
            drawn = self._draw(np.random.default_rng(data.seed), data.sequences)
            whole, train = self._batch(drawn), max(1, int(data.train_fraction * data.sequences))
            self.sequences = whole.take(slice(0, train), drawn.readout)
            self._tested = whole.take(slice(train, None), drawn.readout)
        self.held_out = self._tested.sequences
        self._classes = drawn.kind == "classes"
        self.input_size, self.output_size = drawn.input_size, drawn.output_size
        self.record = {
            "source": f"synthetic task {data.task}, seed {data.seed}",
            "sha256": None,
            "rows": None if self.endless else data.sequences,
            "first": None,
            "last": None,
        }
        longest = longest if self.endless else self.sequences.steps
        steps = f"{'up to ' if drawn.lengths is not None else ''}{longest} step{'s' if longest > 1 else ''}"
        if self.endless:
            self.description = (
                f"task {data.task}: fresh sequences of {steps} for every update, {data.held_out} held out."
            )
        else:
            self.description = (
                f"task {data.task}: {train} sequences of {steps} to train on, {data.sequences - train} held out."
            )

    @property
    def options(self) -> dict[str, object]:
        """Further arguments of the generator."""
        return {}

    def draw(self, rng: np.random.Generator, sequences: int) -> Batch:
        return self._batch(self._draw(rng, sequences))

    def _draw(self, rng: np.random.Generator, sequences: int) -> Sequences:
        return type(self).generator(rng, self._length, sequences, **self.options)

    def _batch(self, drawn: Sequences) -> Batch:
        inputs, targets = drawn.inputs, drawn.targets
        if not np.issubdtype(inputs.dtype, np.integer):
            inputs = inputs.astype(self.dtype)
        if not np.issubdtype(targets.dtype, np.integer):
            targets = targets.astype(self.dtype)
        return Batch(inputs, targets, drawn.lengths)

    def evaluate(self, network: Network, theta: np.ndarray) -> Evaluation:
        """Errors on held-out sequences, beside those of the best answer that is always the same."""
        tested = self._tested
        outputs, _ = network.outputs(theta, tested)
        if self.config.training.loss.kind == "binary_cross_entropy":
            outputs = 0.5 * (1 + np.tanh(0.5 * outputs))  # the network gives logits, the targets are probabilities
        targets, known = tested.targets, self.sequences.targets
        assert targets is not None
        assert known is not None
        diverged = np.isnan(theta[:, 0])
        if self._classes:
            metrics, losses = class_scores(outputs, targets), class_losses(outputs, targets)
            shares = np.log(
                (np.bincount(known.ravel(), minlength=self.output_size) + 1) / (known.size + self.output_size)
            )
            said = np.broadcast_to(shares, (1, *targets.shape, len(shares)))
            guess, rival = class_scores(said, targets), class_losses(said, targets)
            name, metric, unit, measure = "class shares", "cross_entropy", {"cross_entropy": "nats"}, "{} nats"
            power = 1
        else:
            counts = None if tested.lengths is None or not self.every else _steps(tested)
            metrics, losses = value_scores(outputs, targets, counts), value_losses(outputs, targets, counts)
            mean = (
                known.mean(axis=tuple(range(known.ndim - 1)))
                if self.sequences.lengths is None or counts is None
                else known[_steps(self.sequences)].mean(axis=0)
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
