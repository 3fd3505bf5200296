"""`train` from a config to a run folder: what it holds, that it repeats, and that a seed is a seed."""

import csv
import hashlib
import json
import re
import shutil
from datetime import datetime
from types import SimpleNamespace

import numpy as np
import pytest

from rnnlab.config import fingerprint
from rnnlab.engine.divergence import describe
from rnnlab.errors import DivergedError, RunWriteError
from rnnlab.experiments import outcome
from rnnlab.experiments.outcome import _falling_note, _measured
from rnnlab.runs import RunFolder

WILD = ("training.optimizer.learning_rate=1e300", "model.activation=identity")


def rows_of(path):
    with open(path, newline="") as file:
        return list(csv.reader(file))


# The run folder


@pytest.fixture
def finished(run_of):
    return run_of("training.clip.kind=norm", "training.clip.threshold=0.5", seeds="3,5", plots=True)


@pytest.mark.painted
def test_the_files_of_a_run(finished):
    files = {str(file.relative_to(finished.path)) for file in finished.path.rglob("*") if file.is_file()}
    assert files - {"code.patch"} == {  # that one only where rnnlab's own source was changed since its commit
        ".lock",
        "run.json",
        "config.yaml",
        "metrics.csv",
        "gradient_norms.csv",
        "predictions.csv",
        "task.json",
        "training_rows.csv",
        "log.txt",
        "checkpoints/0001.json",
        "checkpoints/0001.npz",
        "plots/training.png",
        "plots/gradient_norms.png",
        "plots/forecast.png",
    }
    for plot in (finished.path / "plots").iterdir():
        assert plot.read_bytes().startswith(b"\x89PNG\r\n\x1a\n")
    assert re.fullmatch(r"\d{8}T\d{6}Z-small-[0-9a-f]{4}", finished.path.name)


def test_columns_and_rows_of_the_tables(finished):
    metrics = rows_of(finished.path / "metrics.csv")
    measured = ["train_loss", "learning_rate", "grad_norm", "clip_scale", "seconds"]
    assert metrics[0] == ["seed", "epoch", "update", *measured]
    assert [row[:3] for row in metrics[1:]] == [[seed, e, e] for e in "1234" for seed in "35"]
    assert {row[4] for row in metrics[1:]} == {"0.05"}

    norms = rows_of(finished.path / "gradient_norms.csv")
    parameters = ["layer0.W_hh", "layer0.W_xh", "layer0.b_h", "readout.W_ho", "readout.b_o"]
    assert norms[0] == ["seed", "update", "total", "clip_scale", *parameters, "loss"]
    losses = [np.array([row[k] for row in rows[1:]], float) for rows, k in ((norms, -1), (metrics, 3))]
    np.testing.assert_allclose(*losses, rtol=1e-12)  # an epoch is one update
    assert [row[:2] for row in norms[1:]] == [[seed, u] for u in "1234" for seed in "35"]
    of_parameters = np.array([row[4:-1] for row in norms[1:]], float)
    total, scale = (np.array([row[k] for row in norms[1:]], float) for k in (2, 3))
    np.testing.assert_allclose(np.sqrt((of_parameters**2).sum(axis=1)), total, rtol=1e-12)
    np.testing.assert_allclose(scale, np.minimum(1, 0.5 / total), rtol=1e-12)
    assert [row[2] for row in norms[1:]] == [row[5] for row in metrics[1:]]

    predictions = rows_of(finished.path / "predictions.csv")
    assert predictions[0] == ["seed", "date", "actual", "predicted", "naive", "best_baseline", "median"]
    assert [row[0] for row in predictions[1:]] == ["3"] * 12 + ["5"] * 12


def test_the_record_of_a_run(finished):
    record = json.loads((finished.path / "run.json").read_text())
    assert record == finished.record
    assert record["schema_version"] == 1
    assert (record["id"], record["name"], record["kind"]) == (finished.path.name, "small", "csv")
    assert record["status"] == "completed"
    assert record["seeds"] == [3, 5]
    assert record["command"] == ["rnnlab", "train"]
    began, ended = (datetime.fromisoformat(record[key]) for key in ("started_at", "ended_at"))
    assert began.tzinfo is not None
    assert began <= ended
    names = {"rmse", "mae", "mape", "smape", "mase", "rmsse", "skill", "directional_accuracy"}
    assert set(record["metrics"]) == names
    for spread in record["metrics"].values():
        assert spread["mean"] == pytest.approx(np.mean(spread["per_seed"]))
        assert spread["sd"] == pytest.approx(np.std(spread["per_seed"], ddof=1))
    assert "naive" in record["baselines"]
    assert all(set(scores) == names for scores in record["baselines"].values())
    assert {"source", "sha256", "rows", "first", "last"} <= set(record["data"])
    assert (record["data"]["rows"], record["data"]["train_rows"], record["data"]["test_rows"]) == (60, 48, 12)
    assert (record["data"]["first"], record["data"]["last"]) == ("2020-01-01", "2020-02-29")
    assert {"version", "git_commit", "git_dirty", "patch"} <= set(record["code"])
    text = (finished.path / "config.yaml").read_text()
    assert record["config"] == {"sha256": fingerprint(text)}
    assert f"  sha256: {record['data']['sha256']}\n" in text
    for name, table in record["tables"].items():
        content = (finished.path / name).read_bytes()
        assert table == {"bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}
    assert {"python", "numpy", "blas", "cpu"} <= set(record["environment"])
    assert record["diverged"] == {}
    assert record["headline"] == finished.summary.headline


def test_the_metrics_follow_from_the_predictions(finished):
    table = finished.table("predictions.csv")
    for seed, rmse, mae in zip(
        (3, 5), *(finished.record["metrics"][m]["per_seed"] for m in ("rmse", "mae")), strict=True
    ):
        error = (table["predicted"] - table["actual"])[table["seed"] == seed]
        assert rmse == pytest.approx(np.sqrt(np.mean(error**2)))
        assert mae == pytest.approx(np.mean(np.abs(error)))


def test_the_median_forecast_follows_from_the_predictions(finished):
    table, combined = finished.table("predictions.csv"), finished.record["combined"]
    first, second = (table["predicted"][table["seed"] == seed] for seed in (3, 5))
    middle = table["median"][table["seed"] == 3]
    np.testing.assert_allclose(middle, (first + second) / 2, rtol=1e-14)
    np.testing.assert_array_equal(middle, table["median"][table["seed"] == 5])
    error = middle - table["actual"][table["seed"] == 3]
    assert (combined["rule"], combined["seeds"]) == ("median", [3, 5])
    assert combined["metrics"].keys() == finished.record["metrics"].keys()
    assert combined["metrics"]["rmse"] == pytest.approx(np.sqrt(np.mean(error**2)))
    assert finished.record["tests"]["diebold_mariano"]["median"].keys() == finished.record["baselines"].keys()
    assert finished.summary.combined == combined


def test_how_often_clipping_fired(finished):
    scale = finished.table("gradient_norms.csv")["clip_scale"]
    share = np.mean(scale < 1)
    assert 0 < share < 1
    assert finished.record["clipped_share"] == share
    sentence = f"Clipping (norm, threshold 0.5) fired in {100 * share:.1f} % of 4 updates x 2 seeds."
    assert sentence in finished.summary.notes
    assert sentence in (finished.path / "log.txt").read_text()


def clipping_notes(run):
    return [note for note in run.summary.notes if note.startswith(("Clipping", "The median gradient"))]


def test_clipping_of_nearly_every_update_is_explained_by_the_norms_of_the_run(run_of):
    run = run_of("training.clip={kind: norm, threshold: 0.01}", seeds="2")
    norms = run.table("gradient_norms.csv")["total"]
    assert (norms > 0.01).all()
    middle, mean = np.median(norms), np.mean(norms)
    assert clipping_notes(run) == [
        "Clipping (norm, threshold 0.01) fired in 100.0 % of 4 updates x 2 seeds.",
        f"The median gradient norm was {middle:.3g}, {middle / 0.01:.3g} times the threshold; after clipping, the "
        "gradient of every update had a norm of 0.01. Thresholds of 0.5 to 10 times the mean norm are usual (Pascanu "
        f"et al. 2013): here {0.5 * mean:.3g} to {10 * mean:.3g}.",
    ]


def test_the_norm_of_a_loss_summed_over_the_steps_is_called_so(run_of, folder):
    (folder / "text.yaml").write_text(
        "data: {kind: text, text: 'abcabcbbcabacbabcc', repeat: 20, chunk: 9}\nmodel: {hidden_size: 4}\n"
        "training: {updates: 20, batch_size: 1}\n"
    )
    run = run_of("training.clip={kind: norm, threshold: 0.1}", config="text.yaml")
    assert "The median gradient norm, of a loss summed over the steps, was" in clipping_notes(run)[1]
    by_value = clipping_notes(run_of("training.clip={kind: value, threshold: 1e-4}", config="text.yaml"))
    assert by_value[1].endswith(": clipping changed the gradient of every update.")
    assert len(clipping_notes(run_of("training.clip={kind: norm, threshold: 1e6}", config="text.yaml"))) == 1


@pytest.mark.parametrize(
    ("share", "said"),
    [
        (0.0, "in 0.0 %"),
        (2e-4, "in less than 0.1 %"),
        (0.034, "in 3.4 %"),
        (0.9998, "in more than 99.9 %"),
        (1.0, "in 100.0 %"),
    ],
)
def test_clipping_that_fired_once_in_a_while_is_neither_never_nor_always(run_of, share, said):
    config = run_of("training.epochs=1", "training.clip=norm").config
    recorder = SimpleNamespace(update_count=2, made=2, clipped_share=share, median_norm=7.0, mean_norm=7.0)
    notes = outcome._fitting_note(config, recorder)
    assert said in notes[0]
    assert [note.startswith("The median gradient norm was 7, ") for note in notes[1:]] == [True] * (share > 0.9)
    if share > 0.9:
        assert ("after clipping, the gradient of every update" in notes[1]) == (share == 1)


def test_clipping_counts_the_updates_that_were_made(run_of):
    run = run_of(
        "training.early_stopping={patience: 2, validation_fraction: 0.3}",
        "training.epochs=150",
        "training.batch_size=5",
        "training.clip={kind: norm, threshold: 1e3}",
        seeds="4",
    )
    made = len(run.table("gradient_norms.csv")["seed"])
    assert clipping_notes(run) == [
        f"Clipping (norm, threshold 1000) fired in 0.0 % of {made} updates that 4 seeds made."
    ]


def test_without_clipping_nothing_is_said_to_fire(run_of):
    run = run_of()
    assert run.record["clipped_share"] == 0
    assert "Gradients were not clipped." in run.summary.notes
    assert run.record["metrics"]["rmse"]["sd"] is None


def test_the_log_says_what_was_said(finished):
    log = (finished.path / "log.txt").read_text().splitlines()
    assert any(
        f"{finished.path.parent.parent}/series.csv: 60 rows, daily, 2020-01-01 to 2020-02-29" in line for line in log
    )
    assert [line.removeprefix("warning: ") for line in log if line.startswith("warning: ")] == finished.summary.warnings
    assert finished.summary.headline in log
    assert not re.search(r"[\x00-\x1f]", "".join(log))


# Repetition


@pytest.mark.parametrize(
    "overrides",
    [
        (),
        ("training.batch_size=7", "training.optimizer=adam", "model.cell=gru", "data.target=difference"),
        ("training.early_stopping.patience=2", "training.epochs=30", "training.batch_size=9"),
        ("model.dtype=float32", "model.init.W_hh=orthogonal", "training.schedule={kind: cosine, warmup: 1}"),
    ],
)
def test_the_config_of_a_run_repeats_it(run_of, overrides):
    first = run_of(*overrides, seeds="2")
    second = run_of(config=first.path / "config.yaml")
    assert second.path != first.path
    for name in ("gradient_norms.csv", "predictions.csv"):
        assert (second.path / name).read_bytes() == (first.path / name).read_bytes()
    without_time = [[row[:7] + row[8:] for row in rows_of(run.path / "metrics.csv")] for run in (first, second)]
    assert without_time[0] == without_time[1]
    assert second.record["metrics"] == first.record["metrics"]
    assert (second.path / "config.yaml").read_bytes() == (first.path / "config.yaml").read_bytes()


@pytest.mark.parametrize(
    "overrides",
    [
        (),
        ("training.batch_size=7", "training.clip={kind: norm, threshold: 0.3}"),
        ("model.cell=lstm", "model.layers=2"),
    ],
)
def test_a_seed_among_others_is_the_seed_alone(run_of, overrides):
    together = run_of(*overrides, seeds="3")
    for seed in range(3):
        alone = run_of(*overrides, seeds=f"{seed},")
        for name in ("metrics.csv", "gradient_norms.csv", "predictions.csv"):
            many, lone = together.table(name), alone.table(name)
            mine = many["seed"] == seed
            assert set(lone["seed"]) == {seed}
            for column in set(lone) - {"seconds", "date", "median"}:
                np.testing.assert_allclose(many[column][mine], lone[column], rtol=1e-9, err_msg=f"{name}: {column}")


def test_seeds_differ(run_of):
    table = run_of(seeds="3").table("predictions.csv")
    predicted = table["predicted"].reshape(3, -1)
    assert len({row.tobytes() for row in predicted}) == 3


# How the loss ended


def test_the_loss_is_still_falling_in_the_seeds_of_which_it_is_said():
    epochs = np.arange(100)
    falling, flat = 0.99**epochs, np.full(100, 0.5)
    recovering = np.where(epochs == 89, 3.0, 1.0)  # lower than ten epochs ago, and never lower than before
    diverged = np.where(epochs < 50, falling, np.nan)
    fast = 0.97**epochs
    said = "The training loss was still falling{}, by {} over the last 10 epochs."
    for loss, where, by in (
        ([falling], "", "10 %"),
        ([falling, flat], " in 1 of 2 seeds", "10 %"),
        (
            [falling, flat, recovering, diverged, fast],
            " in 2 of 5 seeds",
            "18 % (median of 2 seeds, 5–95 %: 10 to 25 %)",
        ),
        ([falling, falling], " in 2 of 2 seeds", "10 %"),
    ):
        (note,) = _falling_note(np.array(loss))
        assert note.startswith(said.format(where, by))
    for loss in ([flat], [recovering, diverged], [falling[:9]]):
        assert _falling_note(np.array(loss)) == []


def test_mean_and_standard_deviation_of_seeds_of_any_size():
    for scale in (1.0, 2.0**1000, 2.0**-1000):
        measured = _measured(scale * np.array([1.0, 2.0, np.nan, 6.0]))
        assert measured.mean == 3.0 * scale
        assert measured.sd == pytest.approx(np.sqrt(7) * scale, rel=1e-14)
        assert measured.per_seed == [scale, 2.0 * scale, None, 6.0 * scale]


def test_what_early_stopping_held_out_is_told(run_of):
    run = run_of("training.early_stopping={patience: 2, validation_fraction: 0.25}")
    assert "; 44 windows of 4 rows to train on, " in run.summary.notes[0]
    assert run.summary.notes[1] == "Early stopping held out the last 11 of these 44; 33 were trained on."


# What a config can ask for


def test_single_precision_is_single_precision(run_of):
    single, double = run_of("model.dtype=float32"), run_of()
    checkpoint = single.checkpoint()
    assert checkpoint is not None
    assert checkpoint.arrays["theta"].dtype == np.float32
    a, b = single.record["metrics"]["rmse"]["mean"], double.record["metrics"]["rmse"]["mean"]
    assert a != b
    assert a == pytest.approx(b, rel=1e-4)


def test_early_stopping_ends_each_seed_at_its_own_epoch(run_of):
    run = run_of(
        "training.early_stopping={patience: 2, validation_fraction: 0.3}",
        "training.epochs=150",
        "training.batch_size=5",
        seeds="4",
    )
    table = run.table("metrics.csv")
    ends = [int(table["epoch"][table["seed"] == seed].max()) for seed in range(4)]
    assert len(set(ends)) > 1
    assert max(ends) < 150
    for seed, end in enumerate(ends):
        losses = table["validation_loss"][table["seed"] == seed]
        assert len(losses) == end
        assert np.argmin(losses) == end - 3  # patience 2: two epochs without a better one
    checkpoint = run.checkpoint()
    assert checkpoint is not None
    np.testing.assert_array_equal(checkpoint.arrays["theta"], checkpoint.arrays["best"])


def test_how_long_was_trained_is_told_to_the_last_update_whatever_ended_it(run_of):
    told = []
    run = run_of(
        "training.early_stopping={patience: 2, validation_fraction: 0.3}",
        "training.epochs=150",
        "training.batch_size=5",
        seeds="2",
        on_progress=told.append,
    )
    table = run.table("metrics.csv")
    assert told[-1].epoch == table["epoch"].max() < 150
    median, low, high = np.quantile(list(run.record["stopped_early"].values()), [0.5, 0.05, 0.95])
    assert run.summary.notes[-1] == (
        "Early stopping ended 2 of 2 seeds; their parameters are those of their best epochs: "
        f"{median:.0f} (median of 2 seeds, 5–95 %: {low:.0f} to {high:.0f})."
    )
    lone = run_of(
        "training.early_stopping={patience: 2, validation_fraction: 0.3}",
        "training.epochs=150",
        "training.batch_size=5",
    )
    assert lone.summary.notes[-1].startswith("Early stopping ended training; the parameters are those of epoch ")
    never = run_of("training.early_stopping={patience: 99, validation_fraction: 0.3}")
    assert never.summary.notes[-1] == "Early stopping never fired; the parameters are those of the best epoch."


@pytest.mark.parametrize(("updates", "epochs"), [(6, 2), (4, 1), (3, 1)])
def test_epochs_are_counted_where_they_are_whole(run_of, updates, epochs):
    told = []
    run_of("training.epochs=null", f"training.updates={updates}", "training.batch_size=20", on_progress=told.append)
    assert told[-1].epochs == epochs


def test_the_epoch_told_is_the_one_whose_parameters_remain(run_of):
    """With a `min_delta` that is not the epoch of the lowest loss."""
    run = run_of(
        "training.early_stopping={patience: 3, min_delta: 0.003, validation_fraction: 0.3}", "training.epochs=60"
    )
    losses = run.table("metrics.csv")["validation_loss"]
    best = np.inf
    for epoch, loss in enumerate(losses, start=1):
        if loss < best - 0.003:
            best, kept = loss, epoch
    assert kept == len(losses) - 3
    assert np.argmin(losses) + 1 != kept
    assert run.record["stopped_early"] == {"0": kept}
    assert run.checkpoint().arrays["best_loss"] == best


def test_the_validation_tail_is_not_trained_on(run_of, values, write_series):
    """The last training rows change: with early stopping no weight does, without it they do."""
    hold_out = "training.early_stopping={patience: 99, validation_fraction: 0.25}"
    thetas = {}
    for name in ("one", "other"):
        changed = values.copy()
        if name == "other":
            changed[45:48] = changed[45:48][::-1]
        write_series(changed)
        for options in ((hold_out,), ()):
            checkpoint = run_of("training.epochs=1", "data.scaler=none", *options).checkpoint()
            thetas[name, bool(options)] = checkpoint.arrays["before"], checkpoint.arrays["theta"]
    np.testing.assert_array_equal(thetas["one", True], thetas["other", True])
    assert not np.array_equal(thetas["one", False], thetas["other", False])


@pytest.mark.parametrize(
    "option", ["training.l2=0.5", "training.omega={alpha: 2.0}", "training.omega={alpha: 2.0, form: norm}"]
)
def test_a_penalty_is_part_of_the_loss_and_changes_the_weights(run_of, option):
    plain, penalised = run_of(), run_of(option)
    losses = [run.table("metrics.csv")["train_loss"] for run in (plain, penalised)]
    assert losses[1][0] > losses[0][0]
    thetas = [run.checkpoint().arrays["theta"] for run in (plain, penalised)]
    assert not np.allclose(*thetas)


def test_batches_and_epochs(run_of):
    run = run_of("training.batch_size=10", "training.epochs=3")  # 44 windows: batches of 10, 10, 10, 10, 4
    metrics, norms = run.table("metrics.csv"), run.table("gradient_norms.csv")
    assert norms["update"].tolist() == list(range(1, 16))
    assert metrics["update"].tolist() == [5, 10, 15]
    assert metrics["epoch"].tolist() == [1, 2, 3]
    np.testing.assert_array_equal(metrics["grad_norm"], norms["total"][4::5])


def test_the_loss_of_an_epoch_is_the_mean_over_its_sequences(run_of):
    """With a rate of next to nothing the batches of an epoch, however sliced, have the full batch's loss."""
    still = "training.optimizer.learning_rate=1e-300"
    full = run_of(still, "training.epochs=1").table("metrics.csv")["train_loss"]
    parts = run_of(still, "training.epochs=1", "training.batch_size=10").table("metrics.csv")["train_loss"]
    np.testing.assert_allclose(parts, full, rtol=1e-13)


def test_the_loss_of_an_epoch_is_that_of_whole_sequences_however_they_are_cut(run_of, folder):
    """With a rate of next to nothing; 10 steps in segments of 4, 4 and 2."""
    (folder / "echo.yaml").write_text(
        "data: {kind: synthetic, task: echo, length: [5, 10], sequences: 40}\nmodel: {hidden_size: 3}\n"
        "training: {batch_size: 8, epochs: 2, optimizer: {kind: sgd, learning_rate: 1e-300}}\n"
    )
    whole, cut = (
        run_of(f"training.tbptt_steps={k}", "training.early_stopping.patience=9", config="echo.yaml").table(
            "metrics.csv"
        )
        for k in ("null", 4)
    )
    np.testing.assert_allclose(cut["train_loss"], whole["train_loss"][0], rtol=1e-13)
    np.testing.assert_allclose(cut["validation_loss"], whole["validation_loss"][0], rtol=1e-13)


def test_updates_may_cut_an_epoch_short(run_of):
    table = run_of("training.batch_size=10", "training.epochs=null", "training.updates=7").table("metrics.csv")
    assert table["update"].tolist() == [5, 7]
    assert table["epoch"].tolist() == [1, 2]


def test_checkpoints_every_so_often(run_of):
    run = run_of("training.checkpoint.every=2", "training.epochs=5")
    kept = sorted((run.path / "checkpoints").glob("*.json"))
    assert [json.loads(file.read_text())["metadata"]["update"] for file in kept][-1] == 5
    assert run.checkpoint().arrays["done"] == 5


def test_progress_is_told_from_the_first_update_to_the_last(run_of):
    told = []
    run_of("training.epochs=7", on_progress=told.append)
    assert (told[0].update, told[-1].update) == (1, 7)
    assert {(look.updates, look.epochs) for look in told} == {(7, 7)}
    assert np.isfinite([[look.loss, look.gradient_norm, look.elapsed] for look in told]).all()


def test_asked_to_stop_it_keeps_a_checkpoint(run_of):
    asked = iter([False, False, False, True])  # once before the first update, then after each
    run = run_of("training.epochs=9", should_stop=lambda: next(asked))
    assert run.record["status"] == "interrupted"
    assert run.checkpoint().arrays["done"] == 3
    assert run.summary.headline.startswith("Stopped after update 3 of 9; the state is kept in a checkpoint. ")
    assert (
        run.record["metrics"]["rmse"]["per_seed"] == run_of("training.epochs=3").record["metrics"]["rmse"]["per_seed"]
    )
    assert len(run.table("predictions.csv")["date"])
    assert run.table("metrics.csv")["epoch"].tolist() == [1, 2, 3]


@pytest.mark.parametrize("updates", [1, 2, 4, 5])
def test_stopped_within_an_epoch_it_writes_what_it_has_of_the_epoch(run_of, updates):
    asked = iter([False] * updates + [True])  # once before the first update
    options = ("training.batch_size=20", "training.epochs=9")  # three updates an epoch
    run = run_of(*options, seeds="2", should_stop=lambda: next(asked))
    table, whole = run.table("metrics.csv"), run_of(*options, seeds="2").table("metrics.csv")
    epochs, rest = divmod(updates, 3)
    assert table["epoch"].tolist() == [epoch for epoch in range(1, epochs + bool(rest) + 1) for _ in range(2)]
    assert table["update"][-1] == updates
    np.testing.assert_array_equal(table["train_loss"][: 2 * epochs], whole["train_loss"][: 2 * epochs])
    assert np.isfinite(table["train_loss"]).all()
    assert len(run.table("gradient_norms.csv")["update"]) == 2 * updates
    assert run.checkpoint().arrays["done"] == updates


def test_a_second_signal_leaves_the_rows_that_there_are(run_of, folder):
    asked = iter([False, False, False])

    def stop():
        try:
            return next(asked)
        except StopIteration:
            raise KeyboardInterrupt from None

    with pytest.raises(KeyboardInterrupt):
        run_of("training.batch_size=20", "training.epochs=9", should_stop=stop)
    (run,) = (folder / "runs").iterdir()
    assert RunFolder.open(run).read_table("metrics.csv")["update"].tolist() == [3]


def test_asked_to_stop_at_the_last_update_it_is_done(run_of):
    run = run_of("training.epochs=1", should_stop=lambda: True)
    assert run.record["status"] == "completed"


# Divergence


@pytest.mark.usefixtures("folder")
def test_where_all_seeds_diverge_the_last_finite_state_is_kept(run_of):
    with pytest.raises(DivergedError) as caught:
        run_of(*WILD, seeds="3")
    message = caught.value.message
    assert re.search(r"seed 0 diverged at update 2: layer0\.h at step \d is not finite\.", message)
    assert "So did the other 2 seeds; log.txt says where." in message
    run = RunFolder.open(caught.value.run)
    assert str(run.path) in message
    assert run.record.status == "diverged"
    checkpoint = run.latest_checkpoint()
    assert checkpoint is not None
    assert np.isfinite(checkpoint.arrays["theta"]).all()
    assert not checkpoint.arrays["active"].any()
    log = (run.path / "log.txt").read_text()
    assert all(f"warning: seed {seed} diverged at update 2" in log for seed in range(3))
    assert not (run.path / "predictions.csv").exists()


def test_a_hint_fits_the_clipping_there_is(run_of):
    with pytest.raises(DivergedError) as caught:
        run_of(*WILD)
    assert "clip: {kind: norm, threshold: 1.0}" in caught.value.hint
    with pytest.raises(DivergedError) as caught:
        run_of(*WILD, "training.clip={kind: value, threshold: 1e-3}")
    assert "a smaller training.clip.threshold" in caught.value.hint


def test_a_hint_speaks_of_initial_weights_where_no_update_was_made(run_of):
    with pytest.raises(DivergedError, match="diverged at update 1") as caught:
        run_of("model.activation=identity", "model.init.W_hh={kind: normal, rho: 1e200}")
    assert caught.value.hint == "No update had been made: give smaller initial weights in model.init."


def test_a_divergence_in_the_very_last_update_counts(run_of):
    with pytest.raises(DivergedError, match="diverged at update 1"):
        run_of(*WILD, "training.epochs=1")


def test_some_seeds_may_diverge_without_the_others(run_of):
    """One relu unit whose weight is huge: it explodes where the weight is positive and is silenced where it is not."""
    explosive = (
        "model.activation=relu",
        "model.hidden_size=1",
        "model.init.W_hh={kind: normal, std: 1e12}",
        "data.lookback=40",
    )
    run = run_of(*explosive, seeds="20")
    diverged = sorted(int(seed) for seed in run.record["diverged"])
    others = [seed for seed in range(20) if seed not in diverged]
    assert len(diverged) > 3  # more than are told one by one
    assert others
    assert run.record["status"] == "completed"
    per_seed = run.record["metrics"]["rmse"]["per_seed"]
    assert [seed for seed in range(20) if per_seed[seed] is None] == diverged
    kept = [per_seed[seed] for seed in others]
    assert run.record["metrics"]["rmse"]["mean"] == pytest.approx(np.mean(kept))
    assert run.record["metrics"]["rmse"]["sd"] == pytest.approx(np.std(kept, ddof=1))
    assert {where["update"] for where in run.record["diverged"].values()} == {1}
    assert set(run.table("metrics.csv")["seed"]) == set(others)
    assert f"{len(diverged)} of 20 seeds diverged; log.txt names them all." in run.summary.warnings
    log = (run.path / "log.txt").read_text()
    for seed, where in run.record["diverged"].items():
        assert re.fullmatch(r"layer0\.h at step \d+", where["tensor"])
        assert f"warning: seed {seed} diverged at update 1: {where['tensor']} is not finite." in log
    alone = run_of(*explosive, seeds=f"{others[0]},")
    assert alone.record["metrics"]["rmse"]["mean"] == pytest.approx(kept[0], rel=1e-9)


def test_the_last_finite_state_of_a_seed_that_diverged_is_no_result(run_of):
    """Linear units at a rate that only the largest initial weights are too large for: seed 3 leaves, five stay."""
    linear = (
        "model.activation=identity",
        "model.init.W_hh={kind: normal, rho: 3.0}",
        "model.init.W_xh={kind: normal, rho: 1.0}",
        "training.optimizer.learning_rate=0.001",
        "training.epochs=30",
    )
    run = run_of(*linear, seeds="6")
    ((seed, where),) = run.record["diverged"].items()
    assert (seed, where["update"] > 1) == ("3", True)
    per_seed = run.record["metrics"]["rmse"]["per_seed"]
    assert [value is None for value in per_seed] == [False, False, False, True, False, False]
    assert f"seed 3 diverged at update {where['update']}: {describe(where['tensor'])}." in run.summary.warnings
    for name in ("metrics.csv", "gradient_norms.csv"):
        table = run.table(name)
        assert table["update"][table["seed"] == 3].max() == where["update"] - 1
        assert table["update"][table["seed"] == 2].max() == 30
    theta = run.checkpoint().arrays["theta"]
    assert np.isfinite(theta).all()


def test_a_run_folder_that_is_deleted_meanwhile(run_of, folder):
    def delete():
        shutil.rmtree(folder / "runs", ignore_errors=True)
        return False

    with pytest.raises(RunWriteError, match=r"The run folder '.*' is gone\.") as caught:
        run_of(should_stop=delete, config=folder / "small.yaml")
    assert caught.value.exit_code == 6
