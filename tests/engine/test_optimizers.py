"""Optimizers: PyTorch's numbers, closed forms, models that stand still, runs that are taken up again."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rnnlab.engine.optimizers import make_optimizer

ALL = [
    ("sgd", {}),
    ("sgd", {"momentum": 0.9}),
    ("sgd", {"momentum": 0.9, "nesterov": True}),
    ("rmsprop", {"decay": 0.9, "epsilon": 1e-3}),
    ("adagrad", {"epsilon": 1e-3}),
    ("adam", {"beta1": 0.8, "beta2": 0.95, "epsilon": 1e-3}),
    ("adamw", {"beta1": 0.8, "beta2": 0.95, "epsilon": 1e-3, "weight_decay": 0.5}),
]
every = pytest.mark.parametrize(("kind", "options"), ALL)
precisions = pytest.mark.parametrize("dtype", [np.float32, np.float64])

THETA = [0.5, -1.25, 2.0]
GRADIENTS = [[0.3, -2.0, 0.01], [-0.7, 1.5, 0.02], [1.1, 0.0, -0.04], [0.2, -0.6, 5.0]]
# torch 2.13, float64: the classes of torch.optim with the options of ALL and the rate 0.1, from THETA
# through GRADIENTS; parameters after the first and after the fourth step.
PYTORCH = [
    ([0.47, -1.05, 1.999], [0.40999999999999986, -1.14, 1.501]),
    ([0.47, -1.05, 1.999], [0.35752999999999996, -0.9087, 1.498741]),
    ([0.443, -0.87, 1.9981], [0.2817769999999999, -0.83283, 1.0498668999999998]),
    (
        [0.18707079740509597, -0.9342714446617737, 1.7597469266479577],
        [0.16448622885608694, -1.046219858256789, 1.4554018748483553],
    ),
    (
        [0.4003322259136213, -1.1500499750124937, 1.9090909090909092],
        [0.3951962394092202, -1.1866977629877156, 1.8089242279966866],
    ),
    (
        [0.4003322259136213, -1.1500499750124937, 1.9090909090909092],
        [0.36995445484146033, -1.1266455827992032, 1.7780034687967354],
    ),
    (
        [0.37533222591362125, -1.0875499750124937, 1.809090909090909],
        [0.2887535597761528, -0.909456520428377, 1.4276481656343931],
    ),
]


def walk(optimizer, theta, gradients, rate=0.1, **options):
    """The parameters after every update."""
    path = []
    for gradient in gradients:
        optimizer.update(theta, gradient, rate, **options)
        path.append(theta.copy())
    return path


def numbers(*shape: int, seed: int = 0, dtype=np.float64) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=shape).astype(dtype)


@pytest.mark.parametrize(("kind", "options", "expected"), [(*a, b) for a, b in zip(ALL, PYTORCH, strict=True)])
@pytest.mark.parametrize(("dtype", "tolerance"), [(np.float64, 1e-14), (np.float32, 1e-6)])
def test_agrees_with_pytorch(kind, options, expected, dtype, tolerance):
    path = walk(make_optimizer(kind, (3,), dtype, **options), np.array(THETA, dtype), np.array(GRADIENTS, dtype))
    assert path[0].dtype == dtype
    np.testing.assert_allclose([path[0], path[3]], expected, rtol=tolerance)


def test_momentum_reaches_its_terminal_velocity():
    theta, optimizer = np.zeros(1), make_optimizer("sgd", (1,), float, momentum=0.5)
    path = np.array(walk(optimizer, theta, np.ones((80, 1)), rate=1.0))
    assert np.diff(path[-2:], axis=0)[0] == pytest.approx(-1 / (1 - 0.5))


@given(st.floats(-1e6, 1e6).filter(lambda g: abs(g) > 1e-6))
def test_the_first_step_of_adam_has_the_length_of_the_rate(g):
    theta = np.zeros(1)
    make_optimizer("adam", (1,), float, epsilon=1e-30).update(theta, np.array([g]), 0.01)
    assert theta[0] == pytest.approx(-0.01 * np.sign(g), rel=1e-12)


def test_adagrad_slows_down_with_the_root_of_time():
    path = np.array(walk(make_optimizer("adagrad", (1,), float), np.zeros(1), np.ones((100, 1)), rate=1.0))
    assert path[-1] == pytest.approx(-sum(1 / np.sqrt(np.arange(1, 101))))


def test_weight_decay_acts_without_a_gradient_and_on_adamw_alone():
    theta = np.array([2.0])
    walk(make_optimizer("adamw", (1,), float, weight_decay=0.5), theta, np.zeros((3, 1)), rate=0.1)
    assert theta[0] == pytest.approx(2.0 * 0.95**3)
    with pytest.raises(ValueError, match="options of Adam are beta1, beta2, epsilon; got weight_decay"):
        make_optimizer("adam", (1,), float, weight_decay=0.5)


@every
@precisions
@pytest.mark.parametrize("block", [1, 20, 10_000])
def test_each_model_is_updated_as_if_alone_to_the_last_bit(kind, options, dtype, block, monkeypatch):
    monkeypatch.setattr("rnnlab.engine.optimizers.BLOCK_ENTRIES", block)
    theta, gradients = numbers(5, 7, dtype=dtype), numbers(6, 5, 7, seed=1, dtype=dtype)
    rates = np.array([[0.1], [0.2], [0.03], [0.1], [0.5]])
    lone = [
        walk(
            make_optimizer(kind, (7,), dtype, **options),
            theta[m].copy(),
            gradients[:, m],
            rate=float(rates[m, 0]),
        )
        for m in range(5)
    ]
    together = walk(make_optimizer(kind, (5, 7), dtype, **options), theta, gradients, rate=rates)
    assert np.array(lone).swapaxes(0, 1).tobytes() == np.array(together).tobytes()


@every
@pytest.mark.parametrize("block", [1, 20, 10_000])
def test_models_that_stand_still_keep_parameters_and_moments(kind, options, block, monkeypatch):
    monkeypatch.setattr("rnnlab.engine.optimizers.BLOCK_ENTRIES", block)
    theta, gradients = numbers(5, 7), numbers(6, 5, 7, seed=1)
    free, free_theta = make_optimizer(kind, (5, 7), float, **options), theta.copy()
    walk(free, free_theta, gradients)

    optimizer = make_optimizer(kind, (5, 7), float, **options)
    walk(optimizer, theta, gradients[:2], active=np.ones(5, bool))
    stood, before = theta.copy(), optimizer.state()
    still = np.array([True, False, False, True, False])
    gradients[2:, still] = np.nan
    walk(optimizer, theta, gradients[2:], active=~still)

    after, freely = optimizer.state(), free.state()
    assert theta[still].tobytes() == stood[still].tobytes()
    assert theta[~still].tobytes() == free_theta[~still].tobytes()
    for name in after.keys() - {"updates"}:
        assert after[name][still].tobytes() == before[name][still].tobytes()
        assert after[name][~still].tobytes() == freely[name][~still].tobytes()


@every
@precisions
def test_a_run_taken_up_again_goes_on_to_the_last_bit(kind, options, dtype):
    gradients = numbers(9, 2, 5, seed=1, dtype=dtype)
    through = walk(make_optimizer(kind, (2, 5), dtype, **options), numbers(2, 5, dtype=dtype), gradients)

    first = make_optimizer(kind, (2, 5), dtype, **options)
    theta = walk(first, numbers(2, 5, dtype=dtype), gradients[:4])[-1]
    state = first.state()
    walk(first, theta.copy(), gradients[4:])  # what is saved does not change with the optimizer
    second = make_optimizer(kind, (2, 5), dtype, **options)
    second.load({name: np.asarray(value) for name, value in state.items()})
    assert walk(second, theta, gradients[4:])[-1].tobytes() == through[-1].tobytes()


@every
def test_the_gradient_is_only_read(kind, options):
    gradient = numbers(4, 3)
    before = gradient.copy()
    make_optimizer(kind, (4, 3), float, **options).update(numbers(4, 3, seed=1), gradient, 0.1)
    assert gradient.tobytes() == before.tobytes()


@pytest.mark.parametrize(("kind", "options"), [("sgd", {"momentum": 0.9}), ("rmsprop", {}), ("adam", {})])
def test_moments_of_a_gradient_that_has_gone_end_at_zero_not_in_denormal_numbers(kind, options):
    optimizer, theta = make_optimizer(kind, (2,), np.float32, **options), np.ones(2, np.float32)
    optimizer.update(theta, np.ones(2, np.float32), 0.01)
    for _ in range(2000):
        optimizer.update(theta, np.array([0.0, 1.0], np.float32), 0.01)
    state = optimizer.state()
    decayed = [state[name] for name in state.keys() & {"velocity", "sums"}] or [state["squares"]]
    for moment in decayed:
        assert moment[0] == 0
        assert moment[1] > 0.5


def test_a_state_of_another_shape_is_refused_and_changes_nothing():
    optimizer = make_optimizer("adam", (3,), float)
    optimizer.update(np.zeros(3), np.ones(3), 0.1)
    before = optimizer.state()
    for state in (
        {"updates": 5, "sums": np.ones(3)},
        {"updates": 5, "sums": np.ones(3), "squares": np.ones(4)},
    ):
        with pytest.raises(ValueError, match=r"'squares' must have the shape \(3,\)"):
            optimizer.load(state)
    after = optimizer.state()
    assert after["updates"] == before["updates"]
    assert np.asarray(after["sums"]).tolist() == np.asarray(before["sums"]).tolist()


def test_what_cannot_be_made_is_refused():
    with pytest.raises(ValueError, match="must be one of sgd, rmsprop, adagrad, adam, adamw; got 'adma'"):
        make_optimizer("adma", (3,), float)
    with pytest.raises(ValueError, match="got beta3"):
        make_optimizer("adam", (3,), float, beta3=0.1)
    with pytest.raises(ValueError, match="needs a 'momentum' above 0"):
        make_optimizer("sgd", (3,), float, nesterov=True)
