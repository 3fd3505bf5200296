"""Learning rates that change with the number of the update.

With u the updates since the end of the warm-up, n the updates there are after it, and eta the base rate:

    constant      eta
    step          eta factor^floor(u / step_every)
    cosine        eta (f + (1 - f) (1 + cos(pi u / n)) / 2),  f = final_factor
    inverse_time  eta / (1 + u / halve_after)

Before that the rate rises in a line: update k of a warm-up of w, counted from 0, takes eta (k + 1) / (w + 1),
so that no update is wasted on a rate of zero and the first one after the warm-up takes eta.
"""

import math


def _constant(u: int, n: int | None) -> float:
    return 1.0


def _step(u: int, n: int | None, *, step_every: int, factor: float = 0.1) -> float:
    return factor ** (u // step_every)


def _cosine(u: int, n: int | None, *, final_factor: float = 0.0) -> float:
    """Source: Loshchilov, Hutter 2017, arXiv:1608.03983, eq. 5, without restarts."""
    if n is None:
        raise ValueError("The schedule 'cosine' ends with the last update; give 'total', the number of updates.")
    share = min(u / n, 1.0) if n > 0 else 1.0
    return final_factor + (1 - final_factor) * 0.5 * (1 + math.cos(math.pi * share))


def _inverse_time(u: int, n: int | None, *, halve_after: float) -> float:
    """Rates whose sum diverges and whose squares' sum does not.

    Source: Robbins, Monro 1951, doi:10.1214/aoms/1177729586.
    """
    return 1 / (1 + u / halve_after)


SCHEDULES = {"constant": _constant, "step": _step, "cosine": _cosine, "inverse_time": _inverse_time}


def learning_rate(update: int, *, base, kind: str = "constant", total: int | None = None, warmup: int = 0, **options):
    """The learning rate of one update.

    Parameters
    ----------
    update : int
        Counted from 0.
    base : float or (R, 1) array
        The rate before any schedule.
    kind : str
        constant, step, cosine or inverse_time.
    total : int, optional
        Updates of the whole training, warm-up included: where the cosine ends.
    warmup : int
        Updates over which the rate rises from 0.
    options
        step: `step_every` (updates), `factor` (0.1). cosine: `final_factor` (0), what is left of the rate
        after the last update. inverse_time: `halve_after` (updates).

    Returns
    -------
    float or (R, 1) array
        As `base`.

    Raises
    ------
    ValueError
        An unknown kind, or a cosine without `total`.
    """
    if kind not in SCHEDULES:
        raise ValueError(f"The schedule must be one of {', '.join(SCHEDULES)}; got {kind!r}.")
    if update < warmup:
        return base * ((update + 1) / (warmup + 1))
    return base * SCHEDULES[kind](update - warmup, None if total is None else total - warmup, **options)
