"""What a sweep says in words: where the settings stand, and what would change the verdict."""

import math
from collections.abc import Sequence
from itertools import pairwise

from rnnlab.experiments.sweep_results import RhoSummary

FEW = 4


def stand(config, found: Sequence[RhoSummary], steps: int, edge: float | None, *, exact: bool) -> tuple[str, ...]:
    """The sentences below the table."""
    sentences = [
        _where(found, steps),
        *_edges(config, found, steps, edge, exact),
        _what_changes(config, found, steps, edge),
    ]
    if len(config.seeds) == 1:
        sentences.append("One seed is no evidence: its gradients may lie decades from the median of many.")
    return tuple(filter(None, sentences))


def divergence(one: RhoSummary) -> str:
    """Which models of a rho diverged, when, and in what."""
    first = min(one.diverged, key=lambda entry: entry.update)
    who = f"all {one.seeds} seeds" if len(one.diverged) == one.seeds else f"{len(one.diverged)} of {one.seeds} seeds"
    if one.seeds == 1:
        who = f"seed {first.seed}"
    when = f"the first at update {first.update}" if len(one.diverged) > 1 else f"at update {first.update}"
    return f"rho {one.rho:g}: {who} diverged, {when}, where {first.tensor} is not finite."


def many_divergences(found: Sequence[RhoSummary]) -> str:
    """The same in one sentence for a whole sweep."""
    hit = [one for one in found if one.diverged]
    models, lost = sum(one.seeds for one in found), sum(len(one.diverged) for one in hit)
    early = min(hit, key=lambda one: min(entry.update for entry in one.diverged))
    first = min(early.diverged, key=lambda entry: entry.update)
    return (
        f"{lost} of {models} models diverged, at {len(hit)} of {len(found)} rhos from "
        f"{min(one.rho for one in hit):.4g} on, "
        f"the first at update {first.update} (rho {early.rho:.4g}, seed {first.seed}: {first.tensor} is not "
        "finite); results.csv has them all."
    )


def measured_edge(found: Sequence[RhoSummary]) -> float | None:
    """The rho at which the median growth rate crosses zero, between neighbouring rhos; None where it does not."""
    ordered = sorted(found, key=lambda one: one.rho)
    for one, other in pairwise(ordered):
        low, high = one.verdict.rate, other.verdict.rate
        if math.isfinite(low) and math.isfinite(high) and low < 0 <= high:
            return one.rho + (other.rho - one.rho) * -low / (high - low)
    return None


def _where(found: Sequence[RhoSummary], steps: int) -> str:
    """What the gradient does over the chunk, rho by rho, or range by range."""
    over = f"Over {_count(steps, 'step')} the gradient"
    if len(found) <= FEW:
        parts, before = [], ""
        for one in found:
            verb, size = _change(one.verdict.rate * steps)
            said = size if verb == before and size else f"{verb} by a factor of {size}" if size else verb
            parts.append(f"{said} at rho {one.rho:g} ({_verdict(one)})")
            before = verb
        return f"{over} {_join(parts)}."
    ordered = sorted(found, key=lambda one: one.rho)
    runs: list[list[RhoSummary]] = []
    for one in ordered:
        if runs and runs[-1][-1].verdict.word == one.verdict.word:
            runs[-1].append(one)
        else:
            runs.append([one])
    parts = [f"{_WORDS[run[0].verdict.word]} at rho {_span(run)}" for run in runs]
    return f"{over} {_join(parts)}."


_WORDS = {"vanishing": "vanishes", "edge": "stays near the edge", "exploding": "explodes"}


def _verdict(one: RhoSummary) -> str:
    word = one.verdict.word
    if word != "edge" or one.seeds == 1:
        return word
    counts = (one.vanishing, "vanishes", "vanish"), (one.exploding, "explodes", "explode")
    sides = [f"{count} {single if count == 1 else several}" for count, single, several in counts if count]
    return f"edge: of {one.seeds} seeds {' and '.join(sides)}" if sides else "edge"


def _edges(config, found, steps: int, edge: float | None, exact: bool) -> list[str]:
    said = []
    if edge is not None:
        low, high = (edge * 10 ** (sign / steps) for sign in (-1, 1))
        activation = config.model.activation
        scale = "spectral radius" if exact else "rho"
        if activation in ("relu", "identity"):
            said.append(
                f"Mean field puts the edge of {activation} at {scale} {edge:.4g}: over {steps} steps vanishing below "
                f"{low:.3g}, exploding above {high:.3g}."
            )
        else:
            said.append(
                f"Mean field puts the edge of {activation} at {scale} {edge:.4g} for small states; saturation moves "
                "it up, and inputs push it further."
            )
    measured = measured_edge(found)
    if measured is not None:
        said.append(f"Measured, the median rate crosses zero at rho {measured:.3g}.")
    return said


def _what_changes(config, found: Sequence[RhoSummary], steps: int, edge: float | None) -> str:
    """The settings that would move the verdict, with their numbers."""
    words = {one.verdict.word for one in found}
    if config.model.cell == "rnn":
        ways = [*_other_rhos(config, words, steps, edge), *_other_lengths(found, steps)]
        if "vanishing" in words:
            ways.append("an LSTM with open forget gates (--cell lstm --set model.init.forget_bias=1)")
    else:
        gate = {
            "lstm": "forget gates that stand {} open (--set model.init.forget_bias={})",
            "gru": "update gates that keep {} of the state (their bias, model.init.b_h)",
        }[config.model.cell]
        ways = []
        if words != {"exploding"}:
            ways += ["a larger rho", gate.format("more" if config.model.cell == "gru" else "wider", 2)]
        if words != {"vanishing"}:
            ways += ["a smaller rho", gate.format("less", 0)]
    ways = ways or ["longer sequences (--length)" if "edge" in words else "a rho between these"]
    return f"What would change the verdict: {_join(ways, 'or')}."


def _other_rhos(config, words: set[str], steps: int, edge: float | None) -> list[str]:
    if edge is None or len(words) > 1:
        return []
    known = config.model.activation in ("relu", "identity")
    low, high = (f"{edge * 10 ** (sign / steps):.3g}" for sign in (-1, 1))
    return {
        "vanishing": [f"a rho above {low}" if known else "a larger rho"],
        "exploding": [f"a rho below {high}" if known else "a smaller rho"],
        "edge": [f"a rho below {low} or above {high}" if known else "a smaller or larger rho"],
    }[next(iter(words))]


def _other_lengths(found: Sequence[RhoSummary], steps: int) -> list[str]:
    """Lengths at which a rate makes a factor of ten, or none any more."""
    decided = [abs(one.verdict.rate) for one in found if one.verdict.word != "edge"]
    if not decided:
        return ["longer sequences (--length)"]
    fastest = max(rate for rate in decided)
    if not math.isfinite(fastest):
        return []
    shortest = math.ceil(math.log(10) / min(decided))
    return [f"sequences shorter than {shortest} steps (--length)"] if 1 < shortest <= steps else []


def _change(log_factor: float) -> tuple[str, str]:
    """What a gradient does and by which factor: ("shrinks", "10^8"), or one word and nothing."""
    if not math.isfinite(log_factor):
        return ("dies", "") if log_factor < 0 else ("overflows", "")
    if abs(log_factor) < math.log(1.05):
        return "keeps its size", ""
    exponent = abs(log_factor) / math.log(10)
    size = f"{float(f'{10**exponent:.2g}'):g}" if exponent < 4 else f"10^{exponent:.0f}"
    return "shrinks" if log_factor < 0 else "grows", size


def _span(run: Sequence[RhoSummary]) -> str:
    low, high = run[0].rho, run[-1].rho
    return f"{low:.4g}" if low == high else f"{low:.4g} to {high:.4g}"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _join(parts: Sequence[str], word: str = "and") -> str:
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} {word} {parts[-1]}"
