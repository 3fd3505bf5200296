"""Scores of classes and values, and the sentence that holds them against baselines."""

from collections.abc import Iterable, Mapping

import numpy as np


def class_scores(logits: np.ndarray, targets: np.ndarray) -> dict[str, np.ndarray]:
    """Mean cross-entropy in nats and accuracy of each model.

    Parameters
    ----------
    logits : (R, N, V), or (T, R, N, V) for an output at every step
    targets : (N,) or (T, N) int

    Returns
    -------
    dict of (R,)
    """
    shifted = logits - logits.max(axis=-1, keepdims=True)
    log_normalizer = np.log(np.exp(shifted).sum(axis=-1))
    right = np.broadcast_to(np.expand_dims(targets, -2), logits.shape[:-1])
    chosen = np.take_along_axis(shifted, right[..., None], axis=-1)[..., 0]
    over = (-1,) if logits.ndim == 3 else (0, -1)
    return {
        "cross_entropy": (log_normalizer - chosen).mean(axis=over),
        "accuracy": (logits.argmax(axis=-1) == right).mean(axis=over),
    }


def mean_scores(parts: Iterable[tuple[Mapping[str, np.ndarray], int]]) -> dict[str, np.ndarray]:
    """Means over all targets from the means of parts, each with its number of targets."""
    parts = list(parts)
    total = sum(count for _, count in parts)
    return {name: np.asarray(sum(scores[name] * (n / total) for scores, n in parts)) for name in parts[0][0]}


def value_scores(outputs: np.ndarray, targets: np.ndarray, counts: np.ndarray | None) -> dict[str, np.ndarray]:
    """Root mean squared and mean absolute error of each model.

    Parameters
    ----------
    outputs : (R, N, O) or (T, R, N, O)
    targets : (N, O) or (T, N, O)
    counts : (T, N) bool, optional
        Steps that exist.
    """
    error = outputs - np.expand_dims(targets, -3)
    weights = np.ones(error.shape[-2:]) if counts is None else counts[:, None, :, None]
    weights = np.broadcast_to(weights, error.shape)
    over = (-2, -1) if error.ndim == 3 else (0, -2, -1)
    total = weights.sum(axis=over)
    return {
        "rmse": np.sqrt((weights * error**2).sum(axis=over) / total),
        "mae": (weights * np.abs(error)).sum(axis=over) / total,
    }


def scores_sentence(
    values: np.ndarray, baselines: Mapping[str, Mapping[str, float]], metric: str, unit: str, where: str
) -> str:
    """Say whether the models beat the best baseline in `metric`, the lower the better."""
    finite = values[np.isfinite(values)]
    name, best = min(((key, scores[metric]) for key, scores in baselines.items()), key=lambda pair: pair[1])
    if not finite.size:
        return f"No model is left to hold against the {name} baseline ({best:.4g} {unit} on {where})."
    middle, beaten = float(np.median(finite)), int((finite < best).sum())
    word = "beats" if middle < best else "does not beat"
    count = "" if values.size == 1 else f"; {beaten} of {values.size} seeds are below it"
    return f"On {where} the network {word} the best baseline: {middle:.4g} {unit} against {best:.4g} ({name}){count}."
