"""A problem: sequences to train on, and how a trained network is measured. One module per kind of data builds one."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from rnnlab.engine.batch import Batch
from rnnlab.engine.network import Network

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@dataclass(frozen=True)
class Evaluation:
    """What R trained models are worth on held-out data.

    Attributes
    ----------
    metrics : mapping of str to (R,)
        NaN for a model that diverged before it could say anything.
    units : mapping of str to str
    baselines : mapping of str to mapping of str to float
        Baseline -> metric -> value, on the same rows.
    headline : str
        The one sentence that says what came out.
    warnings : sequence of str
    tables : mapping of str to mapping of str to array
        File name -> columns, for the run folder.
    figures : mapping of str to callable
        File name -> what draws the figure.
    tests : mapping
        What the headline rests on: name -> statistics and p-values per seed.
    """

    metrics: Mapping[str, np.ndarray]
    units: Mapping[str, str]
    baselines: Mapping[str, Mapping[str, float]]
    headline: str
    warnings: Sequence[str] = ()
    tables: Mapping[str, Mapping[str, object]] = field(default_factory=dict)
    figures: Mapping[str, "Callable[[], Figure]"] = field(default_factory=dict)
    tests: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True)
class Problem:
    """What a config's `data` section stands for.

    Attributes
    ----------
    sequences : Batch
        All training sequences.
    input_size, output_size : int
    record : mapping
        The `data` entry of run.json: source, sha256, rows, first, last.
    description : str
        One sentence: what is trained on.
    evaluate : function of (network, theta (R, P))
    warnings : sequence of str
        What can be said before training.
    """

    sequences: Batch
    input_size: int
    output_size: int
    record: Mapping[str, object]
    description: str
    evaluate: Callable[[Network, np.ndarray], Evaluation]
    warnings: Sequence[str] = ()


def build_problem(config) -> Problem:
    """Load or make the data of a config.

    Raises
    ------
    DataError
        If they cannot be read or are too few.
    """
    from rnnlab.experiments import forecast_problem, synthetic_problem, text_problem

    builders = {
        "prices": forecast_problem.build,
        "csv": forecast_problem.build,
        "text": text_problem.build,
        "synthetic": synthetic_problem.build,
    }
    return builders[config.data.kind](config)
