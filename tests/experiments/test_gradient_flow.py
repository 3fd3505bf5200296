"""Looking at gradients by lag while a training runs changes nothing, and sees the batch of the next update."""

import numpy as np
import pytest

from rnnlab.config import load
from rnnlab.dynamics import flow
from rnnlab.experiments.gradient_flow import FlowLog, flow_columns
from rnnlab.experiments.probes import long_probe, looked_at, probe
from rnnlab.experiments.setup import build_setup, start_training
from rnnlab.experiments.sweep.rho import sweep_rho
from rnnlab.experiments.train import train
from rnnlab.runs.tables import read_table
from rnnlab.tasks.task import build_task
from tests.experiments.sweeps import small_config
from tests.painting import nothing_painted


def run(config, folder, every: int | None):
    setup = build_setup(config, build_task(config))
    training = start_training(config, setup)
    log = FlowLog(setup.loss, every, folder) if every else None
    losses = []
    steps = iter(training)
    while True:
        if log:
            log.look(training)
        update = next(steps, None)
        if update is None:
            return setup, log, np.array(losses)
        losses.append(update.loss)


def test_looks_come_every_so_many_updates_from_the_first_on(tmp_path):
    _, log, _ = run(small_config(), tmp_path, 2)
    assert list(log.updates) == [1, 3, 5]
    assert [one.transport.shape for one in log.flows] == [(3, 12)] * 3


def test_looking_leaves_the_training_as_it_is(tmp_path):
    np.testing.assert_array_equal(run(small_config(), tmp_path, 1)[2], run(small_config(), tmp_path, None)[2])


def test_the_first_look_is_at_the_initial_parameters(tmp_path):
    config = small_config()
    _, log, _ = run(config, tmp_path, 100)
    setup = build_setup(config, build_task(config))
    expected = flow.total(setup.network, setup.theta, probe(setup.sampling), setup.loss)
    np.testing.assert_allclose(next(log.flows).total, expected, rtol=1e-12)


def test_a_carried_state_is_carried_into_the_look(tmp_path):
    config = small_config("training.optimizer.learning_rate=1e-300")
    setup, log, _ = run(config, tmp_path, 1)
    first, second = (setup.sampling.minibatch(k).batch for k in (0, 1))
    _, states = setup.network.outputs(setup.theta, first)
    expected = flow.transport(setup.network, setup.theta, second, setup.loss, states=states)
    np.testing.assert_allclose(list(log.flows)[1].transport, expected, rtol=1e-10)


def test_models_that_stand_still_have_no_rows(tmp_path):
    config = small_config("model.init.W_hh.rho=1e300", seeds="2")
    setup = build_setup(config, build_task(config))
    setup.theta[1] = 0.01
    training = start_training(config, setup)
    next(iter(training))
    log = FlowLog(setup.loss, 1, tmp_path)
    log.look(training)
    columns = flow_columns(config.seeds, log.updates, list(log.flows))
    assert set(columns["seed"]) == {1}
    assert len(columns["lag"]) == 12


def test_sequences_of_different_lengths_are_seen_by_the_longest(tmp_path):
    source = tmp_path / "c.yaml"
    source.write_text(
        "data: {kind: synthetic, task: order, sequences: 60, length: [7, 11]}\nmodel: {hidden_size: 4}\nseeds: 2\n"
    )
    config = load(str(source))
    setup = build_setup(config, build_task(config))
    batch = probe(setup.sampling)
    assert batch.steps == 11
    assert batch.lengths is None
    assert flow.total(setup.network, setup.theta, batch, setup.loss).shape == (2, 11)


RAGGED = "data: {kind: synthetic, task: %s, sequences: %s, length: [6, 40]%s}\nmodel: {hidden_size: 4}\nseeds: 2\n"


def ragged(tmp_path, task: str, *overrides: str, sequences: object = 20, more: str = ", train_fraction: 0.5"):
    (tmp_path / "c.yaml").write_text(RAGGED % (task, sequences, more))
    return load(str(tmp_path / "c.yaml"), overrides=["training.updates=9", *overrides])


def test_truncated_sequences_of_different_lengths_are_seen_segment_by_segment(tmp_path):
    still = "training.optimizer.learning_rate=1e-300"
    config = ragged(tmp_path, "echo", "training.tbptt_steps=6", "training.updates=10", still)
    setup, log, _ = run(config, tmp_path, 1)
    longest = probe(setup.sampling)
    assert longest.steps == 35 < setup.sampling.steps == 39
    assert [flow.total.shape[-1] for flow in log.flows] == [6, 6, 6, 6, 6, 5, 6, 6, 6]
    assert list(log.updates) == [1, 2, 3, 4, 5, 6, 8, 9, 10]
    _, states = setup.network.outputs(setup.theta, longest.steps_between(0, 12, "every"))
    third = longest.steps_between(12, 18, "every")
    expected = flow.transport(setup.network, setup.theta, third, setup.loss, states=states)
    for place in (2, 8):
        np.testing.assert_allclose(list(log.flows)[place].transport, expected, rtol=1e-10)


def test_an_update_on_steps_that_no_longest_sequence_has_is_not_looked_at(tmp_path):
    _, log, _ = run(ragged(tmp_path, "echo", "training.tbptt_steps=37"), tmp_path, 1)
    assert list(log.updates) == [1, 3, 5, 7, 9]


@pytest.mark.parametrize(
    ("sequences", "more", "overrides", "said"),
    [
        (20, "", (), "the first of the longest training sequences"),
        (400, "", (), "the first 4 of the longest training sequences"),
        (20, "", ("data.length=8",), "the first 4 training sequences"),
        (20, "", ("data.length=8", "training.batch_size=1"), "the first training sequence"),
        ("endless", ", held_out: 9", (), "4 of the longest fresh sequences"),
        ("endless", ", held_out: 9", ("data.length=8",), "4 fresh sequences"),
    ],
)
def test_it_is_said_which_sequences_are_looked_at(tmp_path, sequences, more, overrides, said):
    config = ragged(tmp_path, "order", *overrides, sequences=sequences, more=more)
    assert looked_at(build_setup(config, build_task(config)).sampling) == said


def test_a_sweep_is_judged_over_the_steps_of_the_sequences_that_it_measures(tmp_path):
    config = ragged(tmp_path, "echo")
    told = []
    found = sweep_rho(config, [0.9], runs_dir=tmp_path, command=[], on_warning=told.append)
    assert found.steps == 35
    assert (found.run / "plots" / "transport.png").is_file()
    assert told == []


@pytest.mark.parametrize(("length", "title"), [("[6, 40]", "through time, longest sequences"), ("8", "through time")])
def test_a_plot_of_the_longest_sequences_says_so(tmp_path, monkeypatch, length, title):
    titles = []
    monkeypatch.setattr("rnnlab.plots.gradient_flow.gradient_flow", lambda *_parts, title: titles.append(title))
    config = ragged(tmp_path, "order", f"data.length={length}", "training.log_gradient_flow_every=4")
    train(config, runs_dir=tmp_path, command=[])
    assert titles == [f"c: gradient flow {title}"]


def test_a_stream_of_chunks_is_joined_for_long_measurements():
    setup = build_setup(small_config(), build_task(small_config()))
    long = long_probe(setup.sampling, 30)
    assert long.inputs.shape == (36, 1)
    np.testing.assert_array_equal(long.inputs[:12, 0], setup.sampling.sequences.inputs[:, 0])
    np.testing.assert_array_equal(long.inputs[12:24, 0], setup.sampling.sequences.inputs[:, 1])


def test_separate_sequences_are_not_joined():
    config = small_config("training.stateful=false")
    assert long_probe(build_setup(config, build_task(config)).sampling, 30) is None


@pytest.mark.parametrize("tbptt_steps", [4, 12])
def test_truncated_training_is_seen_stretch_by_segment(tbptt_steps, tmp_path):
    _, log, _ = run(small_config(f"training.tbptt_steps={tbptt_steps}"), tmp_path, 1)
    assert next(log.flows).total.shape == (3, tbptt_steps)


@pytest.mark.painted
def test_a_training_that_logs_gradient_flow_has_table_and_plot_and_is_otherwise_the_same(tmp_path):
    from rnnlab.experiments.train import train
    from rnnlab.runs.tables import read_table

    with nothing_painted():
        plain = train(small_config(), runs_dir=tmp_path, command=[]).run
    logged = train(small_config("training.log_gradient_flow_every=4"), runs_dir=tmp_path, command=[]).run
    assert not (plain / "gradient_flow.csv").exists()
    assert not (plain / "plots" / "gradient_flow.png").exists()
    table = read_table(logged / "gradient_flow.csv")
    assert list(table) == ["seed", "update", "lag", "transport", "jacobian", "total"]
    assert set(table["update"]) == {1, 5}
    assert len(table["lag"]) == 3 * 2 * 12
    assert (logged / "plots" / "gradient_flow.png").read_bytes().startswith(b"\x89PNG")
    for name in ("gradient_norms.csv",):
        assert (plain / name).read_bytes() == (logged / name).read_bytes()


def test_truncated_sequences_with_one_output_are_seen_from_where_the_gradient_stops(tmp_path):
    source = tmp_path / "c.yaml"
    source.write_text(
        "data: {kind: synthetic, task: adding, sequences: 30, length: 9}\nmodel: {hidden_size: 4}\nseeds: 2\n"
        "training: {tbptt_steps: 4, batch_size: 8, updates: 2, shuffle: false}\n"
    )
    config = load(str(source))
    setup, log, _ = run(config, tmp_path, 1)
    first = setup.sampling.sequences.take(slice(0, 4), "last")
    before = build_setup(config, build_task(config)).theta
    whole = flow.total(setup.network, before, first, setup.loss)
    assert next(log.flows).total.shape == (2, 4)
    np.testing.assert_allclose(next(log.flows).total, whole[:, :4], rtol=1e-10)


@pytest.mark.parametrize("tbptt_steps", [20, 7])
def test_segments_of_different_lengths_have_rows_of_their_own(tmp_path, tbptt_steps):
    config = small_config(
        "data.chunk=25",
        f"training.tbptt_steps={tbptt_steps}",
        "training.updates=6",
        "training.log_gradient_flow_every=1",
    )
    told = []
    for run in (
        train(config, runs_dir=tmp_path, command=[], on_warning=told.append).run,
        sweep_rho(config, [0.9], runs_dir=tmp_path, command=[], on_warning=told.append).run,
    ):
        table = read_table(run / "gradient_flow.csv")
        lags = [int(table["lag"][(table["seed"] == 0) & (table["update"] == update)].max()) for update in (1, 2)]
        assert lags == [tbptt_steps - 1, min(tbptt_steps, 25 - tbptt_steps) - 1]
        assert (run / "plots" / "gradient_flow.png").is_file()
    assert not any("could not be drawn" in warning for warning in told)
