"""The figures of a sweep, from the tables of its run."""

from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from rnnlab.errors import RunFolderError
from rnnlab.experiments.by_lag import complex_of, curves_of, transport_of, where
from rnnlab.experiments.drawing import Figures
from rnnlab.experiments.sweep.results import RhoSummary, stored_results, summarise
from rnnlab.runs import RunStore

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MOST_POINTS = 1500
MOST_TRANSPORT = 7
MOST_MAPS = 4
MOST_LOOKS = 200  # at each of the many models of a sweep


def sweep_figures(config, run: RunStore) -> Figures:
    """File name -> what draws the figure, of a sweep that may have ended before its last slice."""
    stored = _Stored(config, run)
    figures = {
        "growth.png": lambda: _growth(config, stored),
        "transport.png": lambda: _transport(config, stored),
        "spectrum.png": lambda: _spectrum(config, stored),
    }
    if run.has("gradient_norms.csv"):
        figures["gradient_norms.png"] = lambda: _norms(config, stored)
    if run.has("gradient_flow.csv"):
        figures["gradient_flow.png"] = lambda: _maps(config, stored)
    return figures


def stored_curves(run: RunStore) -> dict[float, np.ndarray]:
    """log ||dh_T / dh_{T-k}|| by lag before training, of each rho: (seeds, T + 1)."""
    rows = _whole(run, "lags.csv")
    return {rho: curves_of(where(rows, rho=rho), "log_jacobian") for rho in dict.fromkeys(rows["rho"].tolist())}


class _Stored:
    """What the figures need of the files, read when it is needed."""

    def __init__(self, config, run: RunStore) -> None:
        self._config, self._run = config, run

    @cached_property
    def results(self) -> dict[str, np.ndarray]:
        return stored_results(self._run)

    @cached_property
    def _summary(self) -> dict:
        return self._run.read_json("summary.json") if self._run.has("summary.json") else {}

    @cached_property
    def lags(self) -> dict[str, np.ndarray]:
        return _whole(self._run, "lags.csv")

    @property
    def edge(self) -> float | None:
        """Mean field's; only summary.json, which a sweep writes at its end, has it."""
        return self._summary.get("mean_field_edge")

    @property
    def steps(self) -> int:
        return self._summary.get("steps") or int(self.lags["lag"].max(initial=0))

    @cached_property
    def found(self) -> list[RhoSummary]:
        """All rhos but those at which states overflow before anything can be measured, unless nothing else is left."""
        found = summarise(self.results, self.steps, None)
        return [one for one in found if one.verdict.low != np.inf] or found

    @property
    def rhos(self) -> list[float]:
        return [one.rho for one in self.found]

    @property
    def _updates(self) -> int:
        """Updates of the model that made most."""
        return int(np.nanmax(self.results["updates"])) if len(self.results["rho"]) else 0

    def eigenvalues(self) -> dict[float, np.ndarray]:
        rows = _whole(self._run, "eigenvalues.csv")
        return {rho: complex_of(where(rows, rho=rho)) for rho in self.rhos}

    def norms(self) -> tuple[np.ndarray, dict[float, np.ndarray]]:
        """Every so many updates, and ||dL/dW_hh|| in them by rho: (seeds, updates)."""
        step = -(-self._updates // MOST_POINTS)
        updates = np.arange(1, self._updates + 1)[::step]
        models = self._models()
        values = {rho: np.full((len(seeds), len(updates)), np.nan) for rho, seeds in models.items()}
        for block in self._run.read_blocks("gradient_norms.csv"):
            recurrent = [block[name] for name in block if name.endswith(".W_hh")]
            size = np.hypot.reduce(np.stack(recurrent, axis=-1), axis=-1)
            shown = {name: block[name] for name in ("rho", "seed", "update")} | {"norm": size}
            shown = _at(shown, (block["update"] - 1) % step == 0)
            for rho, seed, rows in _by_model(shown):
                places = (rows["update"].astype(int) - 1) // step
                if seed in models.get(rho, ()) and places.max() < len(updates):
                    values[rho][models[rho].index(seed), places] = rows["norm"]
        return updates, values

    def maps(self) -> tuple[np.ndarray, np.ndarray, dict[float, np.ndarray]]:
        """Updates that were looked at, lags, and the transport of some rhos: (seeds, updates, lags)."""
        rhos = chosen(self.rhos, MOST_MAPS)
        every = self._config.training.log_gradient_flow_every
        step = every * -(-self._updates // (every * MOST_LOOKS)) if every else 1
        kept = []
        for block in self._run.read_blocks("gradient_flow.csv"):
            wanted = np.isin(block["rho"], rhos) & ((block["update"] - 1) % step == 0)
            kept.append(_at({name: block[name] for name in ("rho", "seed", "update", "lag", "transport")}, wanted))
        rows = _joined(kept)
        updates, lags = np.unique(rows["update"]), np.arange(int(rows["lag"].max(initial=-1)) + 1)
        if not len(updates):
            raise RunFolderError("gradient_flow.csv has no rows.")
        models = self._models()
        values = {rho: np.full((len(models[rho]), len(updates), len(lags)), np.nan) for rho in rhos}
        for rho, seed, of_model in _by_model(rows):
            looks = np.searchsorted(updates, of_model["update"])
            values[rho][models[rho].index(seed), looks, of_model["lag"].astype(int)] = of_model["transport"]
        return updates.astype(int), lags, values

    def _models(self) -> dict[float, list[float]]:
        """The seeds of each rho that is drawn."""
        return {rho: where(self.results, rho=rho)["seed"].tolist() for rho in self.rhos}


def _whole(run: RunStore, filename: str) -> dict[str, np.ndarray]:
    return _joined(list(run.read_blocks(filename)))


def _joined(blocks: Sequence[dict[str, np.ndarray]]) -> dict[str, np.ndarray]:
    return {name: np.concatenate([block[name] for block in blocks]) for name in blocks[0]}


def _at(rows: dict[str, np.ndarray], chosen: np.ndarray) -> dict[str, np.ndarray]:
    return {name: column[chosen] for name, column in rows.items()}


def _by_model(rows: dict[str, np.ndarray]) -> Iterator[tuple[float, float, dict[str, np.ndarray]]]:
    """(rho, seed, its rows) for each stretch of rows of one model."""
    pairs = np.stack([rows["rho"], rows["seed"]], axis=-1)
    changes = np.flatnonzero((pairs[1:] != pairs[:-1]).any(axis=1)) + 1
    for stretch in np.split(np.arange(len(pairs)), changes):
        if len(stretch):
            rho, seed = pairs[stretch[0]].tolist()
            yield rho, seed, _at(rows, stretch)


def chosen(rhos: Sequence[float], most: int) -> list[float]:
    """All rhos, or so many of them, evenly chosen."""
    if len(rhos) <= most:
        return list(rhos)
    return [rhos[place] for place in np.linspace(0, len(rhos) - 1, most).round().astype(int)]


def _transport(config, stored: _Stored) -> "Figure":
    from rnnlab.plots.gradient_flow import transport_by_lag

    rates = {one.rho: one.verdict.rate for one in stored.found}
    curves = {
        f"ρ = {rho:.4g}": transport_of(where(stored.lags, rho=rho), rates[rho])
        for rho in chosen(stored.rhos, MOST_TRANSPORT)
    }
    title = f"{config.name}: gradient through time before training"
    return transport_by_lag(np.arange(stored.steps + 1), curves, title=title)


def _spectrum(config, stored: _Stored) -> "Figure":
    from rnnlab.plots.spectrum import spectrum

    return spectrum(stored.eigenvalues(), title=f"{config.name}: eigenvalues of the recurrent weights")


def _norms(config, stored: _Stored) -> "Figure":
    from rnnlab.plots.sweep import sweep

    updates, norms = stored.norms()
    diverged = {rho: where(stored.results, rho=rho)["diverged"] for rho in norms}
    return sweep(updates, norms, diverged=diverged, title=f"{config.name}: gradient norm over training, per ρ")


def _maps(config, stored: _Stored) -> "Figure":
    from rnnlab.plots.flow_maps import flow_maps

    updates, lags, maps = stored.maps()
    return flow_maps(updates, lags, maps, title=f"{config.name}: gradient by lag while the network learns")


def _growth(config, stored: _Stored) -> "Figure":
    from rnnlab.dynamics.spectra import mean_field_rate
    from rnnlab.plots.growth import Theory, growth

    ordered = sorted(stored.found, key=lambda one: one.rho)
    rho, edge = np.array([one.rho for one in ordered]), stored.edge
    rates = [np.asarray(where(stored.results, rho=value)["growth_rate"], float) for value in rho]
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
        np.stack([np.resize(one, max(map(len, rates))) for one in rates]),  # a sweep that was stopped has some short
        steps=stored.steps,
        seeds=[len(one) for one in rates],
        theory=theory,
        median=[one.verdict.rate for one in ordered],
        low=[one.verdict.low for one in ordered],
        high=[one.verdict.high for one in ordered],
        mixed=[one.verdict.word == "mixed" for one in ordered],
        title=f"{config.name}: growth rate of the gradient through time",
    )
