"""What the user must know of a series before training, and of a forecast beyond its errors."""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from rnnlab.data.reading.cells import shown
from rnnlab.data.series import Series
from rnnlab.data.windows import WindowedSeries
from rnnlab.errors import ConfigError
from rnnlab.forecasting import symptoms
from rnnlab.tasks.forecast.loading import LARGEST, too_large
from rnnlab.tasks.forecast.scoring import Scoring
from rnnlab.words import LARGEST_FLOAT, count, listed

FEW_WINDOWS, FEW_ROWS = 30, 10  # to train on, to forecast
_TOO_FEW = "Too few rows to forecast for a test of equal accuracy: {rows}. Give more rows or a smaller train_fraction."


def before_training(series: Series, windowed: WindowedSeries, first_test: int) -> tuple[str, ...]:
    """What can be said of the rows, of which the test rows begin with `first_test`."""
    return (
        *_of_size(series),
        *_of_filled(series, first_test),
        *_of_few(windowed, first_test),
        *_of_extrapolation(series, windowed, first_test),
        *_of_columns_that_tell(windowed),
    )


def of_forecast(forecast: NDArray[np.float64], scoring: Scoring) -> tuple[str, ...]:
    """What can be said of forecasts (K, N) of the test rows, beyond their errors."""
    if not scoring.enough:
        return (_TOO_FEW.format(rows=len(scoring.rows)),)
    actual, last = scoring.actual[0], scoring.last[0]
    found = symptoms.lag(actual, forecast[0], last), symptoms.collapse(actual, forecast[0])
    return tuple(sentence for sentence in found if sentence)


def of_overflow(
    finite: Mapping[str, NDArray[np.float64]],
    scored: Mapping[str, Mapping[str, float]],
    names: Mapping[str, str],
) -> tuple[str, ...]:
    """Which metrics of finite forecasts, of the network and of each baseline (by title), are too large for a float."""
    everyone = {"the network": finite} | dict(scored)
    groups: dict[tuple[str, ...], list[str]] = {}
    for who, of in everyone.items():
        large = [names.get(metric, metric) for metric in of if np.isinf(of[metric]).any()]
        groups.setdefault(tuple(large), []).append(who)
    said = [
        f"{listed(large)} of {'every forecast' if len(who) == len(everyone) else listed(who)}"
        for large, who in groups.items()
        if large
    ]
    if not said:
        return ()
    return (f"Metrics beyond the largest float, {LARGEST_FLOAT}, are null in run.json: {'; '.join(said)}.",)


def check_dtype(windowed: WindowedSeries, arrays: Sequence[NDArray[np.float64]], dtype: np.dtype) -> None:
    """ConfigError where a type cannot hold the scaled training windows, or those of the test rows."""
    test, _ = windowed.windows_at(windowed.test_rows - windowed.encoding.steps[0])
    largest = max(float(np.abs(one).max(initial=0)) for one in (*arrays, test))
    if largest > float(np.finfo(dtype).max):
        raise ConfigError(
            [
                f"model.dtype must hold every scaled value, which {dtype.name} does not; got {largest:.4g}. "
                "Use dtype: float64 or another data.scaler."
            ]
        )


def _of_size(series: Series) -> Iterator[str]:
    if found := too_large(series):
        name, largest = found
        yield (
            f"Values of up to {largest:.3g} in {shown(name)}: `rnnlab forecast` refuses those above {LARGEST:g}. "
            "Divide them by a power of ten."
        )


def _of_filled(series: Series, first_test: int) -> Iterator[str]:
    absent = np.any([np.isnan(values) for values in series.columns.values()], axis=0)
    if not absent.any():
        return
    total, late = int(absent.sum()), int(absent[first_test:].sum())
    tested = (
        "it is" if total == 1 else "the test row among them is" if late == 1 else f"the {late} test rows among them are"
    )
    yield (
        f"{count(total, 'row')} without a value {'was' if total == 1 else 'were'} filled in"
        + (f"; {tested} not scored" if late else "")
        + "."
    )


def _of_few(windowed: WindowedSeries, first_test: int) -> Iterator[str]:
    rows, horizon = int(np.sum(windowed.test_rows >= first_test)), windowed.encoding.horizon
    counts = (
        (len(windowed.origins), FEW_WINDOWS, "window", "to train on"),
        (rows, FEW_ROWS, "row", "to forecast"),
    )
    for size, few, what, purpose in counts:
        if size < few:
            yield f"There {'is' if size == 1 else 'are'} only {size} {what}{'s' * (size > 1)} {purpose}."
    if rows >= FEW_ROWS > rows // horizon:
        yield (
            f"The {rows} rows to forecast are only {rows // horizon} times the horizon of {horizon} rows, within which "
            "errors go together: few for what is said of them."
        )


def _of_extrapolation(series: Series, windowed: WindowedSeries, first_test: int) -> Iterator[str]:
    encoding = windowed.encoding
    if encoding.by_window:
        return
    kind = {"price": "", "log_return": "log returns at the "}.get(encoding.target, "changes at the ")
    rows = len(series.stamps) - first_test
    for name, share in windowed.outside_training_range(first_test).items():
        if share == 0:
            continue
        if share < 0.01:
            outside = round(share * rows)
            much = f"{outside} of the {rows} {kind}test rows {'lies' if outside == 1 else 'lie'}"
        else:
            percent = f"{100 * share:.0f} %" if share < 0.995 or share == 1 else "More than 99 %"
            much = f"{percent} of the {kind}test rows lie"
        scaling = encoding.inputs[name]
        of = "" if len(encoding.inputs) == 1 else f"{name}: "
        yield (
            f"{of}{much} outside the range of the training rows ({scaling.low:.6g} to {scaling.high:.6g}): "
            "there the network has to extrapolate."
        )


def _of_columns_that_tell(windowed: WindowedSeries) -> Iterator[str]:
    """Columns that hold what is to be forecast."""
    encoding = windowed.encoding
    judged = next(iter(encoding.outputs))
    for name in encoding.inputs:
        if name == judged:
            continue
        for step in encoding.steps:
            if symptoms.tells(windowed.columns[name], windowed.values, step):
                yield (
                    f"{name} all but says what {judged} will be {count(step, 'row')} later: if it is not known that "
                    "early, this is leakage, and the errors are worth nothing. Leave it out of data.inputs."
                )
                break
