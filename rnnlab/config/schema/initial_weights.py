"""`model.init`: how parameters start. h is hidden_size; fan_in counts a unit's inputs, fan_out its uses."""

from typing import Annotated, Literal

from pydantic import model_validator

from rnnlab.config.schema.section import Number, Section, Whole, key, kind_or_mapping


class NormalInit(Section):
    """N(0, std), or rho times N(0, 1/sqrt(fan_in)), which for W_hh is N(0, 1/sqrt(h))."""

    kind: Literal["normal"] = key("normal", "normal with standard deviation rho / sqrt(fan_in), or std")
    rho: Number | None = key(
        None,
        "scale factor of N(0, 1/sqrt(fan_in)); fan_in is h for W_hh",
        shown_default="1, unless std is given",
        ge=0,
    )
    std: Number | None = key(None, "standard deviation, as an alternative to rho", shown_default="from rho", ge=0)

    @model_validator(mode="after")
    def _complete(self) -> "NormalInit":
        if self.rho is None and self.std is None:
            object.__setattr__(self, "rho", 1.0)
        return self


class SpectralInit(Section):
    """Normal, then rescaled so that the spectral radius is exactly rho (square matrices)."""

    kind: Literal["spectral"] = key("spectral", "normal, rescaled to spectral radius rho exactly")
    rho: Number = key(1.0, "spectral radius", ge=0)


class OrthogonalInit(Section):
    """A random orthogonal matrix times gain."""

    kind: Literal["orthogonal"] = key("orthogonal", "random orthogonal matrix times gain")
    gain: Number = key(1.0, "scale factor of the matrix", ge=0)


class IdentityInit(Section):
    """The identity matrix times gain (Le, Jaitly, Hinton 2015)."""

    kind: Literal["identity"] = key("identity", "identity matrix times gain")
    gain: Number = key(1.0, "scale factor of the matrix", ge=0)


class UniformInit(Section):
    """Uniform between -bound and bound."""

    kind: Literal["uniform"] = key("uniform", "uniform between -bound and bound")
    bound: Number | None = key(None, "maximum absolute value", shown_default="1 / sqrt(h)", ge=0, le=1e300)


class GlorotInit(Section):
    """Uniform within sqrt(6 / (fan_in + fan_out)) (Glorot, Bengio 2010)."""

    kind: Literal["glorot"] = key("glorot", "uniform between -b and b with b = sqrt(6 / (fan_in + fan_out))")


class HeInit(Section):
    """Normal with standard deviation sqrt(2 / fan_in) (He et al. 2015)."""

    kind: Literal["he"] = key("he", "normal with standard deviation sqrt(2 / fan_in)")


class ZerosInit(Section):
    """All zeros."""

    kind: Literal["zeros"] = key("zeros", "all zeros")


class ConstantInit(Section):
    """Every entry the same."""

    kind: Literal["constant"] = key("constant", "all entries equal")
    value: Number = key(..., "value of every entry", example=0.1)


class SparseInit(Section):
    """A few normal connections per unit, rescaled: `smart tanh` (Pascanu et al. 2013)."""

    kind: Literal["sparse"] = key("sparse", "a few normal connections per unit, rescaled to a given spectral radius")
    connections: Whole = key(15, "number of nonzero weights per unit", unit="weights", ge=1)
    rho: Number = key(0.95, "spectral radius", ge=0)


Init = (
    NormalInit | SpectralInit | OrthogonalInit | IdentityInit | UniformInit | GlorotInit | HeInit | ZerosInit
    | ConstantInit | SparseInit
)  # fmt: skip
Weights = Annotated[Init, *kind_or_mapping("uniform")]
Zeros = Annotated[Init, *kind_or_mapping("zeros")]


class ConstantForgetBias(Section):
    """The same forget bias for every unit."""

    kind: Literal["constant"] = key("constant", "same bias for every unit")
    value: Number = key(..., "value of the bias", example=1.0)


class ChronoForgetBias(Section):
    """log of uniform(1, longest - 1): forget gates that span lags up to longest (Tallec, Ollivier 2018)."""

    kind: Literal["chrono"] = key(
        "chrono", "log U(1, longest - 1) for the forget gate and its negative for the input gate"
    )
    longest: Whole = key(..., "longest time lag to remember", unit="steps", ge=3, example=100)


ForgetBias = Annotated[ConstantForgetBias | ChronoForgetBias, *kind_or_mapping(number="constant")]


class InitialWeights(Section):
    """The initial value of every parameter; for LSTM and GRU each gate's block of W_hh is drawn by itself."""

    W_xh: Weights = key(UniformInit(), "input-to-hidden weights, of every gate")
    W_hh: Weights = key(UniformInit(), "hidden-to-hidden (recurrent) weights, of every gate")
    b_h: Zeros = key(ZerosInit(), "biases of the hidden units, of every gate")
    b_hn: Zeros = key(ZerosInit(), "recurrent bias of the GRU candidate, multiplied by the reset gate")
    W_ho: Weights = key(UniformInit(), "hidden-to-output weights")
    b_o: Zeros = key(ZerosInit(), "output biases")
    h_0: Zeros = key(ZerosInit(), "initial hidden state, if learned")
    c_0: Zeros = key(ZerosInit(), "initial cell state of the LSTM, if learned")
    forget_bias: ForgetBias | None = key(
        None,
        "bias of the LSTM forget gate, instead of that of b_h",
        must="a number, or a mapping such as {kind: chrono, longest: 100}, or null",
    )
