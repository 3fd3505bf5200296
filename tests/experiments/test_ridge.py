"""`training.fit: ridge`: a run whose readout is fitted in closed form."""

import numpy as np
import pytest

from rnnlab.errors import DivergedError
from rnnlab.experiments.inspect import inspect
from rnnlab.experiments.setup import build_setup
from rnnlab.tasks.task import build_task

RIDGE = "training.fit={kind: ridge, alpha: 1e-4}"


@pytest.fixture
def fitted(run_of):
    return run_of(RIDGE, seeds="3,5")


def test_run_holds_the_loss_that_the_fit_left_and_no_gradient(fitted):
    rows = fitted.table("metrics.csv")
    assert list(rows["seed"]) == [3, 5]
    assert list(rows["update"]) == [1, 1]
    assert np.isnan(rows["grad_norm"]).all()
    assert not (fitted.path / "gradient_norms.csv").exists()
    task = build_task(fitted.config)
    setup = build_setup(fitted.config, task)
    theta = fitted.checkpoint().arrays["theta"]
    loss = setup.network.loss(theta, task.sequences, setup.loss)
    np.testing.assert_allclose(rows["train_loss"], loss, rtol=1e-9)
    assert (loss < setup.network.loss(setup.theta, task.sequences, setup.loss)).all()


def test_what_is_below_the_readout_is_as_it_was_drawn(fitted):
    setup = build_setup(fitted.config, build_task(fitted.config))
    theta, layout = fitted.checkpoint().arrays["theta"], setup.network.layout
    same = [name for name in layout.names if (layout.view(theta, name) == layout.view(setup.theta, name)).all()]
    assert same == [name for name in layout.names if not name.startswith("readout.")]


def test_run_says_what_was_done(fitted):
    note = (
        "The readout was fitted in closed form, by ridge regression with alpha 0.0001; everything below it is as it "
        "was drawn."
    )
    assert note in fitted.summary.notes
    assert "training.optimizer and training.epochs had no effect: the fit takes a single step." in fitted.summary.notes
    assert not any("clipp" in said for said in fitted.summary.notes)
    assert note in (fitted.path / "log.txt").read_text()
    assert fitted.record["status"] == "completed"


@pytest.mark.painted
def test_single_step_has_no_course_to_draw(run_of):
    run = run_of(RIDGE, plots=True)
    assert [path.name for path in (run.path / "plots").iterdir()] == ["forecast.png"]


def test_its_config_repeats_the_run(fitted, run_of):
    again = run_of(config=fitted.path / "config.yaml")
    assert again.record["metrics"] == fitted.record["metrics"]


@pytest.mark.parametrize("override", ["training.batch_size=7", "training.tbptt_steps=2", "training.epochs=9"])
def test_how_a_descent_would_go_makes_no_difference(fitted, run_of, override):
    other = run_of(RIDGE, override, seeds="3,5")
    np.testing.assert_allclose(
        other.checkpoint().arrays["theta"], fitted.checkpoint().arrays["theta"], rtol=1e-6, atol=1e-9
    )


def test_progress_is_told_once(run_of):
    told = []
    run_of(RIDGE, on_progress=told.append)
    assert [(progress.update, progress.updates) for progress in told] == [(1, 1)]


def test_inspect_reads_the_run(fitted):
    for before, after in inspect(fitted.path).looks.values():
        assert before.verdict == after.verdict  # the recurrent weights are the same


def test_states_that_overflow_are_told(run_of):
    with pytest.raises(DivergedError, match=r"layer0\.h at step \d is not finite") as error:
        run_of(RIDGE, "model.activation=identity", "model.init.W_hh={kind: normal, rho: 1e200}")
    assert error.value.hint == "Nothing had been fitted: give smaller initial weights in model.init."


def test_sweep_refuses(rnnlab):
    done = rnnlab("sweep-rho", "0.9", "--config", "small.yaml", "--set", "training.fit=ridge")
    assert done.returncode == 2
    assert "training.fit must be gradient, got ridge" in done.stderr
    assert "Set training.fit to gradient." in done.stderr
