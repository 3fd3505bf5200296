"""A run as Python has it: tables as pandas frames, parameters as arrays, plots as figures."""

from collections.abc import Iterator, Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rnnlab.api.arguments import text
from rnnlab.errors import RunFolderError, UsageError
from rnnlab.printable import described, shortened

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from matplotlib.figure import Figure

    from rnnlab.config import Config
    from rnnlab.engine.batch import Batch
    from rnnlab.engine.network import Network
    from rnnlab.experiments.reports import TrainSummary
    from rnnlab.experiments.trained import Trained
    from rnnlab.runs import RunStore
    from rnnlab.runs.schema import RunRecord


class Run:
    """A run: what was trained, how it went, what it is worth. Made by :func:`rnnlab.train` and :func:`rnnlab.open`.

    R is the number of seeds. Everything is read when it is asked for: of a run that another process is training, the
    record, the tables and the plots are those of the moment, while the networks stay those that were loaded first.

    Parameters
    ----------
    store : RunStore
        Its folder, or the memory that holds it.
    summary : TrainSummary, optional
        Of a training that has just ended.
    """

    def __init__(self, store: "RunStore", summary: "TrainSummary | None" = None) -> None:
        self._store = store
        self.summary = summary

    @property
    def path(self) -> Path | None:
        """The run folder; None for a run in memory."""
        return self._store.path

    @property
    def record(self) -> "RunRecord":
        """The content of run.json: ``run.record.status``, ``run.record.plain()``."""
        if self.path is not None and self._store.record.status == "running":
            from rnnlab.runs import RunFolder

            self._store = RunFolder.open(self.path)
        return self._store.record

    @property
    def name(self) -> str:
        """Name of the experiment."""
        return self.record.name

    @property
    def status(self) -> str:
        """``completed``, ``interrupted``, ``diverged``, ``failed``, ``running``, or ``lost``."""
        return self.record.current_status

    @property
    def seeds(self) -> list[int]:
        """The seeds, in the order of the model axis."""
        return list(self.record.seeds)

    @property
    def headline(self) -> str:
        """The sentence that says what came out; empty where the run did not end."""
        return self.record.headline or ""

    @property
    def warnings(self) -> list[str]:
        """What the reader of the results must know."""
        return list(self.record.warnings)

    @property
    def labels(self) -> list[str]:
        """Its labels; none in memory.

        Raises
        ------
        RunFolderError
            If notes.json is damaged.
        """
        from rnnlab.runs.notes import read_notes

        return [] if self.path is None else list(read_notes(self.path).labels)

    @property
    def notes(self) -> "pd.DataFrame":
        """Its notes, the oldest first: columns ``at`` (UTC) and ``text``."""
        import pandas as pd

        from rnnlab.runs.notes import read_notes

        notes = () if self.path is None else read_notes(self.path).notes
        times = pd.to_datetime([one.at for one in notes], utc=True, errors="coerce", format="ISO8601")
        return pd.DataFrame({"at": times, "text": pd.Series([one.text for one in notes], dtype=object)})

    def label(self, *labels: str, remove: bool = False) -> list[str]:
        """Give the run labels, or take them away, and return all that it has then (see :func:`rnnlab.label`)."""
        from rnnlab.api.keeping import label

        return list(label(self, labels, remove=remove).labels)

    def note(self, words: str) -> None:
        """Write a note to the run (see :func:`rnnlab.note`)."""
        from rnnlab.api.keeping import note

        note(self, words)

    @property
    def diverged(self) -> list[int]:
        """The seeds that diverged."""
        ends = self.record.diverged
        return [seed for seed in self.seeds if isinstance(ends, dict) and str(seed) in ends]

    @property
    def config(self) -> "Config":
        """The config, with every default filled in; of a sweep, what its models have in common.

        Raises
        ------
        RunFolderError, ConfigError
            If config.yaml is missing or can no longer be read.
        """
        if self.path is None:
            return self.trained.config  # type: ignore[return-value]
        from rnnlab.api.configs import load
        from rnnlab.experiments.trained import config_file

        return load(config_file(self.path))

    @property
    def metrics(self) -> "pd.DataFrame":
        """Metrics on held-out data: a row per seed, a column per metric; NaN for a seed that diverged.

        ``run.record.units`` has the units of those that have one.
        """
        import pandas as pd

        columns = {name: list(one.per_seed) for name, one in self.record.metrics.items()}
        return pd.DataFrame(columns, index=pd.Index(self.seeds, name="seed"), dtype=float)

    @property
    def combined(self) -> "pd.Series | None":
        """Metrics of the one forecast of all seeds, their median row by row; None where the task has no such answer."""
        import pandas as pd

        found = self.record.combined
        return None if found is None else pd.Series(found.metrics, dtype=float, name=found.rule)

    @property
    def baselines(self) -> "pd.DataFrame":
        """The same metrics of the baselines, on the same rows: a row per baseline."""
        import pandas as pd

        frame = pd.DataFrame.from_dict(self.record.baselines, orient="index", dtype=float)
        return frame.rename_axis("baseline")

    @property
    def history(self) -> "pd.DataFrame":
        """The rows of metrics.csv by seed and epoch: train_loss, learning_rate, grad_norm, clip_scale, seconds, ...

        ``run.history["train_loss"].unstack("seed")`` has a column per seed.
        """
        return self._rows("metrics.csv", "seed", "epoch").set_index(["seed", "epoch"]).sort_index()

    @property
    def gradient_norms(self) -> "pd.DataFrame":
        """Gradient norms before clipping by seed and update, of a sweep by rho too: in total, and of each parameter."""
        rows = self._rows("gradient_norms.csv", "seed", "update")
        return rows.set_index([key for key in ("rho", "seed", "update") if key in rows]).sort_index()

    @property
    def predictions(self) -> "pd.DataFrame":
        """Forecasts of the test rows by date; by step ahead and date where there are several steps.

        Columns ``actual`` and ``naive``, then one per seed, named by its number, last ``median``, the forecast of all
        seeds.

        Raises
        ------
        RunFolderError
            If the task of the run forecasts no series.
        """
        from rnnlab.forecasting.combination import median_forecast

        rows = self._rows("predictions.csv", "date", "seed", "actual", "naive", "predicted")
        row = [*(["step"] if "step" in rows else []), "date"]
        if rows.duplicated([*row, "seed"]).any():
            raise RunFolderError("'predictions.csv' must have one row for a date and a seed; it has several.")
        shared = rows.drop_duplicates(row).set_index(row)[["actual", "naive"]]
        each = rows.pivot(index=row, columns="seed", values="predicted").rename_axis(columns=None)
        return shared.join(each.assign(median=median_forecast(each.to_numpy(float).T).values))

    def table(self, filename: str) -> "pd.DataFrame":
        """A table of the run as it is, such as ``metrics.csv``, ``gradient_flow.csv``, or a sweep's ``results.csv``.

        Raises
        ------
        RunFolderError
            If the run has no such table, or it cannot be read.
        """
        import pandas as pd

        name = text(filename, "filename")
        frame = pd.DataFrame(self._store.read_table(name))
        if "date" in frame and not pd.api.types.is_numeric_dtype(frame["date"]):  # else the rows are numbered
            try:
                days = pd.to_datetime(frame["date"], format="ISO8601")
            except (ValueError, TypeError) as error:
                why = f"'{shortened(name, 200)}' must have dates in its column date; it has others."
                raise RunFolderError(why) from error
            whole = (days.dt.microsecond == 0).all() and (days.dt.nanosecond == 0).all()
            frame["date"] = days.dt.as_unit("s") if whole else days
        return frame

    def _rows(self, filename: str, *columns: str) -> "pd.DataFrame":
        """A table that must have some columns."""
        frame = self.table(filename)
        if missing := [name for name in columns if name not in frame]:
            raise RunFolderError(f"'{filename}' must have a column {missing[0]}; it has none.")
        return frame

    @property
    def network(self) -> "Network":
        """The network as functions of its parameters: ``run.network.outputs(run.theta, batch)``."""
        return self.trained.setup.network

    @property
    def theta(self) -> "np.ndarray":
        """All parameters after training, flat: (R, P), read-only. A model that diverged has its last finite ones."""
        view = self.trained.theta.view()
        view.flags.writeable = False
        return view

    @property
    def parameters(self) -> "Parameters":
        """The parameters after training by name: ``run.parameters["layer0.W_hh"]`` is (R, H, G H)."""
        return Parameters(self.network, self.theta)

    @property
    def refit_parameters(self) -> "Parameters | None":
        """Those of the networks that were trained on all rows (`training.refit: all`); None where there are none.

        NaN for a model that diverged there. ``parameters``, and all that is measured, are of the tested networks.

        Raises
        ------
        RunFolderError
            If they are gone, or damaged.
        """
        from rnnlab.experiments.refit import theta_of

        if self._store.record.refit is None:
            return None
        return Parameters(self.network, theta_of(self._store, self.trained.theta))

    @property
    def initial_parameters(self) -> "Parameters":
        """The parameters before training, drawn again from the seeds."""
        return Parameters(self.network, self.trained.setup.theta)

    @property
    def sequences(self) -> "Batch":
        """All training sequences as the network reads them: ``inputs`` (T, B, I) or tokens (T, B), and ``targets``."""
        return self.trained.task.sequences

    def outputs(self, inputs: "np.ndarray") -> "np.ndarray":
        """What the networks answer to inputs.

        Parameters
        ----------
        inputs : (T, B, I) of numbers, or (T, B) of tokens
            B sequences of T steps, as the network reads them (see `sequences`): of a series, scaled values.

        Returns
        -------
        (R, B, O), or (T, R, B, O) where there is an output at every step
        """
        import numpy as np

        from rnnlab.engine.batch import Batch

        given, tokens = np.asarray(inputs), self.sequences.tokens
        if given.dtype.kind not in ("iu" if tokens else "iufb"):
            kind = "tokens, whole numbers" if tokens else "numbers"
            raise UsageError(f"inputs must be {kind}; got {described(inputs)} of {given.dtype}.")
        given = given if tokens else given.astype(self.theta.dtype)
        try:
            with np.errstate(over="ignore", invalid="ignore"):
                return self.network.outputs(self.theta, Batch(given))[0]
        except ValueError as error:
            raise UsageError(f"inputs: {error}") from error

    def gradient_flow(self, *, initial: bool = False) -> "pd.DataFrame":
        """Gradients by lag of the networks as they are now, on the first training sequences.

        Parameters
        ----------
        initial : bool
            With the parameters before training instead.

        Returns
        -------
        DataFrame
            By seed and lag: ``transport``, the norm of dL_T/dh_{T-lag} for a loss at the last step only;
            ``jacobian``, the Frobenius norm of dh_T/dh_{T-lag} over sqrt(H), which needs no loss; ``total``, the norm
            of dL/dh_{T-lag} of the whole loss. The columns of gradient_flow.csv.
        """
        import pandas as pd

        from rnnlab.experiments.gradient_flow import flow_of

        setup = self.trained.setup
        columns = flow_of(setup, setup.theta if initial else self.theta, self.seeds)
        return pd.DataFrame(columns).set_index(["seed", "lag"])

    @property
    def plots(self) -> list[str]:
        """Names that `plot` takes."""
        return [name.removesuffix(".png") for name in self._figures()]

    def plot(self, name: str) -> "Figure":
        """Draw one of the run's plots, such as "forecast" or "training" (see `plots`), as a matplotlib Figure.

        It is drawn from the tables of the run, as ``rnnlab plot`` draws it; what they lack is a UserWarning.

        Raises
        ------
        UsageError
            If the run has no such plot.
        RunFolderError
            If its tables cannot be read.
        """
        from rnnlab.experiments.redraw import named

        figures = self._figures()
        return figures[named(text(name, "name"), figures)]()

    @cached_property
    def trained(self) -> "Trained":
        """The networks and their data, of a run that was opened loaded again."""
        if self.summary is not None and self.summary.trained is not None:
            return self.summary.trained
        from rnnlab.experiments.trained import load_run

        assert self.path is not None
        return load_run(self.path)

    def _figures(self) -> Mapping[str, Any]:
        from rnnlab.api.finding import warn
        from rnnlab.experiments.redraw import stored_figures

        return stored_figures(self._store, self.config, warn, lambda: self.trained)

    def __repr__(self) -> str:
        from rnnlab.display.numbers import significant
        from rnnlab.experiments.registry.rows import median

        record = self.record
        parts = [record.current_status, record.verb or ""]
        for name, metric in [*record.metrics.items()][:1]:
            parts.append(f"{name} {significant(median(metric.per_seed))}")
        where = shortened(f"{self.name} in memory" if self.path is None else self.path.name)
        return f"<rnnlab.Run {where}: {', '.join(filter(None, parts))}>"


class Parameters(Mapping[str, "np.ndarray"]):
    """Parameters by name, with the model axis in front: views that are not to be written to.

    Parameters
    ----------
    network : Network
    theta : (R, P)
    """

    def __init__(self, network: "Network", theta: "np.ndarray") -> None:
        self._layout, self._theta = network.layout, theta

    def __getitem__(self, name: str) -> "np.ndarray":
        if name not in self._layout.names:
            raise KeyError(f"{name}: the parameters are {', '.join(self._layout.names)}")
        view = self._layout.view(self._theta, name)
        view.flags.writeable = False
        return view

    def __iter__(self) -> Iterator[str]:
        return iter(self._layout.names)

    def __len__(self) -> int:
        return len(self._layout.names)

    def __repr__(self) -> str:
        return f"Parameters({', '.join(f'{name} {array.shape}' for name, array in self.items())})"
