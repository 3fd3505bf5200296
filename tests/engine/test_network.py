"""What must not matter: which models run side by side, the sequences' order, where time is cut, what fills padding."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rnnlab.engine.batch import Batch
from rnnlab.engine.network import KEPT_SHAPES
from tests.engine.samples import CELLS, Sample, lone, sample

EXACT = {"rtol": 1e-11, "atol": 1e-13}
makes = st.fixed_dictionaries(
    {
        "layers": st.integers(1, 2),
        "bidirectional": st.booleans(),
        "initial_state": st.sampled_from(["zero", "learned", "given"]),
        "readout": st.sampled_from(["last", "every"]),
        "tokens": st.booleans(),
        "batch_size": st.sampled_from([1, 3]),
        "lengths": st.booleans(),
        "seed": st.integers(0, 2**32 - 1),
    }
)


def everything(drawn: Sample, *, dense: bool = True) -> dict[str, np.ndarray]:
    """Every array that the network gives, by name, the sequences' axis last but one."""
    result = drawn.gradients(inputs=dense, initial=drawn.states is not None, flow=True)
    outputs, states = drawn.network.outputs(drawn.theta, drawn.batch, states=drawn.states)
    found = {"loss": result.loss, "parameters": result.parameters, "outputs": outputs}
    found["forward loss"] = drawn.network.loss(drawn.theta, drawn.batch, drawn.loss, states=drawn.states)
    if dense:
        found["inputs"] = result.inputs
    for k, layer in enumerate(result.initial or ()):
        found |= {f"initial {k}.{n}": state for n, state in enumerate(layer)}
    for source, name in ((result.states, "final"), (states, "forward final")):
        for k, layer in enumerate(source):
            found |= {f"{name} {k}.{n}": state for n, state in enumerate(layer)}
    found |= {f"flow {k}": flow for k, flow in enumerate(result.flow or ())}
    for k, activations in enumerate(drawn.network.activations(drawn.theta, drawn.batch, states=drawn.states)):
        found |= {f"activations {k}.{name}": values for name, values in activations.items()}
    return found


def has_time(name: str, readout: str) -> bool:
    return name.startswith(("inputs", "flow", "activations")) or (name == "outputs" and readout == "every")


@settings(max_examples=40)
@given(st.sampled_from(CELLS), makes, st.booleans())
def test_each_model_of_an_ensemble_equals_its_lone_run(pair, make, per_model):
    many = sample(*pair, models=3, per_model=per_model, **make)
    together = everything(many, dense=not make["tokens"])
    for model in range(3):
        alone = everything(lone(many, model), dense=not make["tokens"])
        assert alone.keys() == together.keys()
        for name, expected in alone.items():
            ours = together[name][:, model] if has_time(name, make["readout"]) else together[name][model]
            np.testing.assert_allclose(ours, expected, **EXACT, err_msg=name)


@settings(max_examples=30)
@given(st.sampled_from(CELLS), makes, st.permutations(range(4)))
def test_the_order_of_sequences_does_not_matter(pair, make, order):
    first = sample(*pair, **make | {"batch_size": 4})
    states = first.states and [[state[order] for state in layer] for layer in first.states]
    second = first.but(batch=ordered(first.batch, order, make["readout"]), states=states)
    before, after = (everything(each, dense=not make["tokens"]) for each in (first, second))
    for name, values in before.items():
        expected = values if name in ("loss", "forward loss", "parameters") else values[..., order, :]
        np.testing.assert_allclose(after[name], expected, **EXACT, err_msg=name)


def ordered(batch: Batch, order, readout: str) -> Batch:
    return replace(
        batch,
        inputs=batch.inputs[:, order],
        targets=batch.targets[:, order] if readout == "every" else batch.targets[order],
        lengths=None if batch.lengths is None else batch.lengths[list(order)],
    )


@settings(max_examples=30)
@given(st.sampled_from(CELLS), makes, st.integers(1, 4), st.sampled_from([None, 2]))
def test_a_sequence_may_be_cut_in_two_with_the_state_carried_over(pair, make, cut, models):
    whole = sample(*pair, **make | {"bidirectional": False, "readout": "every"}, models=models)
    head, tail = (
        whole.batch.steps_between(start, stop, "every") for start, stop in ((0, cut), (cut, whole.batch.steps))
    )
    outputs, finals = whole.network.outputs(whole.theta, whole.batch, states=whole.states)
    first, carried = whole.network.outputs(whole.theta, head, states=whole.states)
    second, last = whole.network.outputs(whole.theta, tail, states=carried)
    np.testing.assert_allclose(np.concatenate((first, second)), outputs, **EXACT)
    for ours, expected in zip(last, finals, strict=True):
        np.testing.assert_allclose(ours, expected, **EXACT)
    loss = whole.but(batch=head).gradients().loss + whole.but(batch=tail, states=carried).gradients().loss
    np.testing.assert_allclose(loss, whole.gradients().loss, **EXACT)


@pytest.mark.parametrize("models", [None, 2])
@pytest.mark.parametrize(("cell", "activation"), CELLS)
def test_gradients_of_two_parts_chain_to_those_of_the_whole(cell, activation, models):
    """dL/dtheta of T = a + b is that of b, its initial state held, plus dL/dstate times what theta does to that state.

    The second factor is measured by the complex step along one direction, and so is proof of dL/dc_{-1} too.
    """
    whole = sample(cell, activation, steps=7, models=models)
    head, tail = (whole.batch.steps_between(*cut, "last") for cut in ((0, 3), (3, 7)))
    _, carried = whole.network.outputs(whole.theta, head)
    second = whole.but(batch=tail, states=carried).gradients(initial=True)
    step, direction = 1e-20, np.random.default_rng(2).standard_normal(whole.theta.shape)
    _, moved = whole.network.outputs(whole.theta + 1j * step * direction, head)
    through_state = sum(
        (gradient * np.imag(state) / step).sum(axis=(-1, -2))
        for gradient, state in zip(second.initial[0], moved[0], strict=True)
    )
    expected = (whole.gradients().parameters * direction).sum(axis=-1)
    ours = (second.parameters * direction).sum(axis=-1) + through_state
    np.testing.assert_allclose(ours, expected, rtol=1e-11, atol=1e-13)


@pytest.mark.parametrize("readout", ["last", "every"])
@pytest.mark.parametrize("tokens", [False, True])
@pytest.mark.parametrize(("models", "per_model"), [(None, False), (2, False), (2, True)])
@pytest.mark.parametrize(("cell", "activation"), CELLS)
def test_a_stream_fed_step_by_step_agrees_with_the_whole(cell, activation, models, per_model, tokens, readout):
    drawn = sample(
        cell, activation, layers=2, initial_state="learned", models=models, per_model=per_model, tokens=tokens,
        readout=readout,
    )  # fmt: skip
    expected, finals = drawn.network.outputs(drawn.theta, drawn.batch)
    states, outputs = None, []
    for x in drawn.batch.inputs:
        o, states = drawn.network.step(drawn.theta, states, x)
        outputs.append(o)
    np.testing.assert_allclose(outputs if readout == "every" else outputs[-1], expected, **EXACT)
    for ours, whole in zip(states, finals, strict=True):
        np.testing.assert_allclose(ours, whole, **EXACT)


def test_a_bidirectional_network_cannot_be_fed_step_by_step():
    drawn = sample("gru", bidirectional=True)
    with pytest.raises(ValueError, match="both ends"):
        drawn.network.step(drawn.theta, None, drawn.batch.inputs[0])


@pytest.mark.parametrize("garbage", [np.nan, np.inf, -np.inf, 1e300])
@pytest.mark.parametrize("loss", ["half_squared_error", "huber", "binary_cross_entropy", "cross_entropy"])
@pytest.mark.parametrize(("cell", "activation"), CELLS)
def test_what_stands_in_the_padding_changes_no_bit(cell, activation, loss, garbage):
    clean = sample(
        cell, activation, layers=2, bidirectional=True, readout="every", loss=loss, lengths=True,
        initial_state="learned",
    )  # fmt: skip
    behind = np.arange(clean.batch.steps)[:, None] >= clean.batch.lengths
    inputs, targets = clean.batch.inputs.copy(), clean.batch.targets.copy()
    inputs[behind] = garbage
    targets[behind] = garbage if loss != "cross_entropy" else 10**9
    assert_same_bits(clean, clean.but(batch=Batch(inputs, targets, clean.batch.lengths)), dense=True)


@pytest.mark.parametrize("garbage", [-1, -(2**40), 2**40])
@pytest.mark.parametrize("models", [None, 2])
@pytest.mark.parametrize("input_size", [7, 97])
@pytest.mark.parametrize("cell", ["rnn", "lstm", "gru"])
def test_tokens_in_the_padding_change_no_bit(cell, input_size, models, garbage):
    clean = sample(
        cell, tokens=True, input_size=input_size, lengths=True, models=models, per_model=models is not None,
        readout="every", loss="cross_entropy",
    )  # fmt: skip
    behind = np.arange(clean.batch.steps).reshape(-1, *(1,) * clean.batch.lengths.ndim) >= clean.batch.lengths
    inputs, targets = clean.batch.inputs.copy(), clean.batch.targets.copy()
    inputs[behind], targets[behind] = garbage, garbage
    dirty = replace(clean.batch, inputs=inputs, targets=targets)
    assert_same_bits(clean, clean.but(batch=dirty), dense=False)


@pytest.mark.parametrize("readout", ["last", "every"])
@pytest.mark.parametrize(("cell", "activation"), CELLS)
def test_a_padded_batch_equals_its_sequences_one_by_one(cell, activation, readout):
    drawn = sample(cell, activation, layers=2, bidirectional=True, readout=readout, lengths=True)
    batch, total, gradient = drawn.batch, 0.0, 0.0
    for b in range(batch.sequences):
        end = batch.lengths[b]
        targets = batch.targets[:end, b : b + 1] if readout == "every" else batch.targets[b : b + 1]
        alone = drawn.but(batch=Batch(batch.inputs[:end, b : b + 1], targets)).gradients(inputs=True)
        total, gradient = total + alone.loss, gradient + alone.parameters
        together = drawn.gradients(inputs=True).inputs[:, b]
        np.testing.assert_allclose(together[:end] * batch.sequences, alone.inputs[:, 0], **EXACT)
        assert not together[end:].any()
    result = drawn.gradients()
    np.testing.assert_allclose(result.loss * batch.sequences, total, **EXACT)
    np.testing.assert_allclose(result.parameters * batch.sequences, gradient, **EXACT)


@pytest.mark.parametrize("models", [None, 2])
@pytest.mark.parametrize(("batch_size", "input_size"), [(1, 7), (3, 7), (3, 97)])
@pytest.mark.parametrize("lengths", [False, True])
@pytest.mark.parametrize(("cell", "activation"), CELLS)
def test_tokens_equal_their_one_hot_inputs(cell, activation, lengths, batch_size, input_size, models):
    tokens = sample(
        cell, activation, tokens=True, batch_size=batch_size, input_size=input_size, lengths=lengths, models=models,
        readout="every",
    )  # fmt: skip
    dense = tokens.but(batch=replace(tokens.batch, inputs=np.eye(input_size)[tokens.batch.inputs]))
    expected = everything(dense, dense=False)
    for name, values in everything(tokens, dense=False).items():
        if not name.startswith("activations") or name.endswith(".h"):  # gates behind a sequence's end mean nothing
            np.testing.assert_allclose(values, expected[name], **EXACT, err_msg=name)


@pytest.mark.parametrize("readout", ["last", "every"])
@pytest.mark.parametrize(("cell", "activation"), CELLS)
def test_single_precision_stays_close_to_double(cell, activation, readout):
    options = {"layers": 2, "readout": readout, "steps": 12, "initial_state": "given", "loss": "half_squared_error"}
    single, double = (sample(cell, activation, dtype=dtype, **options).gradients(inputs=True, initial=True)
                      for dtype in ("float32", "float64"))  # fmt: skip
    assert {single.parameters.dtype, single.inputs.dtype, single.initial[0][0].dtype} == {np.dtype("float32")}
    assert np.asarray(single.loss).dtype == np.float64
    np.testing.assert_allclose(single.loss, double.loss, rtol=1e-5)
    for ours, exact in ((single.parameters, double.parameters), (single.inputs, double.inputs)):
        assert np.linalg.norm(ours - exact) < 1e-5 * np.linalg.norm(exact)


@pytest.mark.parametrize(("cell", "activation"), CELLS)
def test_a_network_remembers_nothing_of_other_batches(cell, activation):
    """Buffers are used again: neither other shapes nor a batch full of NaN may leave anything behind."""
    drawn = sample(cell, activation, layers=2, lengths=True, readout="every", initial_state="learned")
    before = everything(drawn)
    other = sample(cell, activation, layers=2, steps=9, readout="every", initial_state="learned").batch
    with np.errstate(all="ignore"):
        for batch in (other, replace(drawn.batch, inputs=np.full_like(drawn.batch.inputs, np.nan), lengths=None)):
            spoilt = drawn.but(batch=batch).gradients()
    assert np.isnan(spoilt.loss)
    after = everything(drawn)
    assert all(np.array_equal(before[name], after[name]) for name in before)


def test_results_stay_as_they_were_when_the_next_batch_comes():
    drawn = sample("lstm", initial_state="given", readout="every")
    kept = everything(drawn)
    copies = {name: values.copy() for name, values in kept.items()}
    drawn.but(theta=-drawn.theta).gradients(inputs=True, initial=True, flow=True)
    drawn.network.activations(-drawn.theta, drawn.batch)
    assert all(np.array_equal(kept[name], copies[name]) for name in kept)


def test_a_batch_without_targets_has_outputs_but_no_loss():
    drawn = sample("rnn")
    bare = replace(drawn.batch, targets=None)
    ours, _ = drawn.network.outputs(drawn.theta, bare)
    expected, _ = drawn.network.outputs(drawn.theta, drawn.batch)
    assert np.array_equal(ours, expected)
    with pytest.raises(ValueError, match="without targets"):
        drawn.but(batch=bare).gradients()


def assert_same_bits(clean: Sample, dirty: Sample, *, dense: bool):
    expected = everything(clean, dense=dense)
    for name, values in everything(dirty, dense=dense).items():
        if name == "outputs":
            assert np.isfinite(values).all()
        assert np.array_equal(values, expected[name]), name


def test_sequences_of_many_lengths_do_not_keep_buffers_for_each():
    drawn = sample(steps=30, loss="half_squared_error")
    for steps in range(1, 31):
        drawn.network.outputs(drawn.theta, Batch(drawn.batch.inputs[:steps]))
    assert len(drawn.network._idle) == KEPT_SHAPES
    kept = {key[0] for key in drawn.network._idle}
    assert kept == set(range(30, 30 - KEPT_SHAPES, -1))
