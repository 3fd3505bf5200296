"""`model.init`: how parameters start. h is hidden_size; fan_in counts a unit's inputs, fan_out its uses."""

from typing import Annotated, Literal

from pydantic import model_validator

from rnnlab.config.schema.section import Number, Section, Whole, key, kind_or_mapping


class NormalInit(Section):
    """N(0, std), or rho times N(0, 1/sqrt(fan_in)), which for W_hh is N(0, 1/sqrt(h))."""

    kind: Literal["normal"] = key("normal", "normal, with standard deviation rho / sqrt(fan_in), or std")
    rho: Number | None = key(
        None,
        "factor on N(0, 1/sqrt(fan_in)); for W_hh, fan_in is h",
        shown_default="1, unless std is given",
        ge=0,
    )
    std: Number | None = key(None, "standard deviation, instead of rho", shown_default="from rho", ge=0)

    @model_validator(mode="after")
    def _complete(self) -> "NormalInit":
        if self.rho is None and self.std is None:
            object.__setattr__(self, "rho", 1.0)
        return self


class SpectralInit(Section):
    """Normal, then rescaled so that the spectral radius is exactly rho (square matrices)."""

    kind: Literal["spectral"] = key("spectral", "normal, rescaled to a spectral radius of exactly rho")
    rho: Number = key(1.0, "spectral radius", ge=0)


class OrthogonalInit(Section):
    """A random orthogonal matrix times gain."""

    kind: Literal["orthogonal"] = key("orthogonal", "random orthogonal matrix times gain")
    gain: Number = key(1.0, "factor on the matrix", ge=0)


class IdentityInit(Section):
    """The identity matrix times gain (Le, Jaitly, Hinton 2015)."""

    kind: Literal["identity"] = key("identity", "identity matrix times gain")
    gain: Number = key(1.0, "factor on the matrix", ge=0)


class UniformInit(Section):
    """Uniform between -bound and bound."""

    kind: Literal["uniform"] = key("uniform", "uniform between -bound and bound")
    bound: Number | None = key(None, "largest absolute value", shown_default="1 / sqrt(h)", ge=0, le=1e300)


class GlorotInit(Section):
    """Uniform within sqrt(6 / (fan_in + fan_out)) (Glorot, Bengio 2010)."""

    kind: Literal["glorot"] = key("glorot", "uniform within sqrt(6 / (fan_in + fan_out))")


class HeInit(Section):
    """Normal with standard deviation sqrt(2 / fan_in) (He et al. 2015)."""

    kind: Literal["he"] = key("he", "normal with standard deviation sqrt(2 / fan_in)")


class ZerosInit(Section):
    """All zeros."""

    kind: Literal["zeros"] = key("zeros", "all zeros")


class ConstantInit(Section):
    """Every entry the same."""

    kind: Literal["constant"] = key("constant", "every entry the same")
    value: Number = key(..., "the value of every entry", example=0.1)


class SparseInit(Section):
    """A few normal connections per unit, rescaled: `smart tanh` (Pascanu et al. 2013)."""

    kind: Literal["sparse"] = key("sparse", "few normal connections per unit, rescaled to a spectral radius")
    connections: Whole = key(15, "nonzero weights of each unit", unit="weights", ge=1)
    rho: Number = key(0.95, "spectral radius", ge=0)


Init = (
    NormalInit | SpectralInit | OrthogonalInit | IdentityInit | UniformInit | GlorotInit | HeInit | ZerosInit
    | ConstantInit | SparseInit
)  # fmt: skip
Weights = Annotated[Init, *kind_or_mapping("uniform")]
Zeros = Annotated[Init, *kind_or_mapping("zeros")]


class ConstantForgetBias(Section):
    """The same forget bias for every unit."""

    kind: Literal["constant"] = key("constant", "the same for every unit")
    value: Number = key(..., "the bias", example=1.0)


class ChronoForgetBias(Section):
    """log of uniform(1, longest - 1): forget gates that span lags up to longest (Tallec, Ollivier 2018)."""

    kind: Literal["chrono"] = key("chrono", "log U(1, longest - 1), and its negative for the input gate")
    longest: Whole = key(..., "longest lag to be remembered", unit="steps", ge=3, example=100)


ForgetBias = Annotated[ConstantForgetBias | ChronoForgetBias, *kind_or_mapping(number="constant")]


class InitialWeights(Section):
    """The initial value of every parameter; for LSTM and GRU each gate's block of W_hh is drawn by itself."""

    W_xh: Weights = key(UniformInit(), "from input to hidden units (every gate)")
    W_hh: Weights = key(UniformInit(), "from hidden units to hidden units (every gate)")
    b_h: Zeros = key(ZerosInit(), "biases of the hidden units (every gate)")
    b_hn: Zeros = key(ZerosInit(), "recurrent bias of the GRU's candidate, inside the reset gate")
    W_ho: Weights = key(UniformInit(), "from hidden units to the output")
    b_o: Zeros = key(ZerosInit(), "biases of the output")
    h_0: Zeros = key(ZerosInit(), "hidden state before the first step, where it is learned")
    c_0: Zeros = key(ZerosInit(), "the LSTM's cell state before the first step, where it is learned")
    forget_bias: ForgetBias | None = key(
        None,
        "bias of the LSTM's forget gate, in place of b_h's: a number, or {kind: chrono, longest: ...}",
        must="a number, or a mapping such as {kind: chrono, longest: 100}, or null",
    )
