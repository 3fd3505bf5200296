"""The formulas as plain loops: one sequence, row vectors, the symbols of the literature. For reading and for proving.

    cell              what a cell says of one step: forward, and backward line by line
    rnn, lstm, gru    the cells
    losses            l_t and dl_t/do_t
    network           a whole network over one sequence: forward, loss, backpropagation through time
    record            what is kept of that: every number by its symbol, every term of every sum
    stepwise          a step of a layer that brings no formulas of its own: its passes over that step alone

The fast engine (`rnnlab.engine.layers`) is tested against these loops and shares no arithmetic with them: it takes the
names and shapes of the parameters from the same architecture, and nothing else. Every forward line has a number; a
backward line carries, with a prime, the number of the line that it differentiates. An upper index names a gate's block
of columns (``W_hh^f``, ``a^f_t``), a star is the product entry by entry, and two vectors or matrices side by side are a
matrix product. Steps count from 1, as on a blackboard: h_0 is the initial state.

Source: Werbos 1990, doi:10.1109/5.58337; Pascanu, Mikolov, Bengio 2013, arXiv:1211.5063.
"""
