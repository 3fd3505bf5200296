"""Scores of classes and values, and the sentence that holds them against baselines."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from rnnlab.forecasting import comparison
from rnnlab.forecasting.metrics import power_mean


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
    over = (-1,) if logits.ndim == 3 else (0, -1)
    right = np.broadcast_to(np.expand_dims(targets, -2), logits.shape[:-1])
    surprise = _surprises(logits, targets).mean(axis=over)
    hits = (logits.argmax(axis=-1) == right).mean(axis=over)
    return {"cross_entropy": surprise, "accuracy": np.where(np.isnan(surprise), np.nan, hits)}


def class_losses(logits: np.ndarray, targets: np.ndarray) -> np.ndarray:
    """Cross-entropy of each sequence, summed over its steps: (R, N), for logits and targets as in `class_scores`."""
    losses = _surprises(logits, targets)
    return losses if losses.ndim == 2 else losses.sum(axis=0)


def _surprises(logits: np.ndarray, targets: np.ndarray) -> np.ndarray:
    """-log p of the right class, ([T,] R, N)."""
    shifted = logits - logits.max(axis=-1, keepdims=True)
    log_normalizer = np.log(np.exp(shifted).sum(axis=-1))
    right = np.broadcast_to(np.expand_dims(targets, -2), logits.shape[:-1])
    return log_normalizer - np.take_along_axis(shifted, right[..., None], axis=-1)[..., 0]


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
    error = _errors(outputs, targets, counts)
    total = targets.size if counts is None else counts.sum() * targets.shape[-1]
    share = error[..., 0, :, :].size / total  # of the steps that exist, for the zeros at the others
    rows = np.moveaxis(error, -3, 0).reshape(error.shape[-3], -1)
    return {"rmse": power_mean(rows, power=2) * np.sqrt(share), "mae": power_mean(rows, power=1) * share}


def value_losses(outputs: np.ndarray, targets: np.ndarray, counts: np.ndarray | None) -> np.ndarray:
    """Euclidean norm of the errors of each sequence, over its steps and values: (R, N), arguments as `value_scores`."""
    error = np.moveaxis(_errors(outputs, targets, counts), (-3, -2), (0, 1))
    rows = error.reshape(*error.shape[:2], -1)
    return power_mean(rows, power=2) * np.sqrt(rows.shape[-1])


def _errors(outputs: np.ndarray, targets: np.ndarray, counts: np.ndarray | None) -> np.ndarray:
    """Errors ([T,] R, N, O), 0 at steps that do not exist."""
    error = outputs - np.expand_dims(targets, -3)
    return error if counts is None else np.where(counts[:, None, :, None], error, 0.0)


@dataclass(frozen=True)
class Judged:
    """The sentence that holds models against the best baseline, and the tests that it rests on."""

    headline: str
    tests: dict[str, object]


def judge_scores(
    scores: np.ndarray,
    losses: np.ndarray,
    baselines: Mapping[str, tuple[float, np.ndarray]],
    *,
    power: int,
    measure: str,
    rows: str,
    diverged: np.ndarray,
) -> Judged:
    """Test the models against the best baseline, sequence by sequence: Student's paired t-test.

    At a horizon of 1 that is the Diebold-Mariano test with its correction for small samples.

    Parameters
    ----------
    scores : (R,)
        Mean error of each model, the lower the better.
    losses : (R, N)
        Loss of each sequence, not negative; to the power `power` it is what the error is the mean of.
    baselines : mapping of str to (float, (N,))
        Name in a sentence -> its error and losses.
    power : int
    measure : str
        How an error is written, e.g. "{} nats".
    rows : str
        What the N sequences are, e.g. "held-out sequences".
    diverged : (R,) bool
    """
    name = min(baselines, key=lambda key: baselines[key][0])
    score, rival = baselines[name]
    tests, N = None, losses.shape[-1]
    if comparison.enough_for_test(N):
        tests = [comparison.diebold_mariano(np.zeros(N), row, rival, power=power) for row in losses]
    judged = comparison.judge_errors(
        scores,
        comparison.Rival(name, score, alone=len(baselines) == 1),
        tests,
        measure=measure,
        method=f"paired t-test over {N} {rows}",
        rows=rows,
        diverged=diverged,
    )
    return Judged(
        judged.sentence,
        {
            "paired_t_test": {
                "against": name,
                "sample": N,
                "statistic": None if tests is None else [test.statistic for test in tests],
                "p_value": None if tests is None else [test.p_value for test in tests],
            }
        },
    )
