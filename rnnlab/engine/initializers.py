"""Initial values of the parameters.

Every parameter is a map of F inputs to H units, or several maps side by side, one for each gate; each gate's
F x H block is drawn by itself. h is the hidden size; a vector (a bias, a learned initial state) has F = h.

    uniform     U(-bound, bound), bound = 1 / sqrt(h) unless given
    normal      rho N(0, 1 / sqrt(F)), the second number a standard deviation; or N(0, std)
    spectral    N(0, 1), rescaled to the spectral radius rho                                     square
    orthogonal  gain times a random matrix whose rows or columns, the fewer, are orthonormal     matrices
    identity    gain times the identity                                                          matrices
    glorot      U(-b, b), b = sqrt(6 / (F + H))                                                  matrices
    he          N(0, sqrt(2 / F))                                                                matrices
    sparse      `connections` normal weights from each unit, rescaled to the spectral radius rho square
    zeros       0
    constant    value

What is not configured starts as the layer says: weights uniform, biases and learned initial states zero.

Randomness: the generator is asked for one key. Each parameter then draws from a stream of its own, which
depends on the key and on the parameter's name alone: a seed gives the same W_xh whatever is configured for
W_hh, and the W_hh of two values of rho differ by a factor.

Sources: uniform: the recurrent layers of PyTorch. orthogonal: Saxe, McClelland, Ganguli 2014,
arXiv:1312.6120. identity: Le, Jaitly, Hinton 2015, arXiv:1504.00941. glorot: Glorot, Bengio 2010, eq. 16. he:
He et al. 2015, arXiv:1502.01852, eq. 10. sparse: the "smart tanh" of Pascanu, Mikolov, Bengio 2013,
arXiv:1211.5063, as in the authors' published code (15 connections, rho 0.95, beside N(0, 0.01) for W_xh and
W_ho). chrono: Tallec, Ollivier 2018, arXiv:1804.11188.
"""

import math
import zlib
from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import DTypeLike

from rnnlab.engine.architecture import Architecture
from rnnlab.engine.layers.layer import Parameter

# Names that a config may use whatever its network has.
KNOWN = ("W_hh", "W_xh", "b_h", "b_hn", "h_0", "c_0", "W_ho", "b_o")


def _uniform(rng, shape, h, *, bound=None):
    bound = 1 / math.sqrt(h) if bound is None else bound
    return rng.uniform(-bound, bound, shape)


def _normal(rng, shape, h, *, rho=None, std=None):
    if std is None:
        std = (1 if rho is None else rho) / math.sqrt(shape[0])
    elif rho is not None:
        raise ValueError("takes 'rho' or 'std', not both")
    return std * rng.standard_normal(shape)


def _spectral(rng, shape, h, *, rho=1.0):
    return _rescaled(rng.standard_normal(_square(shape)), rho)


def _sparse(rng, shape, h, *, connections=15, rho=0.95):
    W, H = rng.standard_normal(_square(shape)), shape[0]
    order = rng.random(shape).argsort(axis=1)  # a random permutation in each row
    return _rescaled(np.where(order < min(connections, H), W, 0.0), rho)


def _orthogonal(rng, shape, h, *, gain=1.0):
    rows, columns = _matrix(shape)
    tall = rng.standard_normal((max(shape), min(shape)))
    Q, R = np.linalg.qr(tall)
    Q *= np.sign(np.diag(R))  # without this the distribution is not the uniform one
    return gain * (Q if rows >= columns else Q.T)


def _identity(rng, shape, h, *, gain=1.0):
    return gain * np.eye(*_matrix(shape))


def _glorot(rng, shape, h):
    bound = math.sqrt(6 / sum(_matrix(shape)))
    return rng.uniform(-bound, bound, shape)


def _he(rng, shape, h):
    return math.sqrt(2 / _matrix(shape)[0]) * rng.standard_normal(shape)


def _constant(rng, shape, h, *, value):
    return np.full(shape, value, dtype=np.float64)


def _zeros(rng, shape, h):
    return np.zeros(shape)


INITIALIZERS: dict[str, Callable[..., np.ndarray]] = {
    "uniform": _uniform,
    "normal": _normal,
    "spectral": _spectral,
    "orthogonal": _orthogonal,
    "identity": _identity,
    "glorot": _glorot,
    "he": _he,
    "zeros": _zeros,
    "constant": _constant,
    "sparse": _sparse,
}


def initial_parameters(
    architecture: Architecture,
    rng: np.random.Generator,
    init: Mapping[str, Mapping] | None = None,
    *,
    forget_bias: float | Mapping | None = None,
    dtype: DTypeLike = np.float64,
) -> np.ndarray:
    """Draw the parameters of one model.

    Parameters
    ----------
    architecture : Architecture
    rng : Generator
        Asked once, for a key of 128 bits.
    init : mapping
        Name of a parameter -> {"kind": ..., options}, as listed above; an option that is None counts as not
        given. A bare name, `W_hh`, means that parameter of every recurrence; a full one, `layer0.W_hh`, goes
        before it.
    forget_bias : float or mapping, optional
        The LSTM's, in place of what `b_h` says: a number b, {"kind": "constant", "value": b}, or
        {"kind": "chrono", "longest": T}: b_f = log U(1, T - 1) and b_i = -b_f, for dependencies of up to T
        steps.
    dtype : numpy dtype
        Everything is drawn in float64 and then rounded to it.

    Returns
    -------
    (P,) array
        Laid out as `architecture.layout()`.

    Raises
    ------
    ValueError
        An unknown name, kind or option, a kind that does not fit the parameter's shape, or a forget bias for
        a cell that has no forget gate.
    """
    init, layout, parameters = init or {}, architecture.layout(), architecture.parameters()
    unknown = init.keys() - set(KNOWN) - {name.rpartition(".")[2] for name in layout.names} - set(layout.names)
    if unknown:
        example = layout.names[0]
        raise ValueError(f"The 'init' must name parameters, such as W_hh or {example}; got {min(unknown)!r}.")
    places = architecture.layer.forget_gate
    if forget_bias is not None and places is None:
        raise ValueError(f"The 'forget_bias' belongs to the LSTM; got one for the cell {architecture.layer.name!r}.")
    key = rng.integers(2**32, size=4, dtype=np.uint32).tolist()
    theta = np.empty(layout.size)
    for name, parameter in parameters.items():
        how = init.get(name, init.get(name.rpartition(".")[2], {"kind": parameter.init}))
        layout.view(theta, name)[...] = _draw(name, how, _stream(key, name), parameter, architecture.hidden_size)
        if forget_bias is not None and places is not None and name.endswith(".b_h"):
            blocks = layout.view(theta, name).reshape(parameter.gates, -1)
            i, f = blocks[places[0]], blocks[places[1]]
            _set_forget_bias(i, f, forget_bias, _stream(key, f"{name}.forget_bias"))
    with np.errstate(over="ignore"):  # what float32 cannot hold is infinite, and the first update says so
        return theta.astype(dtype, copy=False)


def _stream(key: list[int], name: str) -> np.random.Generator:
    return np.random.default_rng([*key, zlib.crc32(name.encode())])


def _draw(name: str, how: Mapping, rng: np.random.Generator, parameter: Parameter, H: int) -> np.ndarray:
    """One parameter, gate by gate."""
    kind = how.get("kind")
    options = {key: value for key, value in how.items() if key != "kind" and value is not None}
    if kind not in INITIALIZERS:
        raise ValueError(f"The 'init' of {name} must be one of {', '.join(INITIALIZERS)}; got {kind!r}.")
    block = (*parameter.shape[:-1], parameter.shape[-1] // parameter.gates)
    try:
        return np.concatenate([INITIALIZERS[kind](rng, block, H, **options) for _ in range(parameter.gates)], axis=-1)
    except (TypeError, ValueError) as error:
        raise ValueError(f"The 'init' of {name} cannot be {kind} with {options}: {error}.") from error


def _set_forget_bias(i: np.ndarray, f: np.ndarray, forget_bias: float | Mapping, rng: np.random.Generator) -> None:
    """Write the blocks i and f of b_h."""
    how = forget_bias if isinstance(forget_bias, Mapping) else {"kind": "constant", "value": forget_bias}
    if how["kind"] == "constant":
        f[...] = how["value"]
    elif how["kind"] == "chrono" and how["longest"] >= 2:
        f[...] = np.log(rng.uniform(1, how["longest"] - 1, f.shape))
        i[...] = -f
    else:
        raise ValueError(
            f"The 'forget_bias' must be constant, or chrono with 'longest' of at least 2; got {dict(how)}."
        )


def _matrix(shape: tuple[int, ...]) -> tuple[int, int]:
    if len(shape) != 2:
        raise ValueError("it needs a matrix")
    return shape[0], shape[1]


def _square(shape: tuple[int, ...]) -> tuple[int, int]:
    if len(shape) != 2 or shape[0] != shape[1]:
        raise ValueError("it needs a square matrix")
    return shape[0], shape[1]


def _rescaled(W: np.ndarray, rho: float) -> np.ndarray:
    return W * (rho / np.abs(np.linalg.eigvals(W)).max())
