"""L2 by its formula; Omega against an independent one, whose derivative is taken by the complex step.

The derivative of Omega is the immediate one: the gradients g_t and the states h_t are held where they are,
and only the W_hh through which g_t is sent back is moved.
"""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rnnlab.engine.architecture import Architecture
from rnnlab.engine.batch import Batch
from rnnlab.engine.losses import LOSSES
from rnnlab.engine.network import Network
from rnnlab.engine.regularizers import l2, omega
from rnnlab.engine.stack import Stack

FORMS = ["squared", "norm"]
half_squared_error = LOSSES["half_squared_error"]
SLOPES = {
    "tanh": lambda h: 1 - h * h,
    "sigmoid": lambda h: h * (1 - h),
    "relu": lambda h: (h > 0) * 1.0,
    "identity": np.ones_like,
}
ARCHITECTURES = [
    Architecture(2, 4, 3),
    Architecture(2, 4, 3, activation="relu", readout="every"),
    Architecture(2, 4, 3, activation="sigmoid", initial_state="learned"),
    Architecture(2, 4, 3, layers=2, bidirectional=True, readout="every"),
]


def parameters(architecture: Architecture, *lead: int, seed: int = 0, dtype=np.float64) -> np.ndarray:
    return np.random.default_rng(seed).normal(0, 0.7, (*lead, architecture.layout().size)).astype(dtype)


def batch(architecture: Architecture, T: int = 5, B: int = 3, *, seed: int = 1, dtype=np.float64) -> Batch:
    rng = np.random.default_rng(seed)
    steps = (T,) if architecture.readout == "every" else ()
    return Batch(
        rng.normal(size=(T, B, architecture.input_size)).astype(dtype),
        rng.normal(size=(*steps, B, architecture.output_size)).astype(dtype),
    )


def passed(architecture, theta, data, loss=half_squared_error):
    """A stack after forward and backward, with the traces and the gradient: what a penalty is called with."""
    lead, B = theta.ndim == 2, data.sequences
    options = {"steps": data.steps, "batch_size": B, "ensemble": theta.shape[:-1], "dtype": theta.dtype}
    stack = Stack(architecture, architecture.layout(), tokens=False, **options)
    mask, every = data.mask(lead), architecture.readout == "every"
    outputs, _ = stack.forward(theta, data.input_columns(lead), None, mask)
    counts = None if mask is None or not every else ~mask[..., 0, :]
    _, d_outputs = loss(outputs, data.target_columns(every, lead), counts, 1 / B)
    gradient, traces = np.empty_like(theta), stack.traces()
    stack.backward(d_outputs, gradient, mask, traces)
    return stack, gradient, traces, mask


def independent_omega(W_hh, g, h, activation, form):
    """Omega of one recurrence in row form, g and h (T, B, H), of any W_hh, even a complex one."""
    v = (g * SLOPES[activation](h)) @ W_hh.T
    q = (v * v).sum(axis=-1) / (g * g).sum(axis=-1)
    return (((q if form == "squared" else np.sqrt(q)) - 1) ** 2).mean(axis=(0, 1))


def derivative(W_hh, *rest):
    """Of `independent_omega` with respect to W_hh: complex step, exact to rounding."""
    result = np.empty_like(W_hh)
    for index in np.ndindex(W_hh.shape):
        moved = W_hh.astype(complex)
        moved[index] += 1e-30j
        result[index] = independent_omega(moved, *rest).imag / 1e-30
    return result


@pytest.mark.parametrize("architecture", ARCHITECTURES, ids=["last", "every", "learned", "two by two"])
@pytest.mark.parametrize("form", FORMS)
def test_value_and_immediate_derivative(architecture, form):
    theta, data, layout = parameters(architecture), batch(architecture), architecture.layout()
    network, alpha = Network(architecture), 0.7
    plain = network.gradients(theta, data, half_squared_error, flow=True)
    penalized = network.gradients(theta, data, half_squared_error, penalty=omega(alpha, form))
    added = layout.views(penalized.parameters - plain.parameters)
    stack, *_ = passed(architecture, theta, data)

    value = 0.0
    for (name, _, _), recurrence, g in zip(architecture.recurrences(), stack.recurrences, plain.flow, strict=True):
        h = np.swapaxes(recurrence.h[1:], -1, -2)
        rest = (g, h, architecture.activation, form)
        W_hh = layout.view(theta, f"{name}.W_hh")
        value += independent_omega(W_hh, *rest)
        change = added.pop(f"{name}.W_hh")
        assert np.abs(change).max() > 1e-3
        np.testing.assert_allclose(change, alpha * derivative(W_hh, *rest), rtol=1e-10, atol=1e-12)
    assert penalized.loss - plain.loss == pytest.approx(alpha * value, rel=1e-12)
    assert all(not change.any() for change in added.values())


def test_scalar_recurrence_by_hand():
    # h_t = w h_{t-1} + ..., so v = w g and q = w^2 at every step, whatever the data.
    architecture = Architecture(1, 1, 1, activation="identity", readout="every")
    layout, data = architecture.layout(), batch(architecture)
    theta = np.array([0.5, 1.0, 0.1, 1.0, 0.0])  # w first
    for form, value, slope in (("squared", 0.75**2, 4 * (0.25 - 1) * 0.5), ("norm", 0.25, 2 * (0.5 - 1))):
        stack, gradient, traces, _ = passed(architecture, theta, data)
        before = gradient.copy()
        assert omega(2.0, form)(stack, gradient, traces, 1 / 3) == pytest.approx(2 * value)
        assert layout.view(gradient - before, "layer0.W_hh") == pytest.approx(np.array([[2 * slope]]))


@pytest.mark.parametrize("form", FORMS)
def test_an_orthogonal_linear_recurrence_keeps_every_norm(form):
    architecture = Architecture(2, 4, 3, activation="identity")
    theta, layout, data = parameters(architecture), architecture.layout(), batch(architecture)
    layout.view(theta, "layer0.W_hh")[...] = np.linalg.qr(np.random.default_rng(2).normal(size=(4, 4)))[0]
    stack, gradient, traces, _ = passed(architecture, theta, data)
    before = gradient.copy()
    assert omega(1.0, form)(stack, gradient, traces, 1 / 3) == pytest.approx(0, abs=1e-28)
    np.testing.assert_allclose(gradient, before, atol=1e-13)


@pytest.mark.parametrize("form", FORMS)
def test_descending_the_derivative_makes_omega_smaller(form):
    architecture = Architecture(2, 6, 3)
    theta, data = parameters(architecture), batch(architecture)
    stack, gradient, traces, _ = passed(architecture, theta, data)
    gradient[...] = 0
    value = omega(1.0, form)(stack, gradient, traces, 1 / 3)
    W_hh = architecture.layout().view(theta - 1e-3 * gradient, "layer0.W_hh")
    rows = [np.swapaxes(a, -1, -2) for a in (traces[0].dh, stack.recurrences[0].h[1:])]
    assert independent_omega(W_hh, *rows, "tanh", form) < value


@pytest.mark.parametrize("architecture", ARCHITECTURES, ids=["last", "every", "learned", "two by two"])
def test_a_batch_cut_into_blocks_gives_the_same(architecture, monkeypatch):
    theta, data = parameters(architecture), batch(architecture, B=50)
    whole = Network(architecture).gradients(theta, data, half_squared_error, penalty=omega(3.0))
    monkeypatch.setattr("rnnlab.engine.shards.SHARD_BYTES", 1000)
    monkeypatch.setattr("rnnlab.engine.shards.LEAST_SEQUENCES", 16)
    network = Network(architecture, threads=2)
    assert len(network._shards(theta, data)) > 1
    cut = network.gradients(theta, data, half_squared_error, penalty=omega(3.0))
    assert cut.loss == pytest.approx(whole.loss, rel=1e-13)
    np.testing.assert_allclose(cut.parameters, whole.parameters, rtol=1e-11, atol=1e-13)


@pytest.mark.parametrize("architecture", ARCHITECTURES, ids=["last", "every", "learned", "two by two"])
@pytest.mark.parametrize("form", FORMS)
def test_each_model_has_the_omega_it_has_alone(architecture, form):
    theta, data, network = parameters(architecture, 3), batch(architecture), Network(architecture)
    together = network.gradients(theta, data, half_squared_error, penalty=omega(0.5, form))
    assert together.loss.shape == (3,)
    for model in range(3):
        alone = network.gradients(theta[model], data, half_squared_error, penalty=omega(0.5, form))
        assert together.loss[model] == pytest.approx(alone.loss, rel=1e-13)
        np.testing.assert_allclose(together.parameters[model], alone.parameters, rtol=1e-11, atol=1e-13)


@given(
    st.lists(st.integers(1, 6), min_size=1, max_size=4),
    st.sampled_from(ARCHITECTURES),
    st.sampled_from(FORMS),
)
@settings(max_examples=30)
def test_padding_changes_nothing(lengths, architecture, form):
    theta, whole = parameters(architecture), batch(architecture, 6, len(lengths))
    every = architecture.readout == "every"
    values, derivatives = [], []
    for b, length in enumerate(lengths):
        targets = whole.targets[:length, b : b + 1] if every else whole.targets[b : b + 1]
        stack, gradient, traces, _ = passed(architecture, theta, Batch(whole.inputs[:length, b : b + 1], targets))
        before = gradient.copy()
        values.append(omega(1.0, form)(stack, gradient, traces, 1.0))
        derivatives.append(gradient - before)

    padded = Batch(whole.inputs, whole.targets, np.array(lengths))
    for lead in (False, True):
        stack, gradient, traces, mask = passed(architecture, theta[None] if lead else theta, padded)
        before = gradient.copy()
        value = omega(1.0, form)(stack, gradient, traces, 1 / len(lengths), mask)
        assert value == pytest.approx(np.mean(values), rel=1e-12)
        np.testing.assert_allclose((gradient - before).reshape(-1), np.mean(derivatives, axis=0), atol=1e-11)

    network = Network(architecture)
    plain, penalized = (
        network.gradients(theta, padded, half_squared_error, penalty=penalty) for penalty in (None, omega(1.0, form))
    )
    assert penalized.loss - plain.loss == pytest.approx(np.mean(values), rel=1e-9)


@pytest.mark.parametrize("sequences", [1, 20])
@pytest.mark.parametrize(("size", "counts"), [(0.9e-10, False), (1.1e-10, True)])
def test_a_gradient_too_small_to_have_a_direction_counts_as_kept(sequences, size, counts):
    # One unit without a past: g = do, v = w g. The threshold, 1e-10, is for a sequence's own g.
    architecture = Architecture(1, 1, 1, activation="identity")
    theta = np.array([0.5, 1.0, 0.1, 1.0, 0.0])
    data = Batch(np.ones((1, sequences, 1)), np.zeros((sequences, 1)))

    def constant(o, _y, _counts, scale):
        return np.zeros(()), np.full_like(o, size * scale)

    stack, gradient, traces, _ = passed(architecture, theta, data, constant)
    before = gradient.copy()
    value = omega(1.0)(stack, gradient, traces, 1 / sequences)
    assert value == pytest.approx(0.75**2 if counts else 0)
    assert (gradient - before)[0] == pytest.approx(4 * (0.25 - 1) * 0.5 if counts else 0)


@pytest.mark.parametrize("form", FORMS)
def test_a_recurrence_that_lets_nothing_through_counts_in_full_and_is_not_pushed_anywhere(form):
    architecture = Architecture(2, 4, 3)
    theta, data = parameters(architecture), batch(architecture, T=1)
    architecture.layout().view(theta, "layer0.W_hh")[...] = 0
    stack, gradient, traces, _ = passed(architecture, theta, data)
    before = gradient.copy()
    assert omega(1.0, form)(stack, gradient, traces, 1 / 3) == 1.0
    assert gradient.tobytes() == before.tobytes()


def test_a_gradient_that_is_not_a_number_shows():
    architecture = Architecture(2, 4, 3)
    theta, data = parameters(architecture, 2), batch(architecture)
    stack, gradient, traces, _ = passed(architecture, theta, data)
    traces[0].dh[2, 1] = np.nan
    assert np.isnan(omega(1.0)(stack, gradient, traces, 1 / 3)).tolist() == [False, True]


@pytest.mark.parametrize("form", FORMS)
def test_single_precision_agrees_with_double(form):
    architecture = Architecture(2, 4, 3, readout="every")
    results = [
        Network(architecture).gradients(
            parameters(architecture, dtype=dtype),
            batch(architecture, dtype=dtype),
            half_squared_error,
            penalty=omega(0.5, form),
        )
        for dtype in (np.float64, np.float32)
    ]
    assert results[1].parameters.dtype == np.float32
    assert results[1].loss == pytest.approx(results[0].loss, rel=1e-5)
    np.testing.assert_allclose(results[1].parameters, results[0].parameters, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("cell", ["lstm", "gru"])
def test_gated_cells_have_no_omega(cell):
    architecture = Architecture(2, 4, 3, cell=cell)
    with pytest.raises(ValueError, match=f"vanilla cell, 'rnn', alone; got '{cell}'"):
        Network(architecture).gradients(
            parameters(architecture), batch(architecture), half_squared_error, penalty=omega(1.0)
        )


def test_unknown_forms_are_refused():
    with pytest.raises(ValueError, match="must be squared or norm; got 'cubic'"):
        omega(1.0, "cubic")


@pytest.mark.parametrize("cell", ["rnn", "lstm", "gru"])
@pytest.mark.parametrize("lead", [(), (3,)])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_l2_is_on_the_weights_alone(cell, lead, dtype):
    architecture = Architecture(2, 3, 2, cell=cell, layers=2, initial_state="learned")
    layout, theta = architecture.layout(), parameters(architecture, *lead, dtype=dtype)
    gradient = np.zeros_like(theta)
    value = l2(theta, gradient, layout, 0.25)
    weights = [name for name in layout.names if ".W_" in name]
    assert len(weights) == 5
    squares = sum((layout.view(theta, name).astype(float) ** 2).sum(axis=(-2, -1)) for name in weights)
    np.testing.assert_allclose(value, 0.125 * squares, rtol=1e-12)
    assert value.dtype == np.float64
    for name in layout.names:
        expected = 0.25 * layout.view(theta, name) * (name in weights)
        np.testing.assert_allclose(layout.view(gradient, name), expected, rtol=1e-6)


def test_l2_adds_to_the_gradient_there_is():
    architecture = Architecture(1, 1, 1)
    gradient = np.ones(5)
    l2(np.full(5, 2.0), gradient, architecture.layout(), 0.1)
    assert gradient == pytest.approx([1.2, 1.2, 1.0, 1.2, 1.0])
