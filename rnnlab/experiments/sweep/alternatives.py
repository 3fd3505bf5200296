"""Settings beside those of a sweep, measured before training: what would change its verdict, and what would not."""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from threadpoolctl import threadpool_limits

from rnnlab.config import registry
from rnnlab.config.schema.cells import LstmCell
from rnnlab.config.schema.initial_weights import ConstantForgetBias
from rnnlab.dynamics.diagnostics import measure_growth
from rnnlab.dynamics.verdict import Verdict, decisive_rate, judge
from rnnlab.experiments.probes import probe, top
from rnnlab.experiments.sweep.members import draw_setup, models_per_slice
from rnnlab.experiments.sweep.results import RhoSummary
from rnnlab.tasks.task import Task

FACTORS = (2.0, 4.0)  # by which rho is made larger and smaller, until the verdict changes
BIAS_STEP = 2.0
MOST_SEEDS = 20


@dataclass(frozen=True)
class Alternative:
    """Another setting and its verdict over the first seeds.

    Attributes
    ----------
    label : str
        Such as "rho 1.8".
    option : str
        Options of the command that set it; empty where the label says it.
    before : str
        The verdict that it is held against.
    verdict : Verdict
    seeds, vanishing, exploding : int
        How many were measured, and how many of their own gradients shrink, or grow, by a factor of ten or more.
    """

    label: str
    option: str
    before: str
    verdict: Verdict
    seeds: int
    vanishing: int
    exploding: int


def alternatives(
    config,
    task: Task,
    found: Sequence[RhoSummary],
    steps: int,
    *,
    exact: bool,
    should_stop: Callable[[], bool],
    on_start: Callable[[], None] = lambda: None,
) -> list[Alternative]:
    """Measure what could change the verdict: other rhos where those of the sweep have one alone, and open gates.

    Parameters
    ----------
    config : Config
    task : Task
    found : sequence of RhoSummary
    steps : int
        T, over which the verdicts are meant.
    exact : bool
    should_stop : callable
        True ends the search with what was measured so far.
    on_start : callable
        Called before the first is measured, if there is one.
    """
    measured = []
    groups = (*_other_rhos(config, found), *_other_gates(config, found))
    if any(groups):
        on_start()
    with threadpool_limits(limits=1, user_api="blas"), np.errstate(all="ignore"):
        for group in groups:
            for label, option, before, setting, rho in group:
                if should_stop():
                    return measured
                try:
                    rates = _rates(setting, task, rho, exact)
                except (MemoryError, np.linalg.LinAlgError):
                    break
                verdict = judge(rates, steps)
                border = decisive_rate(steps)
                counts = len(rates), int((rates < -border).sum()), int((rates > border).sum())
                measured.append(Alternative(label, option, before, verdict, *counts))
                if verdict.word != before:
                    break
    return measured


Candidate = tuple[str, str, str, object, float]


def _other_rhos(config, found: Sequence[RhoSummary]) -> Iterator[list[Candidate]]:
    """Smaller and larger rhos, the nearest first, where all rhos of the sweep have one verdict."""
    words = {one.verdict.word for one in found}
    if len(words) > 1:
        return
    (word,) = words
    low, high = (extreme(one.rho for one in found) for extreme in (min, max))
    larger = [high * factor for factor in FACTORS] if high else [1.0, 2.0]
    for rhos in ([low / factor for factor in FACTORS if low], larger):
        yield [(f"rho {rho:.4g}", "", word, config, rho) for rho in rhos if math.isfinite(rho)]


def _other_gates(config, found: Sequence[RhoSummary]) -> Iterator[list[Candidate]]:
    """An LSTM in place of a vanilla cell whose gradient vanishes; other forget gates in place of an LSTM's own."""
    words = [one.verdict.word for one in found]
    vanishing = [one.rho for one in found if one.verdict.word == "vanishing"]
    layer = registry.layer(config.model)
    if layer.additive and vanishing and config.training.omega is None:
        rho = max(vanishing)
        option = "--cell lstm --set model.init.forget_bias=1"
        yield [(f"an LSTM with forget bias 1 at rho {rho:.4g}", option, "vanishing", _with_bias(config, 1.0), rho)]
    elif layer.forget_gate is not None and len(set(words)) == 1:
        bias = _forget_bias(config)
        if bias is None:
            return
        for other in (bias - BIAS_STEP, bias + BIAS_STEP):
            option = f"--set model.init.forget_bias={other:g}"
            yield [
                (f"forget bias {other:g} at rho {found[0].rho:.4g}", option, words[0], _with_bias(config, other),
                 found[0].rho)
            ]  # fmt: skip


def _forget_bias(config) -> float | None:
    """The bias of an LSTM's forget gates; None where it is drawn."""
    init = config.model.init
    if init.forget_bias is not None:
        return init.forget_bias.value if init.forget_bias.kind == "constant" else None
    return {"zeros": 0.0, "constant": getattr(init.b_h, "value", None)}.get(init.b_h.kind)


def _with_bias(config, bias: float):
    """The config with its own forget gates, else an LSTM's, at this bias."""
    init = config.model.init.model_copy(update={"forget_bias": ConstantForgetBias(kind="constant", value=bias)})
    cell = config.model.cell if registry.layer(config.model).forget_gate is not None else LstmCell()
    model = config.model.model_copy(update={"cell": cell, "activation": "tanh", "init": init})
    return config.model_copy(update={"model": model})


def _rates(config, task: Task, rho: float, exact: bool) -> np.ndarray:
    """Growth rates of the first seeds before training, (R,)."""
    members = [(rho, seed) for seed in config.seeds[:MOST_SEEDS]]
    size = models_per_slice(config, task)
    rates = []
    for start in range(0, len(members), size):
        setup = draw_setup(config, task, members[start : start + size], exact)
        recurrence = top(setup.network.architecture)
        rates.append(measure_growth(setup.network, setup.theta, probe(setup.sampling), recurrence=recurrence))
    return np.concatenate(rates)
