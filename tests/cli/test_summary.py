import dataclasses
import inspect
import math
import re
from pathlib import Path

import pytest

from rnnlab.api.facts import metric_names
from rnnlab.cli import summary
from rnnlab.display import console
from rnnlab.experiments.reports import Measured, Progress, TrainSummary
from rnnlab.forecasting.baselines.simple import moving_average
from rnnlab.seeds import Spread

LAST = Progress(300, 300, 300, 300, 0.001, 0.1, 0.04, 3.14)


@pytest.fixture
def trained():
    return TrainSummary(
        run=Path("runs/20261121T170305Z-stock-3f9a"),
        name="stock",
        kind="prices",
        seeds=[0, 1, 2, 3, 4],
        metrics={
            "rmse": Measured(14.7345, 1.0312, [13.7, 15.7, 14.7, 14.7, 14.7]),
            "skill": Measured(-4.3481, 0.351, [-4.0, -4.7, -4.3, -4.3, -4.3]),
            "directional_accuracy": Measured(0.5012, 0.0123, [0.5, 0.5, 0.5, 0.49, 0.52]),
        },
        units={"rmse": "USD"},
        baselines={
            "naive": {"rmse": 2.7545, "skill": 0.0},
            "drift": {"rmse": 2.7533, "skill": 0.0004},
            "seasonal_naive": {"rmse": 3.1},
        },
        headline="The network does not beat persistence.",
        notes=["Clipping at 5.0 fired in 4 % of the updates."],
        record={"tests": {"seasonal_naive": {"season": 6}}},
    )


def test_screen_of_a_training(trained, capsys):
    summary.show(trained, LAST)
    assert capsys.readouterr() == (
        "stock: 5 seeds, 300 epochs, 3.1 s\n"
        "\n"
        "                     RMSE (USD)           skill  direction hits\n"
        "  network, median          14.7           -4.30           0.500\n"
        "    5–95 %         [13.9, 15.5]  [-4.62, -4.06]  [0.492, 0.516]\n"
        "  persistence              2.75               0               –\n"
        "  drift                    2.75        4.00e-04               –\n"
        "  seasonal (6)             3.10               –               –\n"
        "\n"
        "The network does not beat persistence.\n"
        "\n"
        "Clipping at 5.0 fired in 4 % of the updates.\n"
        "\n"
        "run  runs/20261121T170305Z-stock-3f9a\n",
        "",
    )


def test_the_median_forecast_has_a_line_of_its_own(trained):
    """Its RMSE is not the median of the seeds' RMSE; the skill exceeds the floats, and there is no direction."""
    metrics = {"rmse": 9.8765, "skill": math.inf, "directional_accuracy": None}
    combined = {"rule": "median", "seeds": [0, 1, 2, 3, 4], "metrics": metrics}
    assert summary.table(dataclasses.replace(trained, combined=combined), None)[:5] == [
        "                              RMSE (USD)           skill  direction hits",
        "  network, median forecast          9.88               –               –",
        "  single seeds, median              14.7           -4.30           0.500",
        "    5–95 %                  [13.9, 15.5]  [-4.62, -4.06]  [0.492, 0.516]",
        "  persistence                       2.75               0               –",
    ]
    alone = dataclasses.replace(
        trained, seeds=[0], combined=combined, metrics={"rmse": Measured(9.8765, None, [9.8765])}, baselines={}
    )
    assert summary.table(alone, None) == ["           RMSE (USD)", "  network        9.88"]


def test_seeds_that_agree_have_no_line_for_their_interval(trained):
    agree = dataclasses.replace(trained, metrics={"rmse": Measured(2.0, 0.0, [2.0] * 5)}, baselines={})
    assert summary.table(agree, None) == ["                   RMSE (USD)", "  network, median        2.00"]


def test_seeds_that_stopped_early_have_epochs_up_to_the_longest(trained, capsys):
    stopped = dataclasses.replace(trained, record={"stopped_early": {"0": 16, "1": 8}})
    summary.show(stopped, dataclasses.replace(LAST, update=21, epoch=21))
    assert capsys.readouterr().out.startswith("stock: 5 seeds, up to 21 epochs, 3.1 s\n")
    summary.show(dataclasses.replace(stopped, seeds=[0]), dataclasses.replace(LAST, update=21, epoch=21))
    assert capsys.readouterr().out.startswith("stock: 1 seed, 21 epochs, 3.1 s\n")


@pytest.mark.parametrize("width", [60, 80])
def test_table_fits(trained, width):
    lines = summary.table(trained, width)
    assert max(map(len, lines)) <= width
    assert sum("RMSE" in line for line in lines) == 1


def test_a_single_seed_has_no_spread(trained):
    alone = TrainSummary(
        run=trained.run,
        name="stock",
        kind="prices",
        seeds=[3],
        metrics={"rmse": Measured(14.7345, None, [14.7345])},
        units={},
        baselines={},
        headline="",
    )
    assert summary.table(alone, None) == ["           RMSE", "  network  14.7"]


def test_interruption_says_what_to_do(capsys):
    stopped = TrainSummary(
        run=Path("runs/a"),
        name="stock",
        kind="prices",
        seeds=[0, 1],
        metrics={},
        units={},
        baselines={},
        headline="Stopped after update 120 of 300.",
    )
    summary.show(stopped, None)
    assert capsys.readouterr().out == "stock: 2 seeds\n\nStopped after update 120 of 300.\n\nrun  runs/a\n"


def test_everything_fits_a_narrow_terminal(trained, monkeypatch, capsys):
    monkeypatch.setattr(console.Stream, "width", 60)
    summary.show(trained, LAST)
    plain = re.sub(r"\x1b\[[0-9;]*m", "", capsys.readouterr().out)
    assert max(map(len, plain.splitlines())) <= 60


def test_the_median_of_the_seeds_leaves_out_those_without_a_number():
    spread = Measured(3.5, 3.5, [None, 1.0, 7.0, 2.5, None]).spread
    assert (spread.median, spread.low, spread.high) == pytest.approx((2.5, 1.15, 6.55))
    assert Measured(2.0, None, [2.0, None]).spread == Spread(2.0, 2.0, 2.0)
    assert math.isnan(Measured(math.nan, None, [None]).spread.median)


def test_the_width_of_the_moving_average_is_shown():
    width = inspect.signature(moving_average).parameters["width"].default
    assert summary.label("moving_average", metric_names(["csv"])) == f"moving avg ({width})"
