"""Large batches in shards on threads: the same numbers bit for bit on any number of them, and those of one shard."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rnnlab.engine import shards
from rnnlab.engine.architecture import Architecture
from rnnlab.engine.network import Network
from tests.engine.samples import Sample, sample
from tests.engine.test_network import EXACT, everything

SHAPES = {
    "one model, many sequences": {"batch_size": 900, "hidden_size": 16},
    "each model's sequences are many": {"models": 2, "batch_size": 900, "hidden_size": 16},
    "many models, few sequences": {"models": 60, "batch_size": 20, "hidden_size": 16},
    "models with sequences of their own": {"models": 3, "per_model": True, "batch_size": 700, "hidden_size": 16},
    "a step large enough to share": {"batch_size": 128, "hidden_size": 130, "steps": 3},
}


def blocks_of(drawn: Sample) -> list[shards.Shard]:
    return drawn.network._shards(drawn.theta, drawn.batch)


@pytest.mark.parametrize("cell", ["rnn", "lstm", "gru"])
@pytest.mark.parametrize("shape", SHAPES)
def test_any_number_of_threads_gives_the_same_bits(monkeypatch, cell, shape):
    monkeypatch.setattr(shards, "SHARD_BYTES", 2_000_000)
    options = {"steps": 20, "readout": "every", "initial_state": "given"} | SHAPES[shape]
    one = sample(cell, **options)
    assert len(blocks_of(one)) > 1
    expected = one.gradients(inputs=True, initial=True)
    outputs, _ = one.network.outputs(one.theta, one.batch, states=one.states)
    for threads in (2, 3):
        several = one.but(network=Network(one.network.architecture, threads=threads))
        for _ in range(2):  # the second time with buffers that are there already
            result = several.gradients(inputs=True, initial=True)
            for name in ("loss", "parameters", "inputs"):
                assert np.array_equal(getattr(result, name), getattr(expected, name)), name
            assert np.array_equal(result.initial, expected.initial)
            assert np.array_equal(several.network.outputs(one.theta, one.batch, states=one.states)[0], outputs)


@pytest.mark.parametrize("cell", ["rnn", "lstm", "gru"])
@pytest.mark.parametrize("shape", SHAPES)
def test_blocks_agree_with_everything_at_once(monkeypatch, cell, shape):
    options = {"steps": 6, "lengths": True, "initial_state": "given", "layers": 2} | SHAPES[shape]
    drawn = sample(cell, **options)
    monkeypatch.setattr(shards, "SHARD_BYTES", 200_000)
    assert len(blocks_of(drawn)) > 1
    parts = everything(drawn)
    monkeypatch.setattr(shards, "SHARD_BYTES", 1 << 50)
    monkeypatch.setattr(shards, "SPLIT_STEP_WORK", 1 << 50)
    assert len(blocks_of(drawn)) == 1
    for name, whole in everything(drawn).items():
        scale = np.abs(whole).max(initial=0)
        np.testing.assert_allclose(parts[name], whole, rtol=1e-11, atol=1e-12 * scale, err_msg=name)


@pytest.mark.parametrize("tokens", [False, True])
@pytest.mark.parametrize("cell", ["rnn", "lstm", "gru"])
def test_blocks_of_as_many_models_as_there_are_parameters(monkeypatch, cell, tokens):
    """Losses (R,) and gradients (R, P) must not be taken for one another where R = P."""
    size = sample(cell, input_size=1, hidden_size=1, output_size=1).network.layout.size
    drawn = sample(cell, input_size=1, hidden_size=1, output_size=1, models=4 * size, tokens=tokens, readout="every")
    for limit in range(1000, 100_000, 100):
        monkeypatch.setattr(shards, "SHARD_BYTES", limit)
        if blocks_of(drawn)[0].models == slice(0, size):
            break
    else:
        pytest.fail("no shard of as many models as parameters")
    together = everything(drawn, dense=False)
    for model in (0, size, 4 * size - 1):
        alone = everything(replace(drawn, theta=drawn.theta[model]), dense=False)
        np.testing.assert_allclose(together["loss"][model], alone["loss"], **EXACT)
        np.testing.assert_allclose(together["forward loss"][model], alone["forward loss"], **EXACT)
        np.testing.assert_allclose(together["parameters"][model], alone["parameters"], **EXACT)


@pytest.mark.parametrize("models", [1, 2])
def test_an_ensemble_of_one_keeps_its_axis(models):
    result = sample("lstm", models=models, readout="every").gradients(inputs=True, flow=True)
    assert result.loss.shape == (models,)
    assert result.parameters.shape[0] == models
    assert result.inputs.shape == (5, models, 3, 7)
    assert result.flow[0].shape == (5, models, 3, 4)
    assert result.states[0][1].shape == (models, 3, 4)


@settings(max_examples=300)
@given(st.one_of(st.none(), st.integers(1, 300)), st.integers(1, 5000), st.integers(1, 10**8), st.integers(1, 10**7))
def test_blocks_cover_every_model_and_sequence_once(models, sequences, size, work):
    covered = np.zeros((models or 1, sequences), int)
    for shard in shards.plan(models, sequences, size, work):
        assert (shard.models is None) == (models is None)
        covered[shard.models or slice(None), shard.sequences] += 1
    assert (covered == 1).all()


def test_blocks_stay_within_their_size_where_that_can_be():
    for shard in shards.plan(None, 5000, 10_000, 1):
        assert (shard.sequences.stop - shard.sequences.start) * 10_000 <= shards.SHARD_BYTES
    for shard in shards.plan(300, 20, 10_000, 1):
        assert (shard.models.stop - shard.models.start) * 20 * 10_000 <= shards.SHARD_BYTES


def test_the_plan_knows_nothing_of_threads():
    architecture = Architecture(7, 16, 6)
    drawn = sample("rnn", hidden_size=16, batch_size=900, steps=20)
    plans = [Network(architecture, threads=threads)._shards(drawn.theta, drawn.batch) for threads in (1, 2, 8)]
    assert plans[0] == plans[1] == plans[2]


def test_a_failure_inside_a_block_is_not_lost():
    drawn = sample("rnn", hidden_size=16, batch_size=900, steps=20, threads=2)

    def broken(_o, _y, _counts, _scale):
        raise ArithmeticError("on a thread")

    with pytest.raises(ArithmeticError, match="on a thread"):
        drawn.but(loss=broken).gradients()
