"""The floor: a training step's matrix products and transcendental calls alone, on buffers made beforehand.

What NumPy cannot avoid. Nothing that belongs to a network happens between them, so the numbers mean nothing.
"""

from concurrent.futures import ThreadPoolExecutor

import numpy as np

from tests.benchmarks.candidate import Candidate
from tests.benchmarks.workloads import Problem, Workload

GATES = {"rnn": 1, "lstm": 4, "gru": 3}


def candidates(problem: Problem, threads: int) -> list[Candidate]:
    """The batch (or the ensemble) whole or in pieces, on one thread or on all: the fastest counts."""
    w = problem.workload
    total = w.models or w.B
    executor = ThreadPoolExecutor(threads)
    found = []
    for pieces in sorted({1, threads, 4 * threads, 16 * threads}):
        if pieces > max(1, total // 8):
            continue
        parts = [_Arithmetic(w, total // pieces, problem.dtype) for _ in range(pieces)]
        found.append(_candidate(parts, map, f"{pieces} pieces", w.models or 1))
        if pieces > 1:
            found.append(_candidate(parts, executor.map, f"{pieces} pieces, {threads} threads", w.models or 1))
    return found


def _candidate(parts, spread, name: str, models: int) -> Candidate:
    return Candidate(name, lambda: list(spread(_Arithmetic.run, parts)), None, models)


class _Arithmetic:
    """The products of `share` sequences, or of `share` models of an ensemble."""

    def __init__(self, w: Workload, share: int, dtype: np.dtype) -> None:
        lead, B = ((share,), w.B) if w.models else ((), share)
        T, H, G = w.T, w.H, GATES[w.cell] * w.H
        looked_up = w.inputs == "tokens" and B == 1
        K = H if looked_up else H + w.I + 1
        steps = T if w.readout == "every" else 1
        rng = np.random.default_rng(0)

        def normal(*shape):
            return rng.normal(size=shape).astype(dtype) * dtype.type(0.1)

        self.product = np.matmul if lead else np.dot
        self.transcendental = w.activation == "tanh"
        self.memory = w.cell == "lstm"
        self.forward_weights, self.backward_weights = normal(*lead, G, K), normal(*lead, H, G)
        self.z, self.gates, self.da = normal(T, *lead, K, B), normal(T, *lead, G, B), normal(T, *lead, G, B)
        self.state = normal(*lead, H, B)
        self.softmax = w.loss == "cross_entropy"
        self.W_ho, self.h, self.outputs = (
            normal(*lead, w.O, H),
            normal(steps, *lead, H, B),
            normal(steps, *lead, w.O, B),
        )
        self.d_outputs = np.ones_like(self.outputs)
        self.steps = list(zip(self.z, self.gates, self.da, strict=True))

    def run(self) -> None:
        product, state = self.product, self.state
        for z_t, gates_t, _ in self.steps:
            product(self.forward_weights, z_t, out=gates_t)
            if self.transcendental:
                np.tanh(gates_t, out=gates_t)
                if self.memory:
                    np.tanh(state, out=state)
        for _, _, da_t in self.steps:
            product(self.backward_weights, da_t, out=state)
        _weight_gradient(self.z, self.da)
        _apply(self.W_ho, self.h)
        if self.softmax:
            np.exp(self.outputs, out=self.d_outputs)
        _apply(np.swapaxes(self.W_ho, -1, -2), self.d_outputs)
        _weight_gradient(self.h, self.d_outputs)


def _apply(matrix: np.ndarray, columns: np.ndarray) -> np.ndarray:
    """matrix · columns_t for every step; for batch one all steps in one product."""
    if columns.shape[-1] > 1:
        return np.matmul(matrix, columns)
    return np.matmul(np.moveaxis(columns[..., 0], 0, -2), np.swapaxes(matrix, -1, -2))


def _weight_gradient(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """sum_t left_t right_t^T in the cheaper of two forms: a product per step, or, for batch one, one for all."""
    if left.shape[-1] > 1:
        return np.matmul(left, np.swapaxes(right, -1, -2))
    return np.matmul(np.moveaxis(left[..., 0], 0, -1), np.moveaxis(right[..., 0], 0, -2))
