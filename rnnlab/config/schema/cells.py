"""`model.cell`: the kinds of recurrent layer that the package has, each with keys of its own where it needs any."""

from typing import Literal

from rnnlab.config.schema.section import Section, key


class RnnCell(Section):
    """The vanilla layer (Elman 1990)."""

    kind: Literal["rnn"] = key("rnn", "vanilla RNN: h_t = phi(h_{t-1} W_hh + x_t W_xh + b_h)")


class LstmCell(Section):
    """Long short-term memory with a forget gate (Hochreiter, Schmidhuber 1997; Gers, Schmidhuber, Cummins 2000)."""

    kind: Literal["lstm"] = key("lstm", "long short-term memory with a forget gate")


class GruCell(Section):
    """Gated recurrent unit (Cho et al. 2014)."""

    kind: Literal["gru"] = key("gru", "gated recurrent unit, with the reset gate applied after the matrix product")
