"""From a config to an engine: parameters of each seed, what an update sees, penalties, schedules, held-out tails."""

from typing import Any

import numpy as np
import pytest

from rnnlab.config import load
from rnnlab.engine.schedules import learning_rate
from rnnlab.errors import ConfigError
from rnnlab.experiments.setup import architecture_of, build_setup, draw_parameters, start_training
from rnnlab.tasks.task import build_task

pytestmark = pytest.mark.usefixtures("folder")


def setup_of(*overrides, seeds=None) -> Any:
    config = load("small.yaml", overrides=overrides, seeds=seeds)
    return config, build_setup(config, build_task(config))


def test_the_network_is_the_one_of_the_config():
    config, setup = setup_of(
        "model={cell: lstm, hidden_size: 5, layers: 2, bidirectional: true, initial_state: learned}",
        "training.clip=norm",
    )
    a = architecture_of(config, build_task(config))
    assert setup.network.architecture == a
    assert (a.layer.name, a.hidden_size, a.layers, a.bidirectional, a.initial_state) == ("lstm", 5, 2, True, "learned")
    assert (a.input_size, a.output_size, a.readout) == (1, 1, "last")


def test_a_seed_draws_its_own_parameters_whatever_its_company():
    _, many = setup_of(seeds="0,7,3")
    for row, seed in enumerate((0, 7, 3)):
        np.testing.assert_array_equal(setup_of(seeds=f"{seed},")[1].theta[0], many.theta[row])
    assert len(np.unique(many.theta[:, 0])) == 3


def test_the_order_of_the_sequences_follows_from_the_seed_alone():
    def order(epoch, **options):
        sampling = setup_of("training.batch_size=10", **options)[1].sampling
        assert sampling.orders is not None
        return sampling.orders(epoch)

    many = order(4, seeds="0,7")
    np.testing.assert_array_equal(many[1], order(4, seeds="7,")[0])
    assert sorted(many[0]) == list(range(44))
    assert not np.array_equal(many[0], many[1])
    assert not np.array_equal(order(5, seeds="7,")[0], many[1])


def test_the_order_of_an_epoch_is_drawn_once(monkeypatch):
    """An epoch of many small batches must not draw it anew for each of them."""
    _, setup = setup_of("training.batch_size=1", "training.epochs=2")
    drawn, draw = [], np.random.default_rng
    monkeypatch.setattr(np.random, "default_rng", lambda seed: drawn.append(seed) or draw(seed))
    for update in range(setup.updates):
        setup.sampling.minibatch(update)
    assert (setup.updates, len(drawn)) == (88, 2)


def test_weights_and_orders_have_streams_of_their_own():
    """What is drawn for the weights changes no order: an experiment that swaps one keeps the other."""
    first, second = (
        setup_of("training.batch_size=10", key)[1] for key in ("model.hidden_size=3", "model.hidden_size=9")
    )
    np.testing.assert_array_equal(first.sampling.orders(0), second.sampling.orders(0))


@pytest.mark.parametrize(
    "keys",
    [("training.batch_size=full",), ("training.batch_size=44",), ("training.batch_size=10", "training.shuffle=false")],
)
def test_no_order_is_drawn_where_none_is_needed(keys):
    assert setup_of(*keys)[1].sampling.orders is None


def test_epochs_and_updates():
    assert setup_of("training.batch_size=10")[1].updates == 4 * 5
    assert setup_of("training.batch_size=10", "training.epochs=null", "training.updates=7")[1].updates == 7
    assert setup_of("model.readout=every", "training.tbptt_steps=3")[1].updates == 4 * 2


def test_schedule_and_optimizer_reach_the_training():
    schedule = "training.schedule={kind: cosine, warmup: 1, final_factor: 0.1}"
    config, setup = setup_of(schedule, "training.optimizer={kind: sgd, learning_rate: 0.05, momentum: 0.9}")
    rates = [update.learning_rate for update in start_training(config, setup)]
    expected = [learning_rate(k, base=0.05, kind="cosine", total=4, warmup=1, final_factor=0.1) for k in range(4)]
    assert rates == expected
    assert len(set(rates)) == 4


def test_clipping_reaches_the_training():
    config, setup = setup_of("training.clip={kind: per_parameter, threshold: 1e-3}")
    told = list(start_training(config, setup))
    limit = 1e-3 * np.sqrt(5) + 1e-12
    assert all(update.clipped.all() and (update.norm * update.clip_scale <= limit).all() for update in told)


def test_penalties_reach_the_training():
    plain, l2, omega = (setup_of(*keys) for keys in ((), ("training.l2=0.25",), ("training.omega={alpha: 3.0}",)))
    losses = [next(iter(start_training(*parts))).loss for parts in (plain, l2, omega)]
    theta, layout = setup_of()[1].theta, plain[1].network.layout
    squares = sum((layout.view(theta, f"{name}") ** 2).sum() for name in layout.names if "W_" in name)
    assert losses[1] - losses[0] == pytest.approx(0.5 * 0.25 * squares)
    assert losses[2] > losses[0]


@pytest.mark.parametrize(("fraction", "tail"), [(0.1, 4), (0.5, 22), (0.01, 1), (0.99, 43)])
def test_the_tail_of_the_training_windows_is_held_out(fraction, tail):
    task = build_task(load("small.yaml"))
    setup = setup_of(f"training.early_stopping={{validation_fraction: {fraction}, patience: 3, min_delta: 0.5}}")[1]
    assert setup.stopping is not None
    np.testing.assert_array_equal(setup.sampling.sequences.inputs, task.sequences.inputs[:, : 44 - tail])
    np.testing.assert_array_equal(setup.stopping.validation.inputs, task.sequences.inputs[:, 44 - tail :])
    np.testing.assert_array_equal(setup.stopping.validation.targets, task.sequences.targets[44 - tail :])
    assert (setup.stopping.patience, setup.stopping.min_delta) == (3, 0.5)


def test_one_window_cannot_be_held_out_of_one(write_series, values):
    write_series(values[:7])
    with pytest.raises(ConfigError, match=r"early_stopping needs at least 2 training sequences .*; there is 1\."):
        setup_of("training.early_stopping={}")


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_initial_weights_and_forget_bias(dtype):
    init = "model.init={W_hh: {kind: spectral, rho: 1.5}, b_h: {kind: constant, value: 0.2}, forget_bias: 2.0}"
    config, setup = setup_of("model.cell=lstm", init, f"model.dtype={dtype}", seeds="2")
    theta = draw_parameters(config, setup.network.architecture)
    assert theta.dtype == dtype
    np.testing.assert_array_equal(theta, setup.theta)
    b_h = setup.network.layout.view(theta, "layer0.b_h")
    np.testing.assert_allclose(b_h, np.tile(np.repeat([0.2, 2.0, 0.2, 0.2], 3), (2, 1)), rtol=1e-6)
    W_hh = setup.network.layout.view(theta, "layer0.W_hh").reshape(2, 3, 4, 3)
    for model in range(2):
        for gate in range(4):
            radius = np.abs(np.linalg.eigvals(W_hh[model, :, gate].astype(float))).max()
            assert radius == pytest.approx(1.5, rel=1e-5)
