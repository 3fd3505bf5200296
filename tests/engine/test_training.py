"""The update loop held against steps taken by hand, against lone models, and against itself taken up again."""

import subprocess
import sys
import textwrap
from functools import partial

import numpy as np
import pytest

from rnnlab.engine.architecture import Architecture
from rnnlab.engine.batch import Batch
from rnnlab.engine.clipping import clip
from rnnlab.engine.losses import loss_function
from rnnlab.engine.network import Network
from rnnlab.engine.optimizers import make_optimizer
from rnnlab.engine.regularizers import l2, omega
from rnnlab.engine.sampling import Sampling
from rnnlab.engine.schedules import learning_rate
from rnnlab.engine.stopping import EarlyStopping
from rnnlab.engine.training import GradientDescent, Update
from tests.engine.samples import CELLS, sample

LOSS = loss_function("half_squared_error")
R, N = 3, 6


def train_of(
    many, *, updates=8, rate=0.05, optimizer="sgd", options=None, batch_size=None, tbptt_steps=None, stateful=False,
    orders=None, only=None, theta=None, **training_options,
):  # fmt: skip
    """A training of the sample's models, or of those in `only`, each with its own order."""
    which = slice(None) if only is None else [only]
    theta = (many.theta if theta is None else theta)[which].copy()
    chosen = None if orders is None else lambda epoch: orders(epoch)[which]
    sampling = Sampling(
        many.batch,
        many.network.architecture.readout,
        batch_size=batch_size,
        orders=chosen,
        stateful=stateful,
        tbptt_steps=tbptt_steps,
    )
    schedule = rate if callable(rate) else lambda _update: rate
    steps = make_optimizer(optimizer, theta.shape, theta.dtype, **(options or {}))
    network = training_options.pop("network", many.network)
    return GradientDescent(
        network, theta, sampling, many.loss, steps, updates=updates, learning_rate=schedule, **training_options
    )


def orders(epoch):
    return np.stack([np.random.default_rng([model, epoch]).permutation(N) for model in range(R)])


def ensemble(**options):
    return sample(**{"models": R, "batch_size": N, "loss": "half_squared_error", "steps": 5, **options})


def tail(many, seed=9):
    """A validation batch like the sample's own."""
    rng = np.random.default_rng(seed)
    inputs, targets = many.batch.inputs, many.batch.targets
    return Batch(rng.standard_normal(inputs.shape), rng.standard_normal(targets.shape))


# What one update is


def test_descent_by_hand():
    """One unit, identity, two steps: o = v (w (u x_1 + b) + u x_2 + b) + c, and its five derivatives."""
    network = Network(Architecture(1, 1, 1, activation="identity"))
    names = ["layer0.W_hh", "layer0.W_xh", "layer0.b_h", "readout.W_ho", "readout.b_o"]
    assert list(network.layout.names) == names
    x, y = np.array([[[0.5], [-1.0]], [[2.0], [0.25]]]), np.array([[0.3], [-0.7]])  # (T, B, I), (B, O)
    theta = np.array([[0.8, 0.4, 0.1, 1.5, -0.2]])
    training = GradientDescent(
        network,
        theta,
        Sampling(Batch(x, y), "last"),
        LOSS,
        make_optimizer("sgd", theta.shape, theta.dtype, momentum=0.5),
        updates=4,
        learning_rate=lambda update: 0.1 / (update + 1),
        clipping=("norm", 1.2),
    )
    w, u, b, v, c = theta[0].tolist()
    velocity, fired = np.zeros(5), []
    for k, update in enumerate(training):
        gradient, loss = np.zeros(5), 0.0
        for (x_1, x_2), target in zip(x[:, :, 0].T, y[:, 0], strict=True):
            h_1 = u * x_1 + b
            h_2 = w * h_1 + u * x_2 + b
            error = v * h_2 + c - target
            loss += error**2 / 4
            gradient += error / 2 * np.array([v * h_1, v * (w * x_1 + x_2), v * (w + 1), h_2, 1])
        norm = np.linalg.norm(gradient)
        scale = min(1.0, 1.2 / norm)
        velocity = 0.5 * velocity + scale * gradient
        w, u, b, v, c = np.array([w, u, b, v, c]) - 0.1 / (k + 1) * velocity
        fired.append(bool(update.clipped[0]))
        assert update.number == k + 1
        assert update.epoch == k + 1
        assert update.learning_rate == 0.1 / (k + 1)
        np.testing.assert_allclose(update.loss, [loss], rtol=1e-13)
        np.testing.assert_allclose(update.norm, [norm], rtol=1e-13)
        np.testing.assert_allclose(update.norms, [np.abs(gradient)], rtol=1e-12)
        np.testing.assert_allclose(update.clip_scale, [scale], rtol=1e-13)
        np.testing.assert_allclose(theta[0], [w, u, b, v, c], rtol=1e-13)
    assert fired[0]
    assert not fired[-1]


@pytest.mark.parametrize(("kind", "threshold"), [("norm", 0.5), ("per_parameter", 0.2), ("value", 0.05)])
def test_clipping_comes_between_gradient_and_step(kind, threshold):
    many = ensemble()
    training = train_of(many, updates=1, rate=0.1, clipping=(kind, threshold))
    (update,) = training
    gradient = many.gradients().parameters
    clipped = clip(gradient, many.network.layout, kind, threshold)
    assert clipped.fired.all()
    np.testing.assert_array_equal(training.theta, many.theta - 0.1 * gradient)
    np.testing.assert_array_equal(update.norm, clipped.norm)
    np.testing.assert_array_equal(update.clip_scale, clipped.scale)
    np.testing.assert_array_equal(update.clipped, clipped.fired)


def test_the_schedule_sets_the_rate_of_every_update():
    many = ensemble()
    rate = partial(learning_rate, base=0.1, kind="step", step_every=2, factor=0.5, warmup=1)
    training, before, rates = train_of(many, updates=5, rate=rate), many.theta, []
    for update in training:
        gradient = many.but(theta=before).gradients().parameters
        np.testing.assert_array_equal(training.theta, before - update.learning_rate * gradient)
        before = training.theta.copy()
        rates.append(update.learning_rate)
    assert rates == [0.05, 0.1, 0.1, 0.05, 0.05]


def test_penalties_add_to_loss_and_step():
    many = ensemble(layers=2)
    layout, flow = many.network.layout, omega(0.3)
    weights = partial(l2, layout=layout, weight=0.2)
    training = train_of(many, updates=1, rate=0.1, weight_penalty=weights, penalty=flow)
    (update,) = training
    plain, both = many.gradients(), many.gradients(penalty=flow)
    gradient = both.parameters
    value = both.loss + weights(many.theta, gradient)
    assert (value > both.loss).all()
    assert (both.loss > plain.loss).all()
    np.testing.assert_array_equal(update.loss, value)
    np.testing.assert_array_equal(training.theta, many.theta - 0.1 * gradient)


# Truncation and carried states


@pytest.mark.parametrize(("cell", "activation"), CELLS)
def test_truncated_bptt_is_what_segments_by_hand_give(cell, activation):
    many = ensemble(cell=cell, activation=activation, readout="every", steps=7)
    training = train_of(many, updates=8, rate=0.01, tbptt_steps=3, batch_size=4)
    theta, updates = many.theta.copy(), iter(training)
    for rows in (slice(0, 4), slice(4, 6)) * 2:
        states = None
        for start, stop in ((0, 3), (3, 6), (6, 7)):
            part = Batch(many.batch.inputs[start:stop, rows], many.batch.targets[start:stop, rows])
            result = many.network.gradients(theta, part, many.loss, states=states)
            states = [[state.copy() for state in layer] for layer in result.states]
            theta -= 0.01 * result.parameters
            update = next(updates, None)
            if update is None:
                return
            np.testing.assert_array_equal(update.loss, result.loss)
            np.testing.assert_array_equal(training.theta, theta)


@pytest.mark.parametrize("cut", [1, 4, 6])
@pytest.mark.parametrize("cell", ["rnn", "lstm", "gru"])
def test_a_carried_state_makes_two_parts_one(cell, cut):
    """T = a + b: with the weights held still the losses of the parts add up to the loss of the whole."""
    many = ensemble(cell=cell, readout="every", steps=7, layers=2)
    whole = many.gradients().loss
    parts = sum(update.loss for update in train_of(many, updates=-(-7 // cut), rate=0.0, tbptt_steps=cut))
    np.testing.assert_allclose(parts, whole, rtol=1e-13)


def test_chunks_of_a_stream_carry_the_state_from_batch_to_batch():
    rng = np.random.default_rng(3)
    stream, targets = rng.standard_normal((12, 1, 7)), rng.standard_normal((12, 1, 6))
    whole = ensemble(readout="every").but(batch=Batch(stream, targets))
    chunks = whole.but(batch=Batch(*(np.concatenate(np.split(a, 4), axis=1) for a in (stream, targets))))
    carried = [u.loss for u in train_of(chunks, updates=8, rate=0.0, batch_size=1, stateful=True)]
    alone = [u.loss for u in train_of(chunks, updates=4, rate=0.0, batch_size=1)]
    np.testing.assert_allclose(sum(carried[:4]), whole.gradients().loss, rtol=1e-13)
    np.testing.assert_array_equal(carried[:4], carried[4:])  # an epoch begins anew
    assert not np.allclose(sum(alone), whole.gradients().loss)


@pytest.mark.parametrize("tbptt_steps", [1, 2, 3, 5, 7])
def test_the_gradient_of_a_last_output_flows_through_the_last_steps_alone(tbptt_steps):
    many = ensemble(cell="lstm", steps=7, initial_state="learned")
    training = train_of(many, updates=1, rate=0.1, tbptt_steps=tbptt_steps)
    (update,) = training
    np.testing.assert_allclose(update.loss, many.gradients().loss, rtol=1e-13)
    states = None
    if tbptt_steps < 7:
        first = Batch(many.batch.inputs[: 7 - tbptt_steps])
        _, states = many.network.outputs(many.theta, first)
    last = Batch(many.batch.inputs[7 - tbptt_steps :], many.batch.targets)
    expected = many.network.gradients(many.theta, last, many.loss, states=states).parameters
    np.testing.assert_allclose(training.theta, many.theta - 0.1 * expected, rtol=1e-13, atol=1e-15)


@pytest.mark.slow
def test_truncation_needs_no_more_memory_for_a_longer_stream():
    """Peak memory of a process after 1,000,000 steps against the one after 2,000."""
    code = """
        import resource
        from pathlib import Path
        import numpy as np
        from rnnlab.engine.architecture import Architecture
        from rnnlab.engine.batch import Batch
        from rnnlab.engine.losses import loss_function
        from rnnlab.engine.network import Network
        from rnnlab.engine.optimizers import make_optimizer
        from rnnlab.engine.sampling import Sampling
        from rnnlab.engine.training import GradientDescent

        def peak():
            status = Path("/proc/self/status")  # getrusage would count what the parent had before this process began
            if status.exists():
                return int(status.read_text().split("VmHWM:")[1].split()[0])
            return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

        T = 1_000_000
        network = Network(Architecture(1, 8, 1, readout="every"))
        rng = np.random.default_rng(0)
        stream = rng.standard_normal((T, 1, 1))
        theta = 0.1 * rng.standard_normal((1, network.layout.size))
        training = GradientDescent(
            network, theta, Sampling(Batch(stream, np.roll(stream, 1)), "every", tbptt_steps=1000),
            loss_function("half_squared_error"), make_optimizer("sgd", theta.shape, theta.dtype),
            updates=1000, learning_rate=lambda update: 1e-4,
        )
        peaks = [peak() for _ in training]
        print(peaks[1], peaks[-1], float(np.abs(theta).sum()))
    """
    answer = subprocess.run([sys.executable, "-c", textwrap.dedent(code)], capture_output=True, text=True, check=True)
    early, late, size = answer.stdout.split()
    assert float(size) > 0
    assert int(late) - int(early) < 2048  # the buffers of a million steps would be 140 MiB
    assert int(late) < 200 * 1024


# Ensembles

MODES = {
    "full": {},
    "batches": {"batch_size": 4, "orders": orders},
    "in_order": {"batch_size": 4},
    "truncated": {"batch_size": 4, "orders": orders, "tbptt_steps": 2},
    "carried": {"batch_size": 2, "stateful": True},
    "clipped": {"batch_size": 4, "orders": orders, "clipping": ("norm", 0.7)},
    "adam": {"batch_size": 4, "orders": orders, "optimizer": "adamw", "clipping": ("value", 0.3)},
}


@pytest.mark.parametrize("stopping", [False, True], ids=["", "stopping"])
@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize(("cell", "layers"), [("rnn", 1), ("lstm", 2), ("gru", 1)])
def test_a_model_of_an_ensemble_is_the_lone_model(cell, layers, mode, stopping):
    readout = "last" if mode == "full" else "every"
    many = ensemble(cell=cell, layers=layers, readout=readout, hidden_size=3, input_size=2, output_size=2)
    options = {**MODES[mode], "updates": 12}
    if stopping:
        options["stopping"] = EarlyStopping(tail(many), patience=1)
    together = train_of(many, **options)
    told = list(together)
    for model in range(R):
        alone = train_of(many, only=model, **options)
        of_model = [u for u in told if np.isfinite(u.loss[model])]
        lone = list(alone)
        assert len(of_model) == len(lone)
        for mine, its in zip(of_model, lone, strict=True):
            np.testing.assert_allclose(mine.loss[model], its.loss[0], rtol=1e-11)
            np.testing.assert_allclose(mine.norms[model], its.norms[0], rtol=1e-9, atol=1e-14)
            np.testing.assert_allclose(mine.clip_scale[model], its.clip_scale[0], rtol=1e-11)
            assert mine.clipped[model] == its.clipped[0]
        np.testing.assert_allclose(together.theta[model], alone.theta[0], rtol=1e-9, atol=1e-13)
    if stopping:
        assert len(told) <= 12


def test_threads_change_nothing():
    many = ensemble(readout="every", hidden_size=40, batch_size=N, steps=30, models=R)
    results = []
    for threads in (1, 3):
        training = train_of(
            many, batch_size=4, orders=orders, network=Network(many.network.architecture, threads=threads)
        )
        losses = [update.loss for update in training]
        results.append((np.array(losses), training.theta))
    np.testing.assert_array_equal(results[0][0], results[1][0])
    np.testing.assert_array_equal(results[0][1], results[1][1])


# Divergence


def diverging(**options):
    """Identity units; the middle model's weights are so large that it leaves the finite numbers in a few updates."""
    many = ensemble(activation="identity", readout="every", spread=0.15, **options)
    wild = many.theta.copy()
    wild[1] *= 12
    return many, wild


@pytest.mark.parametrize("mode", ["full", "batches", "truncated", "carried", "adam"])
def test_a_model_that_diverges_is_frozen_and_disturbs_nobody(mode):
    options = {"optimizer": "sgd", **MODES[mode], "updates": 12}
    if mode == "adam":  # Adam's steps are as large as its rate, whatever the gradient
        options |= {"optimizer": "adam", "clipping": ("none", np.inf)}
    many, wild = diverging()
    if mode == "adam":
        wild[1] *= 1e150
    training, before = train_of(many, theta=wild, **options), [wild.copy()]
    told: list[Update] = []
    for update in training:
        told.append(update)
        before.append(training.theta.copy())
    tame = train_of(many, **options)
    for mine, its in zip(told, tame, strict=True):
        for name in ("loss", "norm", "norms", "clip_scale"):
            np.testing.assert_array_equal(getattr(mine, name)[[0, 2]], getattr(its, name)[[0, 2]])
    np.testing.assert_array_equal(training.theta[[0, 2]], tame.theta[[0, 2]])
    assert training.active.tolist() == [True, False, True]

    (when,) = [update.number for update in told if update.diverged]
    assert list(told[when - 1].diverged) == [1]
    assert [bool(np.isfinite(update.loss[1])) for update in told] == [k < when - 1 for k in range(12)]
    assert not any(update.clipped[1] for update in told[when - 1 :])
    # Back at the parameters of the last update whose loss was finite, and there they stay.
    np.testing.assert_array_equal(training.theta[1], before[max(when - 2, 0)][1])
    assert when == 1 or np.isfinite(told[when - 2].loss[1])
    assert np.isfinite(training.theta).all()
    assert all(np.isfinite(state).all() for layer in training.states or [] for state in layer)


def test_what_diverged_is_named():
    many, wild = diverging(steps=3)
    wild[1] *= 1e150
    told = [update for update in train_of(many, theta=wild, updates=30) if update.diverged]
    assert [list(update.diverged) for update in told] == [[1]]
    assert told[0].diverged[1].startswith("layer0.h at step ")


@pytest.mark.parametrize(("factor", "runs_away"), [(0.9e6, False), (1.1e6, True)])
@pytest.mark.parametrize("updates", [1, 2])
def test_weights_that_grow_a_millionfold_are_a_divergence_though_they_are_finite(factor, runs_away, updates):
    many = ensemble(activation="tanh")
    gradient = many.network.gradients(many.theta, many.batch, many.loss).parameters
    start, step = np.linalg.norm(many.theta, axis=1), np.linalg.norm(gradient, axis=1)
    rate = factor * float((np.maximum(start, 1.0) / step).max())
    model = int((np.maximum(start, 1.0) / step).argmax())
    training = train_of(many, updates=updates, rate=lambda update: 0.0 if update else rate, only=model)
    told = [update.diverged for update in training if update.diverged]
    assert told == [{0: "weights"}] * runs_away
    assert (training.theta == many.theta[model]).all() == runs_away


def test_when_all_have_diverged_training_ends():
    many, wild = diverging()
    wild[:] = wild[1]
    training = train_of(many, theta=wild, updates=1000)
    told = list(training)
    assert len(told) < 50
    assert sorted(model for update in told for model in update.diverged) == [0, 1, 2]
    assert np.isnan(told[-1].loss).all()
    assert not training.active.any()
    assert np.isfinite(training.theta).all()


def test_a_divergence_in_the_last_update_is_noticed():
    many = ensemble(activation="identity")
    training = train_of(many, updates=1, rate=1e300)
    (update,) = training
    assert sorted(update.diverged) == [0, 1, 2]
    assert np.isfinite(update.loss).all()  # it was: the step that followed was too long
    np.testing.assert_array_equal(training.theta, many.theta)


def test_a_finite_last_update_is_no_divergence():
    many = ensemble()
    training = train_of(many, updates=1)
    (update,) = training
    assert not update.diverged
    assert training.active.all()


# Early stopping


@pytest.mark.parametrize("min_delta", [0.0, 0.5])
def test_early_stopping_keeps_the_best_epoch_of_each_model(min_delta):
    many, patience = ensemble(readout="every"), 2
    validation = tail(many)
    options = {"batch_size": 4, "orders": orders, "rate": 0.2, "clipping": ("norm", 3.0)}
    training = train_of(many, updates=80, stopping=EarlyStopping(validation, patience, min_delta), **options)
    shown, kept, running = [], [], training.active.copy()
    for update in training:
        np.testing.assert_array_equal(update.clipped, running & (update.norm > 3))
        np.testing.assert_array_equal(np.isfinite(update.loss), running)
        running = training.active.copy()
        if update.ends_epoch:
            assert update.validation_loss is not None
            shown.append(update.validation_loss)
            kept.append(training.theta.copy())
        else:
            assert update.validation_loss is None
    shown = np.array(shown)
    ends, bests = [], {}
    for model in range(R):
        best, best_loss, stale = None, np.inf, 0
        for epoch, value in enumerate(shown[:, model]):
            assert value == pytest.approx(many.network.loss(kept[epoch], validation, many.loss)[model], rel=1e-12)
            best, best_loss, stale = (
                (epoch, value, 0) if value < best_loss - min_delta else (best, best_loss, stale + 1)
            )
            if stale == patience:
                break
        ends.append(epoch)
        assert best is not None
        bests[model] = best + 1
        assert np.isnan(shown[epoch + 1 :, model]).all()
        np.testing.assert_array_equal(training.theta[model], kept[best][model])
    assert len(shown) == max(ends) + 1 < 40  # stopped by themselves
    assert any(np.nanargmin(shown[:, model]) != ends[model] for model in range(R))
    assert training.stopped_early == bests


def test_the_updates_of_a_result_lead_to_it():
    many = ensemble(readout="every")
    options = {"batch_size": 4, "orders": orders, "rate": 0.2, "clipping": ("norm", 3.0)}
    for updates in (5, 80):  # the first is cut short within an epoch
        stopped = train_of(many, updates=updates, stopping=EarlyStopping(tail(many), 2), **options)
        list(stopped)
        made = stopped.updates_of_result
        assert made.max() <= updates
        assert len(set(made.tolist())) > 1 or updates == 5
        for model, of_model in enumerate(made.tolist()):
            straight = train_of(many, updates=of_model, **options)
            list(straight)
            np.testing.assert_array_equal(straight.theta[model], stopped.theta[model])
    plain = train_of(many, updates=7, **options)
    list(plain)
    assert plain.updates_of_result.tolist() == [7] * R


def test_a_last_epoch_that_is_cut_short_is_validated_too():
    many = ensemble(readout="every")
    training = train_of(many, updates=5, batch_size=4, orders=orders, stopping=EarlyStopping(tail(many), patience=9))
    told = list(training)
    assert [update.ends_epoch for update in told] == [False, True, False, True, True]
    assert [update.validation_loss is not None for update in told] == [False, True, False, True, True]


def test_the_tail_is_read_as_training_reads_its_sequences():
    """Two streams of three chunks: with the state carried on, the chunks lose what the streams lose as wholes."""
    many = ensemble(cell="lstm", readout="every")
    validation = tail(many)
    chunks = [validation.take(slice(k, k + 2), "every") for k in range(0, N, 2)]
    whole = Batch(*(np.concatenate([getattr(c, name) for c in chunks]) for name in ("inputs", "targets")))
    for tbptt_steps in (None, 2):
        training = train_of(
            many, updates=3, batch_size=2, stateful=True, tbptt_steps=tbptt_steps, rate=0,
            stopping=EarlyStopping(validation, patience=9),
        )  # fmt: skip
        *_, last = training
        expected = many.network.loss(training.theta, whole, many.loss) / 3
        np.testing.assert_allclose(last.validation_loss, expected, rtol=1e-12)


def test_a_model_that_could_go_on_was_not_stopped_early():
    many = ensemble(readout="every")
    training = train_of(many, updates=9, batch_size=4, orders=orders, stopping=EarlyStopping(tail(many), patience=4))
    for update in training:
        if update.number == 6:
            break
    assert training.active.all()
    assert training.stopped_early == {}


def test_without_a_whole_epoch_the_last_parameters_stay():
    many = ensemble(readout="every")
    options = {"batch_size": 4, "orders": orders, "updates": 1}
    stopped = train_of(many, stopping=EarlyStopping(tail(many), patience=1), **options)
    plain = train_of(many, **options)
    for training in (stopped, plain):
        list(training)
    np.testing.assert_array_equal(stopped.theta, plain.theta)


def test_a_model_whose_validation_is_not_finite_keeps_its_best():
    many, wild = diverging()
    training = train_of(many, theta=wild, updates=12, stopping=EarlyStopping(tail(many), patience=3))
    list(training)
    assert np.isfinite(training.theta).all()


# Checkpoints


@pytest.mark.parametrize("optimizer", ["sgd", "rmsprop", "adam"])
@pytest.mark.parametrize("mode", ["full", "batches", "truncated", "carried"])
def test_a_training_taken_up_again_goes_on_bit_for_bit(mode, optimizer):
    many = ensemble(cell="lstm", readout="every")
    options = {**MODES[mode], "updates": 9, "optimizer": optimizer, "rate": 0.02, "clipping": ("norm", 2.0)}
    if optimizer == "sgd":
        options["options"] = {"momentum": 0.9}
    options["stopping"] = EarlyStopping(tail(many), patience=2)
    whole = train_of(many, **options)
    held, expected = [], []
    for update in whole:
        held.append(whole.state())
        expected.append(update)
    for at in (1, 4, len(held) - 1):
        again = train_of(many, theta=np.full_like(many.theta, np.nan), **options)
        again.restore(held[at - 1])
        assert again.done == at
        rest = list(again)
        assert [update.number for update in rest] == [update.number for update in expected[at:]]
        for mine, its in zip(rest, expected[at:], strict=True):
            np.testing.assert_array_equal(mine.loss, its.loss)
            np.testing.assert_array_equal(mine.norms, its.norms)
        np.testing.assert_array_equal(again.theta, whole.theta)
        np.testing.assert_array_equal(again.active, whole.active)
        assert again.stopped_early == whole.stopped_early


def test_a_model_that_diverges_after_a_restart_goes_back_to_before_it():
    many, wild = diverging()
    whole, held = train_of(many, theta=wild, updates=12), []
    for update in whole:
        if update.diverged:
            break
        held.append(whole.state())
    assert held
    again = train_of(many, updates=12)
    again.restore(held[-1])
    assert list(next(iter(again)).diverged) == [1]
    np.testing.assert_array_equal(again.theta, whole.theta)


def test_a_diverged_model_stays_frozen_after_a_restart():
    many, wild = diverging()
    training = train_of(many, theta=wild, updates=12)
    list(training)
    again = train_of(many, theta=wild, updates=14)
    again.restore(training.state())
    frozen = again.theta[1].copy()
    rest = list(again)
    assert [update.number for update in rest] == [13, 14]
    assert all(np.isnan(update.loss[1]) for update in rest)
    assert not any(update.diverged for update in rest)
    np.testing.assert_array_equal(again.theta[1], frozen)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_the_precision_of_the_parameters_is_kept(dtype):
    many = ensemble(dtype=dtype)
    training = train_of(many, updates=3, optimizer="adam", clipping=("norm", 0.1))
    told = list(training)
    assert training.theta.dtype == dtype
    assert told[-1].loss.dtype == np.float64


def test_a_checkpoint_holds_any_number_of_states_of_any_number_of_layers():
    many = ensemble(readout="every")
    training = train_of(many, batch_size=2, stateful=True)
    states = [[np.full((R, 2, 4), 10.0 * layer + k) for k in range(3)] for layer in range(12)]
    training.states = states
    again = train_of(many, batch_size=2, stateful=True)
    again.restore(training.state())
    assert again.states is not None
    np.testing.assert_array_equal(np.array(again.states), np.array(states))
