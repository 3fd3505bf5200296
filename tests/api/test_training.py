"""Training from Python: the same numbers as from the command line, in memory or in a folder."""

import signal
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

import rnnlab
from rnnlab.engine.initializers import initial_parameters
from rnnlab.errors import DivergedError, UsageError
from tests.command_line import run_here

pytestmark = pytest.mark.usefixtures("folder", "unpainted")


STOPPED = """
import os, signal, threading, rnnlab
config = rnnlab.load("small.yaml", {"training.epochs": 1000000})
class Watch(rnnlab.Observer):
    name = "watch"
    def after_update(self, training, update):
        if update.number == 5:
            os.kill(os.getpid(), signal.SIGINT)
            if TWICE:
                os.kill(os.getpid(), signal.SIGINT)
    def state(self): return {}
    def restore(self, held): pass
try:
    run = rnnlab.train(config, FOLDER, observers=[Watch()])
    print(run.status, *map(int, run.history.index[-1]), run.parameters["layer0.W_hh"].shape, run.path is None)
except KeyboardInterrupt:
    print("interrupted")
assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
"""


@pytest.fixture(params=["memory", "folder"])
def runs(request, folder):
    return None if request.param == "memory" else folder / "kept"


def test_a_run_in_memory_has_what_a_folder_has(folder):
    config = rnnlab.load("small.yaml", {"training.log_gradient_flow_every": 2}, seeds=3)
    before = sorted(folder.rglob("*"))
    in_memory = rnnlab.train(config, progress=False)
    assert sorted(folder.rglob("*")) == before
    assert in_memory.path is None
    on_disk = rnnlab.train(config, folder / "kept", progress=False)
    assert on_disk.path.parent == folder / "kept"
    for run in (on_disk, rnnlab.open(on_disk.path)):
        pd.testing.assert_frame_equal(run.metrics, in_memory.metrics)
        pd.testing.assert_frame_equal(run.baselines, in_memory.baselines)
        pd.testing.assert_frame_equal(run.predictions, in_memory.predictions, check_index_type=False, check_freq=False)
        pd.testing.assert_frame_equal(run.gradient_norms, in_memory.gradient_norms)
        pd.testing.assert_frame_equal(run.table("gradient_flow.csv"), in_memory.table("gradient_flow.csv"))
        without = [one.history.drop(columns="seconds") for one in (run, in_memory)]
        pd.testing.assert_frame_equal(*without)
        np.testing.assert_array_equal(run.theta, in_memory.theta)
        assert (run.headline, run.warnings) == (in_memory.headline, in_memory.warnings)
    assert len(in_memory.metrics) == 3
    assert in_memory.record.kind == "csv"


def test_python_and_the_command_line_make_the_same_run(folder):
    done = run_here(folder, "train", "small.yaml", "--seeds", "2", "--quiet")
    typed = rnnlab.open(done.stdout.strip())
    ours = rnnlab.train(rnnlab.load("small.yaml", seeds=2), progress=False)
    np.testing.assert_array_equal(ours.theta, typed.theta)
    pd.testing.assert_frame_equal(ours.metrics, typed.metrics)
    assert typed.record.command == ["rnnlab", "train", "small.yaml", "--seeds", "2", "--quiet"]
    assert ours.record.command == ["rnnlab.train"]


def test_a_loop_of_ones_own_makes_the_same_training():
    config = rnnlab.load("small.yaml", seeds=[4, 1])
    lab = rnnlab.build(config)
    theta, losses = lab.theta.copy(), []
    for update in range(lab.updates):
        gradients = lab.network.gradients(theta, lab.batch(update), lab.loss)
        theta -= config.training.optimizer.learning_rate * gradients.parameters
        losses.append(gradients.loss)
    run = rnnlab.train(config, progress=False)
    np.testing.assert_allclose(run.theta, theta, rtol=1e-13)
    np.testing.assert_allclose(run.history["train_loss"].unstack("seed")[[4, 1]], losses, rtol=1e-13)


@pytest.mark.parametrize("cell", ["rnn", "lstm", "gru"])
def test_the_library_draws_what_the_command_line_draws(cell):
    config = rnnlab.load("small.yaml", {"model.cell": cell}, seeds=[3, 8])
    lab = rnnlab.build(config)
    for seed, theta in zip(config.seeds, lab.theta, strict=True):
        alone = initial_parameters(lab.network.architecture, np.random.default_rng([seed, 0]))
        np.testing.assert_array_equal(theta, alone)
        assert not lab.network.layout.view(alone, "layer0.b_h").any()


def test_a_path_is_a_config_too():
    assert rnnlab.train("small.yaml", progress=False).name == "small"


def test_it_can_be_stopped_and_keeps_what_it_has(runs):
    asked = iter([False, False, False, True])
    run = rnnlab.train("small.yaml", runs, progress=False, should_stop=lambda: next(asked))
    assert run.status == "interrupted"
    assert run.history.index.get_level_values("epoch").max() == 3
    assert run.parameters["layer0.W_hh"].shape == (1, 3, 3)
    assert np.isfinite(run.metrics["rmse"]).all()
    assert set(run.plots) == {"training", "gradient_norms", "forecast"}


@pytest.mark.parametrize("twice", [False, True])
@pytest.mark.parametrize("where", ["None", "'kept'"])
def test_ctrl_c_ends_it_after_the_update_and_the_second_one_at_once(folder, twice, where):
    code = STOPPED.replace("TWICE", str(twice)).replace("FOLDER", where)
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code], cwd=folder, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    if twice:
        assert done.stdout == "interrupted\n"
        return
    assert done.stdout == f"interrupted 0 5 (1, 3, 3) {where == 'None'}\n"
    assert "stopping after this update; Ctrl-C once more stops at once\n" in done.stderr


def test_a_training_in_a_thread_leaves_signals_alone():
    from threading import Thread

    made = []
    before = signal.getsignal(signal.SIGINT)
    thread = Thread(target=lambda: made.append(rnnlab.train("small.yaml", progress=False)))
    thread.start()
    thread.join()
    assert made[0].status == "completed"
    assert signal.getsignal(signal.SIGINT) is before


def test_every_seed_diverges(runs):
    config = rnnlab.load("small.yaml", {"training.optimizer.learning_rate": 1e300})
    with pytest.raises(DivergedError, match="Training diverged") as caught:
        rnnlab.train(config, runs, progress=False)
    assert ("is kept in" in caught.value.message) == (runs is not None)
    if runs is not None:
        assert rnnlab.open(caught.value.run).status == "diverged"


def test_progress_and_warnings_are_shown_or_not(capsys):
    run = rnnlab.train("small.yaml", progress=False)
    assert run.warnings
    assert capsys.readouterr() == ("", "")
    rnnlab.train("small.yaml")
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith(f"warning: {run.warnings[0]}\n")
    assert any(line.startswith("epoch 4/4   loss ") for line in err.splitlines())


def test_a_run_on_disk_continues_and_one_in_memory_says_that_it_has_no_folder():
    asked = iter([False, True])
    run = rnnlab.train("small.yaml", "kept", progress=False, should_stop=lambda: next(asked))
    resumed = rnnlab.resume(run, progress=False)
    assert isinstance(resumed, rnnlab.Run)
    assert resumed.status == "completed"
    with pytest.raises(UsageError, match="is in memory; a run folder is needed"):
        rnnlab.resume(rnnlab.train("small.yaml", progress=False))
