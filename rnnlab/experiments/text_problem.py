"""Telling the next character of a text."""

import hashlib
from functools import partial
from pathlib import Path

import numpy as np

from rnnlab.data.text import Chunks, build_vocabulary, encode_text, make_chunks, read_text
from rnnlab.engine.batch import Batch
from rnnlab.engine.network import Network
from rnnlab.experiments.memory import check_data
from rnnlab.experiments.problems import Evaluation, Problem
from rnnlab.experiments.scores import class_scores, scores_sentence


def build(config) -> Problem:
    """Read the text and cut it into chunks."""
    data, training = config.data, config.training
    text = data.text if data.text is not None else read_text(Path(data.path))
    vocabulary = build_vocabulary(text)
    tokens = encode_text(text, vocabulary)
    check_data(4 * len(tokens) * data.repeat, "data.repeat")  # tokens, inputs, targets and their order
    tokens = np.tile(tokens, data.repeat)
    train_size = len(tokens) if data.train_fraction == 1 else int(data.train_fraction * len(tokens))
    streams = training.batch_size if training.carry_state and isinstance(training.batch_size, int) else 1
    chunks = make_chunks(tokens[:train_size], data.chunk, streams)
    held_out = tokens[train_size:] if train_size < len(tokens) else None
    tested = chunks if held_out is None else make_chunks(held_out, data.chunk)
    where = "the training text" if held_out is None else "held-out text"
    source = "text in the config" if data.path is None else str(data.path)
    return Problem(
        sequences=_batch(chunks),
        input_size=len(vocabulary),
        output_size=len(vocabulary),
        record={
            "source": source,
            "sha256": hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest(),
            "rows": len(tokens),
            "first": None,
            "last": None,
            "vocabulary": vocabulary,
        },
        description=(
            f"{source}: {len(tokens):,} characters, {len(vocabulary)} different; "
            f"{chunks.inputs.shape[1]} chunks of {data.chunk} to train on."
        ),
        evaluate=partial(_evaluate, chunks, tested, training.carry_state, where),
    )


def _batch(chunks: Chunks) -> Batch:
    return Batch(np.ascontiguousarray(chunks.inputs), np.ascontiguousarray(chunks.targets))


def _evaluate(
    chunks: Chunks, tested: Chunks, carry_state: bool, where: str, network: Network, theta: np.ndarray
) -> Evaluation:
    """Cross-entropy and accuracy, beside guesses from how often characters, and pairs of them, occur."""
    outputs = _read_through(network, theta, tested, carry_state)
    measured = class_scores(outputs, tested.targets)
    measured["bits_per_character"] = measured["cross_entropy"] / np.log(2)
    V = outputs.shape[-1]
    guesses = {
        "unigram": np.log(_shares(np.bincount(chunks.targets.ravel(), minlength=V)))[None, None, None, :],
        "bigram": np.log(_shares(_pairs(chunks, V)))[tested.inputs][:, None],
    }
    baselines = {}
    for name, guess in guesses.items():
        scores = class_scores(
            np.broadcast_to(guess, (*tested.targets.shape[:1], 1, *tested.targets.shape[1:], V)),
            tested.targets,
        )
        baselines[name] = {key: float(value[0]) for key, value in scores.items()}
        baselines[name]["bits_per_character"] = baselines[name]["cross_entropy"] / float(np.log(2))
    return Evaluation(
        metrics=measured,
        units={"cross_entropy": "nats/character", "bits_per_character": "bits"},
        baselines=baselines,
        headline=scores_sentence(measured["cross_entropy"], baselines, "cross_entropy", "nats per character", where),
    )


def _read_through(network: Network, theta: np.ndarray, chunks: Chunks, carry_state: bool) -> np.ndarray:
    """Outputs (T, R, N, V); where the state was carried in training it is carried here."""
    inputs = np.ascontiguousarray(chunks.inputs)
    if not carry_state:
        return network.outputs(theta, Batch(inputs))[0]
    states, parts = None, []
    for start in range(0, inputs.shape[1], chunks.streams):
        outputs, states = network.outputs(theta, Batch(inputs[:, start : start + chunks.streams]), states=states)
        parts.append(outputs)
    return np.concatenate(parts, axis=2)


def _pairs(chunks: Chunks, V: int) -> np.ndarray:
    """How often character j follows character i: (V, V)."""
    return np.bincount((chunks.inputs * V + chunks.targets).ravel(), minlength=V * V).reshape(V, V)


def _shares(counts: np.ndarray) -> np.ndarray:
    """Relative frequencies along the last axis with one added to every count, so that nothing is impossible."""
    return (counts + 1) / (counts + 1).sum(axis=-1, keepdims=True)
