"""The figures of a sweep, and what they need of each slice."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from rnnlab.experiments.sweep.course import RECURRENT
from rnnlab.experiments.sweep.members import Slice
from rnnlab.experiments.sweep.results import RhoSummary

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MOST_POINTS = 1500
MOST_TRANSPORT = 7
MOST_MAPS = 4


class Curves:
    """What the figures show, by rho: arrays of shape (seeds, ...), added slice by slice."""

    def __init__(self, rhos: Sequence[float]) -> None:
        self.rhos = list(rhos)
        self.updates = np.empty(0, int)
        self.looks: Sequence[int] = ()
        self._kept: dict[str, dict[float, list[np.ndarray]]] = {}

    def add(self, part: Slice) -> None:
        """Keep the curves of a slice."""
        U, step = part.course.updates, -(-part.updates // MOST_POINTS)
        if not len(self.updates) or self.updates[-1] < U:
            self.updates = np.arange(1, U + 1)[::step]
        if len(part.flow.drawn) > len(self.looks):
            self.looks = part.flow.drawn
        arrays = {
            "norm": part.course.every(step, RECURRENT),
            "log_jacobian": part.diagnostics.log_jacobian,
            "eigenvalues": part.diagnostics.eigenvalues.reshape(len(part.rho), -1),
        }
        if part.diagnostics.log_bound is not None:
            arrays["log_bound"] = part.diagnostics.log_bound
        if part.flow.drawn:
            arrays["map"] = part.flow.transport
        for name, values in arrays.items():
            by_rho = self._kept.setdefault(name, {})
            for rho, row in zip(part.rho.tolist(), values, strict=True):
                by_rho.setdefault(rho, []).append(row)

    def has(self, name: str) -> bool:
        """Whether there are such curves."""
        return name in self._kept

    def of(self, name: str, rho: float) -> np.ndarray:
        """(seeds, ...): rows shorter than others (every model of a slice diverged) are filled up with NaN."""
        rows = self._kept[name][rho]
        longest = max(len(row) for row in rows)
        full = np.full((len(rows), longest, *rows[0].shape[1:]), np.nan, rows[0].dtype)
        for target, row in zip(full, rows, strict=True):
            target[: len(row)] = row
        return full


def draw(
    config, curves: Curves, columns, found: list[RhoSummary], steps: int, edge: float | None
) -> dict[str, "Callable[[], Figure]"]:
    """File name -> what draws the figure."""
    name, rhos = config.name, _worth_drawing([one.rho for one in found], found)
    found = [one for one in found if one.rho in rhos]
    figures: dict[str, Callable[[], Figure]] = {
        "growth.png": lambda: _growth(config, columns, found, steps, edge),
        "transport.png": lambda: _transport(name, curves, rhos, found, steps),
        "spectrum.png": lambda: _spectrum(name, curves, rhos),
    }
    if len(curves.updates):
        figures["gradient_norms.png"] = lambda: _norms(name, curves, rhos, found)
    if curves.looks:
        figures["gradient_flow.png"] = lambda: _maps(name, curves, rhos)
    return figures


def _transport(name: str, curves: Curves, rhos: list[float], found: list[RhoSummary], steps: int) -> "Figure":
    from rnnlab.plots.gradient_flow import transport_by_lag

    title = f"{name}: gradient through time before training"
    return transport_by_lag(np.arange(steps + 1), _transports(curves, rhos, found), title=title)


def _spectrum(name: str, curves: Curves, rhos: list[float]) -> "Figure":
    from rnnlab.plots.spectrum import spectrum

    return spectrum(
        {rho: curves.of("eigenvalues", rho) for rho in rhos}, title=f"{name}: eigenvalues of the recurrent weights"
    )


def _norms(name: str, curves: Curves, rhos: list[float], found: list[RhoSummary]) -> "Figure":
    from rnnlab.plots.sweep import sweep

    norms = {rho: _padded(curves.of("norm", rho), len(curves.updates)) for rho in rhos}
    diverged = {one.rho: len(one.diverged) for one in found}
    return sweep(curves.updates, norms, diverged=diverged, title=f"{name}: gradient norm over training, per ρ")


def _maps(name: str, curves: Curves, rhos: list[float]) -> "Figure":
    from rnnlab.plots.flow_maps import flow_maps

    maps = {rho: curves.of("map", rho) for rho in chosen(rhos, MOST_MAPS)}
    title = f"{name}: gradient by lag while the network learns"
    lags = np.arange(max(values.shape[-1] for values in maps.values()))
    return flow_maps(curves.looks, lags, maps, title=title)


def chosen(rhos: Sequence[float], most: int) -> list[float]:
    """All rhos, or so many of them, evenly chosen."""
    if len(rhos) <= most:
        return list(rhos)
    return [rhos[place] for place in np.linspace(0, len(rhos) - 1, most).round().astype(int)]


def _worth_drawing(rhos: Sequence[float], found: list[RhoSummary]) -> list[float]:
    """All rhos but those at which states overflow before anything can be measured, unless nothing else is left."""
    overflown = {one.rho for one in found if one.verdict.low == np.inf}
    return [rho for rho in rhos if rho not in overflown] or list(rhos)


def _transports(curves: Curves, rhos: list[float], found: list[RhoSummary]):
    from rnnlab.plots.gradient_flow import Transport

    rates = {one.rho: one.verdict.rate for one in found}
    shown = {}
    with np.errstate(over="ignore", invalid="ignore"):
        for rho in chosen(rhos, MOST_TRANSPORT):
            bound = np.exp(np.median(curves.of("log_bound", rho), axis=0)) if curves.has("log_bound") else None
            shown[f"ρ = {rho:.4g}"] = Transport(
                np.exp(curves.of("log_jacobian", rho)),
                bound,
                rates[rho],
            )
    return shown


def _growth(config, columns, found: list[RhoSummary], steps: int, edge: float | None) -> "Figure":
    from rnnlab.dynamics.spectra import mean_field_rate
    from rnnlab.plots.growth import Theory, growth

    ordered = sorted(found, key=lambda one: one.rho)
    rho = np.array([one.rho for one in ordered])
    rates = [np.asarray(columns["growth_rate"], float)[np.asarray(columns["rho"]) == value] for value in rho]
    theory = None
    if edge is not None:
        span = np.linspace(max(rho.min(), 1e-3 * edge), max(rho.max(), edge), 200)
        label = {"relu": "mean field, log(ρ / √2)"}.get(
            config.model.activation, f"mean field of small states, log(ρ / {edge:g})"
        )
        if edge == 1:
            label = "mean field of small states, log ρ"
        theory = Theory(span, mean_field_rate(span, config.model.activation), edge, label)
    return growth(
        rho,
        np.stack(rates),
        steps=steps,
        theory=theory,
        median=[one.verdict.rate for one in ordered],
        low=[one.verdict.low for one in ordered],
        high=[one.verdict.high for one in ordered],
        mixed=[one.verdict.word == "mixed" for one in ordered],
        title=f"{config.name}: growth rate of the gradient through time",
    )


def _padded(values: np.ndarray, length: int) -> np.ndarray:
    full = np.full((len(values), length), np.nan)
    full[:, : values.shape[1]] = values
    return full
