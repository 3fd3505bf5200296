"""Networks with weights of one's own, and what they do on a batch."""

import numpy as np

from rnnlab.engine.architecture import Architecture
from rnnlab.engine.batch import Batch
from rnnlab.engine.initializers import initial_parameters
from rnnlab.engine.layers.layer import Trajectory
from rnnlab.engine.losses import loss_function
from rnnlab.engine.network import Network
from rnnlab.engine.trajectory import follow

CELLS = [("rnn", "tanh"), ("rnn", "relu"), ("rnn", "sigmoid"), ("rnn", "identity"), ("lstm", "tanh"), ("gru", "tanh")]
CROSS_ENTROPY = loss_function("cross_entropy")


def network_of(cell: str, activation: str, H: int, *, inputs: int = 1, readout: str = "every", **weights):
    """A network whose parameters are zero but for those given, `W_hh=...`, of layer 0: (Network, theta)."""
    network = Network(Architecture(inputs, H, inputs, cell=cell, activation=activation, readout=readout))
    theta = np.zeros(network.layout.size)
    for name, value in weights.items():
        network.layout.view(theta, f"layer0.{name}")[...] = value
    return network, theta


def undriven(network: Network, theta: np.ndarray, steps: int, h_0: np.ndarray | None = None) -> Trajectory:
    """The trajectory without inputs, from h_0 or from zero."""
    batch = Batch(np.zeros((steps, 1, network.architecture.input_size)))
    states = None if h_0 is None else [[h_0[None]]]
    return follow(network, theta, batch, states=states)


def random_case(
    cell: str, activation: str, *, seed: int = 0, models: int | None = None, steps: int = 9, sequences: int = 3
):
    """A network with random weights, its parameters (one model, or `models`), and a batch of tokens."""
    rng = np.random.default_rng(seed)
    network = Network(Architecture(5, 6, 5, cell=cell, activation=activation, readout="every"))
    theta = rng.normal(0, 0.5, network.layout.size if models is None else (models, network.layout.size))
    tokens = rng.integers(0, 5, (2, steps, sequences))
    return network, theta, Batch(tokens[0], tokens[1])


def pangram_networks(activation: str, rho: float, seeds: int, H: int = 50):
    """The pangram, one chunk of 50 characters, read by `seeds` networks with W_hh ~ N(0, rho / sqrt(H))."""
    text = "the quick brown fox jumps over the lazy dog" * 2
    tokens = np.array([sorted(set(text)).index(character) for character in text])
    network = Network(Architecture(27, H, 27, activation=activation, readout="every"))
    theta = np.stack(
        [
            initial_parameters(
                network.architecture,
                np.random.default_rng([seed, 0]),
                {"W_hh": {"kind": "normal", "rho": rho}, "b_h": {"kind": "zeros"}, "b_o": {"kind": "zeros"}},
            )
            for seed in range(seeds)
        ]
    )
    return network, theta, Batch(tokens[:50, None], tokens[1:51, None])


def step_jacobians(trajectory: Trajectory) -> np.ndarray:
    """J_t = ds_t / ds_{t-1}, (T, R, B, S, S), where s are all states side by side: h, and [h, c] for the LSTM.

    vanilla: J_t = diag(phi'(a_t)) W_hh^T; for the gated cells see their backward equations.

    Source: Pascanu, Mikolov, Bengio 2013, arXiv:1211.5063, eq. 5.
    """
    S = trajectory.state_size
    identity = np.broadcast_to(np.eye(S)[:, None, None], (S, *trajectory.h.shape[1:3], S))
    return np.stack([np.moveaxis(trajectory.carry_back(t, identity), 0, -2) for t in range(trajectory.steps)])


def long_product(trajectory: Trajectory) -> np.ndarray:
    """ds_T / ds_0, the product of all T Jacobians: (R, B, S, S)."""
    product = np.eye(trajectory.state_size)
    for J in step_jacobians(trajectory):
        product = J @ product
    return product


def lyapunov_spectrum(trajectory: Trajectory, rng: np.random.Generator, *, count: int, warm_up: int) -> np.ndarray:
    """The largest `count` exponents, (R, B, count), in nats per step: Q <- J_t Q, Q R = qr(Q), mean of log |R_ii|."""
    T, S = trajectory.steps, trajectory.state_size
    Q = np.broadcast_to(np.linalg.qr(rng.standard_normal((S, count)))[0], (*trajectory.h.shape[1:3], S, count))
    logs = np.zeros((*trajectory.h.shape[1:3], count))
    for t in range(T):
        pushed = trajectory.push_forward(t, np.moveaxis(Q, -1, 0))  # J_t Q, its columns as rows
        Q, upper = np.linalg.qr(np.moveaxis(pushed, 0, -1))
        if t >= warm_up:
            logs += np.log(np.abs(np.diagonal(upper, axis1=-2, axis2=-1)))
    return -np.sort(-logs / (T - warm_up), axis=-1)
