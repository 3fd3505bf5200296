"""The next values of a series: of a run that was trained on it, or of a CSV file for which one is made."""

import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rnnlab.api.arguments import path_text, percentage, text, whole_number
from rnnlab.api.finding import find_run, runs_folder, warn
from rnnlab.api.keeping import path_of
from rnnlab.api.run import Run
from rnnlab.errors import RunFolderError, UsageError
from rnnlab.words import listed

if TYPE_CHECKING:
    from rnnlab.config import Config
    from rnnlab.display.progress import Silence
    from rnnlab.experiments.forecast import Forecasts

TABLES = (".csv", ".tsv", ".tab", ".txt", ".dat", ".data", ".psv")  # suffixes that no run is likely to end in
CONFIGS = (".yaml", ".yml")
MOST_STEPS = 1000


def forecast(
    run: str | os.PathLike[str] | Run,
    folder: str | os.PathLike[str] | None = None,
    *,
    data: str | os.PathLike[str] | None = None,
    steps: int | None = None,
    level: float = 90.0,
    column: str | None = None,
    overrides: Mapping[str, Any] | Sequence[str] = (),
    seeds: int | Sequence[int] | str | None = None,
    name: str | None = None,
    progress: "bool | Silence" = True,
    on_warning: Callable[[str], None] = warn,
) -> "Forecasts":
    """Forecast the values that come next, with intervals, beside the baselines.

    Leaves `forecast.csv`, `forecast.json` and `plots/ahead.png` in the run folder, where there is one.

    Parameters
    ----------
    run : Run, str or path
        As for :func:`inspect`; of a series. Or a CSV file: networks are trained on it and measured, with settings
        chosen by its length, calendar and level, and a run folder is made as by :func:`rnnlab.train`.
    folder : str or path, optional
        The runs folder; ``RNNLAB_RUNS``, else ``runs``, if left out.
    data : str or path, optional
        Of a run: a CSV file to forecast from in place of the run's data, read as those were.
    steps : int, optional
        How many values; a season of up to 31 rows, else 10, if left out.
    level : float
        Of the intervals, in percent.
    column : str, optional
        Of a file: the column of values; needed where several hold numbers.
    overrides, seeds, name : optional
        Of a file: as for :func:`rnnlab.load`; by default five seeds, and the file's name.
    progress : bool or display
        Of a file: whether to show progress and warnings of the training.
    on_warning : callable, optional
        As for :func:`find_run`.

    Returns
    -------
    Forecasts
        ``verdict``, what the network and its intervals have been worth; ``columns()`` has the table; ``outlook`` the
        forecasts with their errors on the rows that have come; ``run`` the run folder.

    Raises
    ------
    UsageError
        For a level that is no percentage of at least 1 and below 100, fewer than 1 or more than 1,000 steps, and what
        is for a file alone with a run, or for a run alone with a file.
    RunFolderError, ConfigError, DataError
        If the run or the data cannot be used.
    DivergedError
        If every model that was to be trained diverged.
    """
    from rnnlab.experiments.forecast import forecast as run_forecast

    level = percentage(level, "level")
    steps = _checked_steps(steps)
    file = None if isinstance(run, Run) else file_meant(run, folder)
    given = {"column": column, "overrides": overrides or None, "seeds": seeds, "name": name}
    if file is None:
        refuse([key for key, value in given.items() if value is not None])
        path = None if data is None else Path(path_text(data, "data"))
        found = run.trained if isinstance(run, Run) else path_of(run, folder, on_warning)
        return run_forecast(found, data=path, steps=steps, level=level / 100)
    if data is not None:
        raise UsageError(f"data takes the place of a run's data; got a file to train on, {text_of(file)}, too.")
    from rnnlab.api.training import train

    config = config_of_file(file, column=column, steps=steps, level=level, overrides=overrides, seeds=seeds, name=name)
    trained = train(config, runs_folder(folder), progress=progress, command=["rnnlab.forecast"])
    found = run_forecast(trained.trained, steps=steps, level=level / 100)
    if trained.status == "interrupted":
        found.warnings.insert(
            0, "The training was stopped before its end; the forecast is that of the networks so far."
        )
    return found


def config_of_file(
    path: Path,
    *,
    column: str | None = None,
    steps: int | None = None,
    level: float = 90.0,
    overrides: Mapping[str, Any] | Sequence[str] = (),
    seeds: int | Sequence[int] | str | None = None,
    name: str | None = None,
) -> "Config":
    """The config that :func:`forecast` trains on a file.

    Parameters
    ----------
    path : Path
    column, steps, level, overrides, seeds, name
        As for :func:`forecast`.

    Raises
    ------
    UsageError, DataError, ConfigError
        As for :func:`forecast`.
    """
    from rnnlab.api.configs import arguments
    from rnnlab.experiments.series_file import config_of_file as choose

    level, steps = percentage(level, "level"), _checked_steps(steps)
    column = None if column is None else text(column, "column")
    words, seeds, name = arguments(overrides, seeds, name)
    return choose(path, column=column, steps=steps, level=level / 100, overrides=words, seeds=seeds, name=name)


def file_meant(run: str | os.PathLike[str], folder: str | os.PathLike[str] | None = None) -> Path | None:
    """The file of a series that a word means; None where it means a run.

    A path of a file that is there means the file, and so does a word that ends as the name of a table does, but for the
    name of a run that is there.

    Raises
    ------
    UsageError
        For the path of a config.
    """
    from rnnlab.files import user_path

    word = path_text(run, "a run")
    path = user_path(word)
    is_there = os.path.lexists(path) and not path.is_dir()
    looks_so = path.suffix.lower() in TABLES
    if is_there and path.suffix.lower() in CONFIGS:
        raise UsageError(
            f"{text_of(path)} is a config; a run or a CSV file is needed.",
            hint=f"`rnnlab train {text_of(path)}` trains it, then `rnnlab forecast latest` forecasts.",
        )
    if is_there == looks_so:
        return path if is_there else None
    return path if (os.sep in word and is_there) or not _is_run(word, folder) else None


def refuse(names: Sequence[str]) -> None:
    """Refuse what is for a file alone, where a run is given (UsageError)."""
    if names:
        raise UsageError(
            f"{listed(list(names))} {'is' if len(names) == 1 else 'are'} for a CSV file; a run is trained already.",
            hint="Name the file, or train another run: `rnnlab train CONFIG --set KEY=VALUE`.",
        )


def text_of(path: Path) -> str:
    """How messages name a path."""
    from rnnlab.files import name_of

    return name_of(path)


def _is_run(word: str, folder: str | os.PathLike[str] | None) -> bool:
    try:
        find_run(word, folder, on_warning=lambda _sentence: None)
    except RunFolderError:
        return False
    return True


def _checked_steps(steps: int | None) -> int | None:
    steps = None if steps is None else whole_number(steps, "steps")
    if steps is not None and not 1 <= steps <= MOST_STEPS:
        raise UsageError(f"steps must be at least 1 and at most {MOST_STEPS:,}; got {steps:,}.")
    return steps
