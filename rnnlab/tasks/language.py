"""Telling the next character of a text."""

import hashlib
import math
from collections.abc import Iterator

import numpy as np

from rnnlab.data.installed import data_path
from rnnlab.data.text import Chunks, build_vocabulary, encode_text, make_chunks, read_text
from rnnlab.engine.batch import Batch
from rnnlab.engine.network import Network
from rnnlab.errors import DataError
from rnnlab.memory import check_data
from rnnlab.tasks.scores import class_losses, class_scores, judge_scores, mean_scores
from rnnlab.tasks.task import Evaluation, Task

NAMES = {"unigram": "the unigram table", "bigram": "the bigram table"}
PIECE = 1 << 18  # numbers that a piece of the outputs holds, or the states behind it


class Language(Task):
    """Chunks of a text, each character with the one after it."""

    class_unit = ("bits per character", math.log(2))

    def __init__(self, config) -> None:
        super().__init__(config)
        data, training = config.data, config.training
        text = data.text if data.text is not None else read_text(data_path(data.path))
        vocabulary = build_vocabulary(text)
        tokens = encode_text(text, vocabulary)
        check_data(4 * len(tokens) * data.repeat, "data.repeat")  # tokens, inputs, targets and their order
        tokens = np.tile(tokens, data.repeat)
        train_size = len(tokens) if data.train_fraction == 1 else int(data.train_fraction * len(tokens))
        streams = training.batch_size if training.stateful and isinstance(training.batch_size, int) else 1
        self._chunks = chunks = make_chunks(tokens[:train_size], data.chunk, streams)
        held_out = tokens[train_size:] if train_size < len(tokens) else None
        self._tested = chunks if held_out is None else make_chunks(_enough(held_out, data), data.chunk)
        self.held_out = 0 if held_out is None else self._tested.inputs.shape[1]
        self._where = "the training text" if held_out is None else "held-out text"
        targets = np.ascontiguousarray(chunks.targets) if self.every else chunks.targets[-1]
        self.sequences = Batch(np.ascontiguousarray(chunks.inputs), targets)
        self.input_size = self.output_size = len(vocabulary)
        self.names = vocabulary
        source = "text in the config" if data.path is None else str(data.path)
        self.record = {
            "source": source,
            "sha256": hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest(),
            "rows": len(tokens),
            "first": None,
            "last": None,
            "vocabulary": vocabulary,
        }
        self.description = (
            f"{source}: {len(tokens):,} characters, {len(vocabulary)} different; "
            f"{chunks.inputs.shape[1]} chunks of {data.chunk} to train on."
        )
        self.warnings = _warn_of_repeats(data, len(text), train_size, len(tokens))

    def evaluate(self, network: Network, theta: np.ndarray) -> Evaluation:
        """Cross-entropy and accuracy, beside guesses from how often characters, and pairs of them, occur."""
        chunks, tested, where, last = self._chunks, self._tested, self._where, not self.every
        V = network.architecture.output_size
        single = np.log(_shares(np.bincount(chunks.targets.ravel(), minlength=V)))
        guesses: dict[str, np.ndarray] = {
            "unigram": np.broadcast_to(single, (V, V)),
            "bigram": np.log(_shares(_pairs(chunks, V))),
        }
        scored: dict[str, list] = {name: [] for name in ("network", *guesses)}
        losses = {name: np.zeros((1, tested.inputs.shape[1])) for name in guesses}
        losses["network"] = np.zeros((len(theta), tested.inputs.shape[1]))
        for rows, outputs, inputs, targets in _read_through(
            network, theta, tested, last, self.config.training.stateful
        ):
            said = {"network": outputs} | {name: np.expand_dims(table[inputs], -3) for name, table in guesses.items()}
            for name, logits in said.items():
                scored[name].append((class_scores(logits, targets), targets.size))
                losses[name][:, rows] += class_losses(logits, targets)
        means = {name: mean_scores(parts) for name, parts in scored.items()}
        for scores in means.values():
            scores["bits_per_character"] = scores["cross_entropy"] / np.log(2)
        measured = means.pop("network")
        baselines = {name: {key: float(value[0]) for key, value in scores.items()} for name, scores in means.items()}
        # Repetitions of a chunk are no further evidence: each different one counts once, with its mean loss.
        _, chunk, times = np.unique(
            np.concatenate([tested.inputs, tested.targets[-1:]]), axis=1, return_inverse=True, return_counts=True
        )
        once = {
            name: np.stack([np.bincount(chunk.ravel(), row) / times for row in rows]) for name, rows in losses.items()
        }
        characters = 1 if last else len(tested.inputs)
        means_once = {name: values.mean(axis=1) / characters for name, values in once.items()}
        judged = judge_scores(
            means_once["network"],
            once["network"],
            {NAMES[name]: (float(means_once[name][0]), once[name][0]) for name in guesses},
            power=1,
            measure="{} nats per character",
            rows=f"different chunks of {where}",
            diverged=np.isnan(theta[:, 0]),
        )
        return Evaluation(
            metrics=measured,
            units={"cross_entropy": "nats/character", "bits_per_character": "bits"},
            baselines=baselines,
            headline=judged.headline,
            tests=judged.tests,
        )


def _warn_of_repeats(data, length: int, train_size: int, total: int) -> tuple[str, ...]:
    """Text that repeats is held out only in name once a whole copy of it was trained on."""
    if data.repeat == 1 or not length <= train_size < total:
        return ()
    return (f"The held-out text is no new text: it repeats the training text (data.repeat is {data.repeat}).",)


def _enough(held_out: np.ndarray, data) -> np.ndarray:
    """The held-out tokens, if they make up a chunk."""
    if len(held_out) > data.chunk:
        return held_out
    raise DataError(
        f"data.train_fraction {data.train_fraction:g} holds out {len(held_out)} characters; one chunk of {data.chunk} "
        f"and the character after it need {data.chunk + 1}.",
        hint="Give a smaller train_fraction or chunk; with train_fraction: 1.0 nothing is held out.",
    )


def _read_through(
    network: Network, theta: np.ndarray, chunks: Chunks, last: bool, stateful: bool
) -> Iterator[tuple[slice, np.ndarray, np.ndarray, np.ndarray]]:
    """Chunks n, outputs ([T,] R, n, V), inputs and targets ([T,] n), in pieces: little memory for however long a text.

    Where the state was carried from chunk to chunk in training it is carried here.
    """
    T, N = chunks.inputs.shape
    a = network.architecture
    per_step = len(theta) * max(a.output_size, a.hidden_size * a.layers)
    size = chunks.streams if stateful else max(1, PIECE // (per_step * T))
    steps = T if a.bidirectional else max(1, PIECE // (per_step * size))
    states = None
    for first in range(0, N, size):
        rows = slice(first, first + size)
        states = states if stateful else None
        for start in range(0, T, steps):
            inputs, targets = (tokens[start : start + steps, rows] for tokens in (chunks.inputs, chunks.targets))
            outputs, states = network.outputs(theta, Batch(np.ascontiguousarray(inputs)), states=states)
            if not last:
                yield rows, outputs, inputs, targets
            elif start + steps >= T:
                yield rows, outputs, inputs[-1], targets[-1]


def _pairs(chunks: Chunks, V: int) -> np.ndarray:
    """How often character j follows character i: (V, V)."""
    return np.bincount((chunks.inputs * V + chunks.targets).ravel(), minlength=V * V).reshape(V, V)


def _shares(counts: np.ndarray) -> np.ndarray:
    """Relative frequencies along the last axis with one added to every count, so that nothing is impossible."""
    return (counts + 1) / (counts + 1).sum(axis=-1, keepdims=True)
