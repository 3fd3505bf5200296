"""The tables of a sweep's run folder, a slice at a time, and all of results.csv kept for the summary."""

from collections.abc import Sequence

import numpy as np

from rnnlab.dynamics.diagnostics import Flow
from rnnlab.experiments.by_lag import eigenvalue_columns, lag_columns
from rnnlab.experiments.gradient_flow import flow_columns
from rnnlab.experiments.sweep.course import CLIP_SCALE, LOSS, NORM, PARAMETERS
from rnnlab.experiments.sweep.members import Slice
from rnnlab.experiments.sweep.results import result_columns
from rnnlab.runs import RunFolder


class SweepTables:
    """Appends slices to results.csv, lags.csv, eigenvalues.csv, gradient_norms.csv and gradient_flow.csv.

    Parameters
    ----------
    run : RunFolder
    parameter_names : sequence of str
    """

    def __init__(self, run: RunFolder, parameter_names: Sequence[str]) -> None:
        self._run, self._names = run, tuple(parameter_names)
        self._results: list[dict[str, np.ndarray]] = []

    def add(self, part: Slice) -> None:
        """Write a finished slice down."""
        self._results.append(result_columns(part))
        self._run.append_columns("results.csv", self._results[-1])
        models = {"rho": part.rho, "seed": part.seed}
        self._run.append_columns("lags.csv", lag_columns(models, part.diagnostics))
        self._run.append_columns("eigenvalues.csv", eigenvalue_columns(models, part.diagnostics))
        self._append_norms(part)
        self._append_flow(part)
        self._run.flush()  # the next slice, or the plots, may take long

    @property
    def models(self) -> int:
        """How many are in results.csv."""
        return sum(len(part["rho"]) for part in self._results)

    def results(self) -> dict[str, np.ndarray]:
        """All of results.csv, a row per model."""
        return {name: np.concatenate([part[name] for part in self._results]) for name in self._results[0]}

    def _append_norms(self, part: Slice) -> None:
        for model, (rho, seed) in enumerate(zip(part.rho, part.seed, strict=True)):
            update = 1
            for block in part.course.blocks():
                values = block[:, model].T
                kept = np.isfinite(values[NORM])
                columns = {
                    "rho": np.full(kept.sum(), rho),
                    "seed": np.full(kept.sum(), seed),
                    "update": np.arange(update, update + len(block))[kept],
                    "total": values[NORM, kept],
                    "clip_scale": values[CLIP_SCALE, kept],
                } | {name: values[PARAMETERS + k, kept] for k, name in enumerate(self._names)}
                columns["loss"] = values[LOSS, kept]
                if kept.any():
                    self._run.append_columns("gradient_norms.csv", columns)
                update += len(block)

    def _append_flow(self, part: Slice) -> None:
        for rho in dict.fromkeys(part.rho.tolist()):
            rows = np.flatnonzero(part.rho == rho)
            for update, flow in zip(part.flow.updates, part.flow.flows, strict=True):
                columns = flow_columns(part.seed[rows], [update], [_of(flow, rows)])
                if len(columns["lag"]):
                    self._run.append_columns("gradient_flow.csv", {"rho": rho, **columns})


def _of(flow: Flow, rows: np.ndarray) -> Flow:
    return Flow(flow.transport[rows], flow.jacobian[rows], flow.total[rows])
