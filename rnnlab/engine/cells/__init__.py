"""The recurrences. Each module is one cell: its equations, its forward step, its backward step.

What the shared time loop (`rnnlab.engine.recurrence`) does, a cell does not: the products with the weights. It forms

    a_t = W^T z_t            with z_t = [h_{t-1}; x_t; 1], the state and the input one above the other
    dh_{t-1} = W_hh da_t     and, after the loop, dW = sum_t z_t da_t^T

and leaves to the cell everything between a_t and h_t, and between dh_t and da_t. Inside the loop a step is held as
columns, features by batch: (F, B), or (R, F, B) with a model axis. Each gate is then one contiguous block whatever the
batch, and the products serve all gates at once; the row form of the formulas, `a_t = z_t W`, is the same read sideways.

A cell keeps what it needs in a *tape* of `SLOTS` blocks of h rows per step. Forward fills the blocks with gates.
`derivatives` works out the local derivatives of several steps at a time, as many as stay in the processor's nearest
caches; `backward` multiplies these with the gradient that arrives and leaves da_t where the gates were. So nothing is
kept twice.
"""

from rnnlab.engine.cells.gru import Gru
from rnnlab.engine.cells.lstm import Lstm
from rnnlab.engine.cells.vanilla import Vanilla

CELLS = {"rnn": Vanilla, "lstm": Lstm, "gru": Gru}

__all__ = ["CELLS", "Gru", "Lstm", "Vanilla"]
