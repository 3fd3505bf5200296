"""A few steps of each cell beside PyTorch: loss, gradients, and the parameters after three updates.

The numbers in golden.json were generated once with PyTorch 2.13.0 in float64: `torch.nn.RNN`, `LSTM` and `GRU` with
autograd and `torch.optim.SGD(lr=0.1)`, their weights the transposes of ours (`weight_hh = W_hh^T`,
`weight_ih = W_xh^T`, `bias_ih = b_h`, `bias_hh` zero but for the GRU's `b_hn`). Inputs, targets, states and first
parameters are cosines.
"""

import json
from pathlib import Path

import numpy as np
import pytest

from rnnlab.engine.architecture import Architecture
from rnnlab.engine.batch import Batch
from rnnlab.engine.losses import loss_function
from rnnlab.engine.network import Network

GOLDEN = json.loads(Path(__file__).with_name("golden.json").read_text())["cases"]
T, B, I, H, O = 4, 3, 2, 3, 5  # noqa: E741
LEARNING_RATE = 0.1
CASES = {
    "rnn tanh, last step, initial state": ({"cell": "rnn"}, "half_squared_error", 1),
    "rnn relu, every step": (
        {"cell": "rnn", "activation": "relu", "readout": "every"}, "half_squared_error", 0
    ),
    "lstm, last step, initial state": ({"cell": "lstm"}, "half_squared_error", 2),
    "lstm, two layers, both directions, every step, classes": (
        {"cell": "lstm", "layers": 2, "bidirectional": True, "readout": "every"}, "cross_entropy", 0
    ),
    "gru, last step, initial state": ({"cell": "gru"}, "half_squared_error", 1),
    "gru, two layers, every step, binary targets": (
        {"cell": "gru", "layers": 2, "readout": "every"}, "binary_cross_entropy", 0
    ),
}  # fmt: skip


def wave(shape, frequency, amplitude):
    return amplitude * np.cos(frequency * np.arange(1, np.prod(shape) + 1)).reshape(shape)


def targets(loss, at):
    if loss == "cross_entropy":
        return np.arange(np.prod(at)).reshape(at) * 7 % O
    values = wave((*at, O), 1.3, 1.0)
    return (values > 0).astype(float) if loss == "binary_cross_entropy" else values


def test_every_golden_case_is_tested():
    assert CASES.keys() == GOLDEN.keys()


@pytest.mark.parametrize("name", CASES)
def test_three_updates_as_in_pytorch(name):
    options, loss, given = CASES[name]
    network, golden = Network(Architecture(I, H, O, **options)), GOLDEN[name]
    at = (T, B) if network.architecture.readout == "every" else (B,)
    batch = Batch(wave((T, B, I), 0.7, 1.5), targets(loss, at))
    states = [[wave((B, H), 0.9, 0.8), wave((B, H), 1.9, 1.2)][:given]] if given else None
    theta = wave((network.layout.size,), 2.1, 0.7)
    losses, first = [], None
    for _ in range(len(golden["losses"])):
        result = network.gradients(theta, batch, loss_function(loss), states=states)
        losses.append(float(result.loss))
        first = result.parameters.copy() if first is None else first
        theta = theta - LEARNING_RATE * result.parameters
    np.testing.assert_allclose(losses, golden["losses"], rtol=1e-13)
    np.testing.assert_allclose(first, golden["gradient"], rtol=1e-12, atol=1e-14)
    np.testing.assert_allclose(theta, golden["parameters_after_three_steps"], rtol=1e-12, atol=1e-14)
