"""Optimizers: in-place updates of the flat parameter vector, a handful of operations on preallocated buffers.

With g the gradient, eta the learning rate and all operations entry by entry:

    sgd      v <- mu v + g;  theta <- theta - eta v;  nesterov: theta <- theta - eta (g + mu v)
    rmsprop  v <- beta v + (1 - beta) g^2;  theta <- theta - eta g / (sqrt(v) + eps)
    adagrad  v <- v + g^2;  theta <- theta - eta g / (sqrt(v) + eps)
    adam     m <- beta1 m + (1 - beta1) g;  v <- beta2 v + (1 - beta2) g^2
             theta <- theta - eta m^ / (sqrt(v^) + eps),  m^ = m / (1 - beta1^t),  v^ = v / (1 - beta2^t)
    adamw    theta <- theta - eta lambda theta first, then as adam

These are PyTorch's conventions where conventions differ: the velocity v is not multiplied by the rate, so
that a change of the rate acts at once (Sutskever et al. 2013 keep eta inside); eps stands outside the root;
adamw decays every parameter, biases too, and by eta lambda, not by lambda alone.
"""

import math
from collections.abc import Mapping
from typing import ClassVar

import numpy as np

# Entries updated at once: Adam's five arrays then stay in the processor's cache, each read once an update.
BLOCK_ENTRIES = 32_768
# Updates between two looks for moments that have decayed below the normal range, where arithmetic is slow.
FLUSH_EVERY = 64


class Optimizer:
    """The loop that all optimizers share: blocks of the vector, models that stand still, state to save.

    An optimizer names its moments and its options with their defaults, and says how a block is updated.
    """

    MOMENTS: ClassVar[tuple[str, ...]] = ()
    OPTIONS: ClassVar[dict[str, float]] = {}

    def __init__(self, shape: tuple[int, ...], dtype, **options) -> None:
        unknown = options.keys() - self.OPTIONS.keys()
        if unknown:
            allowed = ", ".join(self.OPTIONS)
            raise ValueError(f"The options of {type(self).__name__} are {allowed}; got {', '.join(sorted(unknown))}.")
        self.options = {**self.OPTIONS, **options}
        self.updates = 0
        self._negligible = float(np.finfo(dtype).tiny) * 1e8
        self._moments = {name: np.zeros(shape, dtype) for name in self.MOMENTS}
        rows = shape[0] if len(shape) == 1 else max(1, BLOCK_ENTRIES // shape[1])
        step = min(rows, BLOCK_ENTRIES)
        self._blocks = [slice(start, start + step) for start in range(0, shape[0], step)]
        self._scratch = np.empty((min(step, shape[0]), *shape[1:]), dtype)

    def update(self, theta: np.ndarray, gradient: np.ndarray, learning_rate, active: np.ndarray | None = None) -> None:
        """Change the parameters by one step.

        Parameters
        ----------
        theta : (P,) or (R, P)
            Written to.
        gradient : as theta
        learning_rate : float or (R, 1) array
        active : (R,) bool, optional
            False for a model whose parameters and moments stand still, whatever its gradient holds. The
            number of updates, which Adam's correction goes by, runs on for all models.
        """
        self.updates += 1
        if active is not None and active.all():
            active = None
        rates = float(learning_rate) if np.ndim(learning_rate) == 0 else learning_rate
        for block in self._blocks:
            for part in [block] if active is None else _running(block, active):
                rate = rates if isinstance(rates, float) else np.asarray(rates)[part]
                moments = [moment[part] for moment in self._moments.values()]
                values = theta[part]
                self._step(values, gradient[part], rate, self._scratch[: len(values)], *moments)
                if self.updates % FLUSH_EVERY == 0:
                    for moment in moments:
                        moment[np.abs(moment) < self._negligible] = 0

    def state(self) -> dict[str, np.ndarray | int]:
        """What a later run needs to go on where this one stopped: the moments, copied, and `updates`."""
        return {"updates": self.updates, **{name: moment.copy() for name, moment in self._moments.items()}}

    def load(self, state: Mapping[str, np.ndarray | int]) -> None:
        """Take up the state of an optimizer of the same kind and shape.

        Raises
        ------
        ValueError
            A moment is missing or has another shape.
        """
        for name, moment in self._moments.items():
            kept = np.asarray(state.get(name, np.zeros(0)))
            if kept.shape != moment.shape:
                raise ValueError(f"The state's {name!r} must have the shape {moment.shape}; got {kept.shape}.")
        for name, moment in self._moments.items():
            moment[...] = state[name]
        self.updates = int(state["updates"])

    def _step(self, theta, g, rate, scratch, *moments) -> None:
        raise NotImplementedError


class Sgd(Optimizer):
    """Gradient descent without momentum: theta <- theta - eta g."""

    OPTIONS: ClassVar = {"momentum": 0.0, "nesterov": False}

    def _step(self, theta, g, rate, scratch):
        np.multiply(g, _as(rate, g), out=scratch)
        np.subtract(theta, scratch, out=theta)


class Momentum(Optimizer):
    """v <- mu v + g;  theta <- theta - eta v, or, with Nesterov, theta - eta (g + mu v).

    Source: Polyak 1964, doi:10.1016/0041-5553(64)90137-5; Sutskever et al. 2013, eq. 3 and 4.
    """

    MOMENTS: ClassVar = ("velocity",)
    OPTIONS: ClassVar = {"momentum": 0.9, "nesterov": False}

    def _step(self, theta, g, rate, scratch, velocity):
        mu = self.options["momentum"]
        np.multiply(velocity, mu, out=velocity)
        np.add(velocity, g, out=velocity)
        if self.options["nesterov"]:
            np.multiply(velocity, mu, out=scratch)
            np.add(scratch, g, out=scratch)
            np.multiply(scratch, _as(rate, g), out=scratch)
        else:
            np.multiply(velocity, _as(rate, g), out=scratch)
        np.subtract(theta, scratch, out=theta)


class Adagrad(Optimizer):
    """v <- v + g^2;  theta <- theta - eta g / (sqrt(v) + eps).

    Source: Duchi, Hazan, Singer 2011, JMLR 12:2121, the diagonal form.
    """

    MOMENTS: ClassVar = ("squares",)
    OPTIONS: ClassVar = {"epsilon": 1e-10}

    def _step(self, theta, g, rate, scratch, squares):
        np.multiply(g, g, out=scratch)
        np.add(squares, scratch, out=squares)
        np.sqrt(squares, out=scratch)
        np.add(scratch, self.options["epsilon"], out=scratch)
        _descend(theta, g, scratch, rate)


class Rmsprop(Optimizer):
    """v <- beta v + (1 - beta) g^2;  theta <- theta - eta g / (sqrt(v) + eps).

    Kept is s = v / (1 - beta), the weighted sum whose mean v is: one operation less.
    PyTorch's beta is called alpha and is 0.99 unless given; the lecture's is 0.9.
    Source: Tieleman, Hinton 2012, Neural Networks for Machine Learning, lecture 6.5.
    """

    MOMENTS: ClassVar = ("squares",)
    OPTIONS: ClassVar = {"decay": 0.9, "epsilon": 1e-8}

    def _step(self, theta, g, rate, scratch, squares):
        beta = self.options["decay"]
        root = math.sqrt(1 - beta)  # sqrt(v) = root sqrt(s)
        np.multiply(squares, beta, out=squares)
        np.multiply(g, g, out=scratch)
        np.add(squares, scratch, out=squares)
        np.sqrt(squares, out=scratch)
        np.add(scratch, self.options["epsilon"] / root, out=scratch)
        _descend(theta, g, scratch, rate / root)


class Adam(Optimizer):
    """theta <- theta - eta m^ / (sqrt(v^) + eps), with weighted means m^ of g and v^ of g^2.

    The bias-corrected means of the paper are weighted sums over the sum of their weights,

        m^ = s / w1,  s <- beta1 s + g,    w1 = 1 + beta1 + ... + beta1^(t-1) = (1 - beta1^t) / (1 - beta1)
        v^ = q / w2,  q <- beta2 q + g^2

    so the sums are what is kept, and the weights go into eta and eps: three operations less.

    Source: Kingma, Ba 2015, arXiv:1412.6980, algorithm 1; weight decay: Loshchilov, Hutter 2019,
    arXiv:1711.05101, algorithm 2, as PyTorch's AdamW has it.
    """

    MOMENTS: ClassVar = ("sums", "squares")
    OPTIONS: ClassVar = {"beta1": 0.9, "beta2": 0.999, "epsilon": 1e-8}

    def _step(self, theta, g, rate, scratch, sums, squares):
        beta1, beta2 = self.options["beta1"], self.options["beta2"]
        w1 = (1 - beta1**self.updates) / (1 - beta1)
        w2 = (1 - beta2**self.updates) / (1 - beta2)
        if "weight_decay" in self.options:
            np.multiply(theta, _as(1 - rate * self.options["weight_decay"], g), out=theta)
        np.multiply(sums, beta1, out=sums)
        np.add(sums, g, out=sums)
        np.multiply(squares, beta2, out=squares)
        np.multiply(g, g, out=scratch)
        np.add(squares, scratch, out=squares)
        np.sqrt(squares, out=scratch)
        np.add(scratch, self.options["epsilon"] * math.sqrt(w2), out=scratch)
        np.divide(sums, scratch, out=scratch)
        np.multiply(scratch, _as(rate * (math.sqrt(w2) / w1), g), out=scratch)
        np.subtract(theta, scratch, out=theta)


class AdamW(Adam):
    """Adam whose parameters also shrink by eta lambda of themselves an update."""

    OPTIONS: ClassVar = {**Adam.OPTIONS, "weight_decay": 0.01}


def make_optimizer(kind: str, shape: tuple[int, ...], dtype, **options) -> Optimizer:
    """The optimizer called `kind` for parameters of a shape.

    Parameters
    ----------
    kind : str
        sgd, rmsprop, adagrad, adam or adamw.
    shape : (P,) or (R, P)
    dtype : numpy dtype
    options
        sgd: `momentum` (0), `nesterov` (False). rmsprop: `decay` (0.9), `epsilon` (1e-8).
        adagrad: `epsilon` (1e-10). adam, adamw: `beta1` (0.9), `beta2` (0.999), `epsilon` (1e-8).
        adamw: `weight_decay` (0.01).

    Raises
    ------
    ValueError
        An unknown kind or option, or Nesterov without momentum.
    """
    if kind not in OPTIMIZERS:
        raise ValueError(f"The optimizer must be one of {', '.join(OPTIMIZERS)}; got {kind!r}.")
    return OPTIMIZERS[kind](shape, dtype, **options)


def _sgd(shape: tuple[int, ...], dtype, **options) -> Optimizer:
    momentum = options.get("momentum", 0)
    if options.get("nesterov") and not momentum:
        raise ValueError("Nesterov's method needs a 'momentum' above 0; got 0.")
    return (Momentum if momentum else Sgd)(shape, dtype, **options)


OPTIMIZERS = {"sgd": _sgd, "rmsprop": Rmsprop, "adagrad": Adagrad, "adam": Adam, "adamw": AdamW}


def _running(block: slice, active: np.ndarray) -> list[slice]:
    """The stretches of a block whose models go on."""
    edges = np.flatnonzero(np.diff(active[block], prepend=False, append=False)) + block.start
    return [slice(start, stop) for start, stop in edges.reshape(-1, 2).tolist()]


def _as(rate, like: np.ndarray):
    """A rate in the parameters' own precision: a plain float takes it on by itself."""
    return rate if isinstance(rate, float) else rate.astype(like.dtype)


def _descend(theta, g, denominator, rate) -> None:
    """theta <- theta - rate g / denominator, which serves as scratch."""
    np.divide(g, denominator, out=denominator)
    np.multiply(denominator, _as(rate, g), out=denominator)
    np.subtract(theta, denominator, out=theta)
