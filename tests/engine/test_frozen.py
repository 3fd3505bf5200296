"""Parameters that no training moves: no gradient, no decay, no proof asked for."""

import numpy as np
import pytest

from rnnlab.engine.architecture import Architecture
from rnnlab.engine.batch import Batch
from rnnlab.engine.contract import check_layer
from rnnlab.engine.gradcheck import check_gradients
from rnnlab.engine.layers import Rnn
from rnnlab.engine.layers.layer import Parameter
from rnnlab.engine.losses import loss_function
from rnnlab.engine.network import Network
from rnnlab.engine.optimizers import make_optimizer
from rnnlab.engine.regularizers import l2
from rnnlab.engine.sampling import Sampling
from rnnlab.engine.training import GradientDescent


class Reservoir(Rnn):
    """A vanilla layer whose recurrence stays as it was drawn."""

    name = "reservoir"

    def parameters(self, input_size, hidden_size):
        found = super().parameters(input_size, hidden_size)
        return found | {"W_hh": Parameter(found["W_hh"].shape, trained=False)}


@pytest.fixture
def drawn():
    rng = np.random.default_rng(0)
    network = Network(Architecture(2, 5, 1, cell=Reservoir()))
    batch = Batch(rng.standard_normal((6, 4, 2)), rng.standard_normal((4, 1)))
    return network, rng.standard_normal((3, network.layout.size)), batch, loss_function("half_squared_error")


def test_it_has_no_gradient_and_is_left_out_of_the_proof(drawn):
    network, theta, batch, loss = drawn
    gradient = network.gradients(theta, batch, loss).parameters
    zero = {name for name, view in network.layout.views(gradient).items() if not view.any()}
    assert zero == {"layer0.W_hh"}
    found = check_gradients(network, theta, batch, loss, rng=np.random.default_rng(1))
    assert found.passed
    assert "layer0.W_hh" not in {tensor.name for tensor in found.tensors}
    check_layer(Reservoir())


def test_neither_optimizer_nor_regularizer_moves_it(drawn):
    network, theta, batch, loss = drawn
    before, others = (network.layout.view(theta, f"layer0.{name}").copy() for name in ("W_hh", "W_xh"))
    optimizer = make_optimizer("adamw", theta.shape, theta.dtype, weight_decay=0.5)
    training = GradientDescent(
        network, theta, Sampling(batch, "last"), loss, optimizer, updates=5, learning_rate=lambda _update: 0.1,
        weight_penalty=lambda theta, gradient: l2(theta, gradient, network.layout, 0.1),
    )  # fmt: skip
    for update in training:
        assert (update.norms[:, list(network.layout.names).index("layer0.W_hh")] == 0).all()
    np.testing.assert_array_equal(network.layout.view(training.theta, "layer0.W_hh"), before)
    assert (network.layout.view(training.theta, "layer0.W_xh") != others).all()
