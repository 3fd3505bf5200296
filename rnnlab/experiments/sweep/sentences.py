"""What a sweep says in words: where the settings stand, and what would change the verdict.

No sentence without its condition: each function returns the empty string where the numbers do not bear it out.
"""

import math
from collections.abc import Sequence
from itertools import groupby, pairwise

import numpy as np

from rnnlab.dynamics.verdict import FACTOR, decisive_rate, growth_rate, judge
from rnnlab.engine.divergence import describe
from rnnlab.experiments.sweep.alternatives import Alternative
from rnnlab.experiments.sweep.results import RhoSummary
from rnnlab.words import count, listed

FEW = 4
FEW_SEEDS = 5
FARTHEST = 10  # times the length of the sequences: farther than that no rate is carried on
WORDS = {
    "vanishing": "vanishes",
    "critical": f"stays within a factor of {FACTOR:g}",
    "mixed": "depends on the seed",
    "exploding": "explodes",
}


def stand(
    config,
    found: Sequence[RhoSummary],
    steps: int,
    edge: float | None,
    *,
    exact: bool,
    alternatives: Sequence[Alternative] = (),
    curves: dict[float, np.ndarray] | None = None,
) -> tuple[str, ...]:
    """The sentences below the table.

    Parameters
    ----------
    config : Config
    found : sequence of RhoSummary
    steps : int
        T, over which the verdicts are meant.
    edge : float or None
        Mean field's edge for the activation in use.
    exact : bool
        Whether rho is the spectral radius itself.
    alternatives : sequence of Alternative
        Other settings that were measured.
    curves : dict of rho to (seeds, T + 1), optional
        log ||dh_T / dh_{T-k}|| by lag.
    """
    sentences = [
        _where(found, steps),
        _losses(found),
        _theory(config, steps, edge, exact),
        _saturation(found, steps),
        *_crossings(found),
        *_changes(found, alternatives),
        *_shorter(found, steps, curves or {}),
        _longer(found, steps, settable=config.data.length_key is not None),
        _seeds(max(one.seeds for one in found)),
    ]
    return tuple(filter(None, sentences))


def divergence(one: RhoSummary) -> str:
    """Which models of a rho diverged, when, and in what."""
    first = min(one.diverged, key=lambda entry: entry.update)
    who = f"all {one.seeds} seeds" if len(one.diverged) == one.seeds else f"{len(one.diverged)} of {one.seeds} seeds"
    if one.seeds == 1:
        who = f"seed {first.seed}"
    when = f"the first at update {first.update}" if len(one.diverged) > 1 else f"at update {first.update}"
    return f"rho {one.rho:g}: {who} diverged, {when}, where {describe(first.tensor)}."


def many_divergences(found: Sequence[RhoSummary]) -> str:
    """The same in one sentence for a whole sweep."""
    hit = [one for one in found if one.diverged]
    models, lost = sum(one.seeds for one in found), sum(len(one.diverged) for one in hit)
    early = min(hit, key=lambda one: min(entry.update for entry in one.diverged))
    first = min(early.diverged, key=lambda entry: entry.update)
    return (
        f"{lost} of {models} models diverged, at {len(hit)} of {len(found)} rhos, the lowest "
        f"{min(one.rho for one in hit):.4g}, "
        f"the first at update {first.update} (rho {early.rho:.4g}, seed {first.seed}: {describe(first.tensor)}); "
        "results.csv has them all."
    )


def measured_edge(found: Sequence[RhoSummary]) -> float | None:
    """The lowest rho at which the median growth rate rises through zero, by linear interpolation; None without one."""
    return next((place for place, rises, _, _ in _zeros(found) if rises), None)


def _zeros(found: Sequence[RhoSummary]) -> list[tuple[float, bool, float, float]]:
    """Where the median rate changes sign between neighbouring rhos: (place, whether it rises, rho below, above)."""
    zeros = []
    for one, other in pairwise(sorted(found, key=lambda one: one.rho)):
        low, high = one.verdict.rate, other.verdict.rate
        if math.isfinite(low) and math.isfinite(high) and (low < 0) != (high < 0):
            place = one.rho + (other.rho - one.rho) * -low / (high - low)
            zeros.append((place, low < 0, one.rho, other.rho))
    return zeros


def _where(found: Sequence[RhoSummary], steps: int) -> str:
    """What the gradient does over a sequence, rho by rho, or range by range."""
    over = f"Over {count(steps, 'step')} the gradient"
    if len(found) <= FEW:
        over = f"At the fitted rates, over {count(steps, 'step')}, the gradient"
        said = [(*_change(one.verdict.rate * steps), f"at rho {one.rho:g} ({_verdict(one)})") for one in found]
        groups = [[*group] for _, group in groupby(said, key=lambda one: (one[0], bool(one[1])))]
        parts = [f"{_lead(*group[0][:2])} {listed([f'{size} {where}'.strip() for _, size, where in group])}"
                 for group in groups]  # fmt: skip
        if max(map(len, groups)) > 1 and len(groups) > 1:  # a list of lists
            return f"{over} {', '.join(parts[:-1])}, and {parts[-1]}."
        return f"{over} {listed(parts)}."
    runs = groupby(sorted(found, key=lambda one: one.rho), key=lambda one: one.verdict.word)
    return f"{over} {listed([f'{WORDS[word]} at rho {_span(list(run))}' for word, run in runs])}."


def _lead(verb: str, size: str) -> str:
    return f"{verb} by a factor of" if size else verb


def _verdict(one: RhoSummary) -> str:
    """The same, and how many diverged in training."""
    lost = f"; {len(one.diverged)} of {one.seeds} diverged in training" if one.diverged else ""
    return _disagreement(one) + lost


def _disagreement(one: RhoSummary | Alternative) -> str:
    """The word, and where the seeds disagree how many of them do what."""
    if one.verdict.word != "mixed":
        return one.verdict.word
    between = one.seeds - one.vanishing - one.exploding
    counts = (
        (one.vanishing, "vanishes", "vanish"),
        (one.exploding, "explodes", "explode"),
        (between, f"stays within a factor of {FACTOR:g}", f"stay within a factor of {FACTOR:g}"),
    )
    sides = [f"{count} {single if count == 1 else several}" for count, single, several in counts if count]
    return f"mixed: of {count(one.seeds, 'seed')} {listed(sides)}"


def _losses(found: Sequence[RhoSummary]) -> str:
    """How many networks diverged in training, at which rhos."""
    hit = sorted((one for one in found if one.diverged), key=lambda one: one.rho)
    if not hit or len(found) <= FEW:
        return ""  # said rho by rho
    lost, models = sum(len(one.diverged) for one in hit), sum(one.seeds for one in found)
    most = [one for one in hit if 2 * len(one.diverged) > one.seeds]
    where = _spans(hit, found)
    said = f"In training {lost} of {models} networks diverged, at {len(hit)} of {len(found)} rhos ({where})"
    if not most:
        return f"{said}."
    which = "each of them" if len(most) == len(hit) else f"{len(most)} of them ({_spans(most, found)})"
    return f"{said}; at {which} more than half did."


def _theory(config, steps: int, edge: float | None, exact: bool) -> str:
    """Where mean field theory puts the edge."""
    if edge is None:
        return ""
    activation, scale = config.model.activation, "spectral radius" if exact else "rho"
    if activation in ("relu", "identity"):
        low, high = (edge * 10 ** (sign / steps) for sign in (-1, 1))
        return (
            f"For many units mean field puts the edge of {activation} at {scale} {edge:.4g}: over "
            f"{count(steps, 'step')} vanishing below {low:.3g}, exploding above {high:.3g}."
        )
    return (
        f"For many units mean field puts the edge of {activation} at {scale} {edge:.4g} if states are small, higher "
        "if they are saturated."
    )


def _saturation(found: Sequence[RhoSummary], steps: int) -> str:
    """Rhos beyond mean field's edge at which gradients vanish, since most states are saturated."""
    hit = [
        one
        for one in sorted(found, key=lambda one: one.rho)
        if one.verdict.word == "vanishing"
        and (one.mean_field_rate or 0.0) > decisive_rate(steps)
        and one.quantities["saturated"].median >= 0.5
    ]
    if not hit:
        return ""
    least = min(one.quantities["saturated"].median for one in hit)
    whole = "100" if least == 1 else f"{min(100 * least, 99):.0f}" if len(hit) == 1 else f"{math.floor(100 * least)}"
    share = f"{whole} %" if least == 1 else f"at least {whole} %" if len(hit) > 1 or least > 0.99 else f"{whole} %"
    return f"At rho {_spans(hit, found)}, above that edge, the gradient vanishes: {share} of the states are saturated."


def _crossings(found: Sequence[RhoSummary]) -> list[str]:
    """Where the median rate crosses zero."""
    median = "median rate" if max(one.seeds for one in found) > 1 else "rate"
    return [
        f"Measured, the {median} {'rises' if rises else 'falls'} through zero at rho {place:.3g}, interpolated "
        f"between {low:.4g} and {high:.4g}."
        for place, rises, low, high in _zeros(found)[:FEW]
    ]


def _changes(found: Sequence[RhoSummary], alternatives: Sequence[Alternative]) -> list[str]:
    """Which of the other settings that were measured have another verdict, and which have not."""
    changed = [one for one in alternatives if one.verdict.word != one.before]
    same = [one for one in alternatives if one.verdict.word == one.before]
    fewest = min((one.seeds for one in alternatives), default=0)
    where = f"{fewest} of the seeds" if fewest < max(one.seeds for one in found) else "the same seeds"
    where = "the same seed" if fewest == 1 == max(one.seeds for one in found) else where
    said = []
    if changed:
        ways = [f"{one.label} ({_disagreement(one)}{f'; {one.option}' if one.option else ''})" for one in changed]
        said.append(f"What would change the verdict, measured on {where} before training: {listed(ways, 'or')}.")
    if same:
        measured = "" if changed else f", measured on {where} before training"
        said.append(
            f"What would not change the verdict{measured}: {listed([one.label for one in same], 'or')} "
            f"(still {same[0].before})."
        )
    return said


def _shorter(found: Sequence[RhoSummary], steps: int, curves: dict[float, np.ndarray]) -> list[str]:
    """How few steps leave another verdict, measured on the last of these; at the rho nearest to it."""
    said = []
    for word in ("vanishing", "exploding"):
        decided = [one for one in found if one.verdict.word == word and one.rho in curves]
        decided = [one for one in decided if math.isfinite(one.verdict.rate)]
        if not decided:
            continue
        one = min(decided, key=lambda one: abs(one.verdict.rate))
        curve = curves[one.rho]
        for fewer in range(steps - 1, 0, -1):
            verdict = judge(growth_rate(curve[:, : fewer + 1]), fewer)
            if verdict.word != word:
                last = "the last step" if fewer == 1 else f"the last {fewer} steps"
                said.append(f"At rho {one.rho:g} the verdict over {last} alone is {verdict.word}.")
                break
    return said


def _longer(found: Sequence[RhoSummary], steps: int, *, settable: bool) -> str:
    """After how many steps a rate whose whole interval has one sign makes a factor of ten, and the option for it."""
    lengths = []
    for one in found:
        low, high = one.verdict.low, one.verdict.high
        if one.verdict.word == "critical" and one.seeds > 1 and low * high > 0:
            lengths.append((math.floor(math.log(FACTOR) / min(abs(low), abs(high))) + 1, one))
    if not lengths or min(lengths, key=lambda pair: pair[0])[0] > FARTHEST * steps:
        return ""
    length, one = min(lengths, key=lambda pair: pair[0])
    word = "vanishing" if one.verdict.high < 0 else "exploding"
    option = f" (--length {length})" if settable else ""
    return f"If its rates persist, rho {one.rho:g} would be {word} over {length} steps{option}."


def _seeds(seeds: int) -> str:
    """What so few seeds are worth: a new network lies between the extremes of n with probability (n - 1) / (n + 1)."""
    if seeds == 1:
        return "One seed is no evidence and has no interval: its gradients may lie decades from the median of many."
    if seeds < FEW_SEEDS:
        inside, enough = (round(100 * (n - 1) / (n + 1)) for n in (seeds, 10))
        return (
            f"{seeds} seeds are few: a further network lies between their lowest and highest rate with a probability "
            f"of {inside} %; with 10 seeds it is {enough} %."
        )
    return ""


def _change(log_factor: float) -> tuple[str, str]:
    """What a gradient does and by which factor: ("shrinks", "10^8"), or one word and nothing."""
    if math.isnan(log_factor):
        return "is exactly 0 for some seeds and overflows for others", ""
    if not math.isfinite(log_factor):
        return ("becomes exactly 0", "") if log_factor < 0 else ("overflows", "")
    if abs(log_factor) < math.log(1.05):
        return "keeps its size within 5 %", ""
    exponent = abs(log_factor) / math.log(10)
    size = f"{float(f'{10**exponent:.2g}'):g}" if exponent < 4 else f"10^{exponent:.0f}"
    return "shrinks" if log_factor < 0 else "grows", size


def _spans(hit: Sequence[RhoSummary], found: Sequence[RhoSummary]) -> str:
    """The rhos of `hit`: a few by their values, of many those that are neighbours in the sweep together."""
    if len(hit) <= FEW:
        return _span(sorted(hit, key=lambda one: one.rho))
    rhos = {one.rho for one in hit}
    runs = groupby(sorted(found, key=lambda one: one.rho), key=lambda one: one.rho in rhos)
    return listed([_span(list(run)) for belongs, run in runs if belongs])


def _span(run: Sequence[RhoSummary]) -> str:
    return values_shown([one.rho for one in run])


def values_shown(rhos: Sequence[float]) -> str:
    """`0.9`, `0.9 and 1`, `0.9, 1 and 1.1`; of many, `0.5, 0.6, ..., 1.4`: a list, for nothing between was measured."""
    shown = [f"{rho:.4g}" for rho in rhos]
    return listed(shown) if len(shown) <= FEW else f"{shown[0]}, {shown[1]}, ..., {shown[-1]}"
