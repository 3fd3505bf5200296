"""From each formula of the chapter on equations to its lines of code.

A line is named by a piece of its text, which must occur once in its file; so a moved line is found again, and one that
was changed is an error.
"""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
CHAPTER = ROOT / "rnnlab" / "manual" / "equations.md"
HEADER = ("formula", "plain loops", "fast engine")

Place = tuple[str, str] | None  # file below rnnlab/, piece of the line
Row = tuple[str, Place, Place]

RNN, LSTM, GRU = (f"engine/reference/{name}.py" for name in ("rnn", "lstm", "gru"))
NETWORK, LOSSES = "engine/reference/network.py", "engine/reference/losses.py"
FAST_RNN, FAST_LSTM, FAST_GRU = (f"engine/layers/{name}.py" for name in ("rnn", "lstm", "gru"))
LOOP, STACK, FAST_LOSSES = "engine/layers/gated.py", "engine/stack.py", "engine/losses.py"
SUM = (LOOP, "total = sum_over_time(self.z[:-1], da)")

TABLES: dict[str, list[Row]] = {
    "vanilla": [
        ("`a_t = h_{t-1} W_hh + x_t W_xh + b_h`", (RNN, "# (1)"), (LOOP, "# (1) a_t = W^T z_t")),
        ("`h_t = phi(a_t)`", (RNN, "# (2)"), (FAST_RNN, "# (2)\n")),
        ("`o_t = h_t W_ho + b_o`", (NETWORK, "# (5)\n"), (STACK, "outputs = apply_to_steps(")),
        (
            "`l_t = sum 0.5 (o_t - y_t)^2`",
            (LOSSES, "np.sum(0.5 * (o - y) ** 2)"),
            (FAST_LOSSES, "return _total(loss, 0.5 * scale)"),
        ),
        (
            "`l_t = -log softmax(o_t)[y_t]`",
            (LOSSES, "return highest + np.log("),
            (FAST_LOSSES, "np.copyto(minus_log_p, np.log("),
        ),
        ("`L = sum_t l_t`", (NETWORK, "total = np.sum("), (FAST_LOSSES, "return values.sum(axis=(0, -2, -1)")),
        ("`dL/do_t = dl_t/do_t`", (NETWORK, "# (6')"), (FAST_LOSSES, "difference = o - y")),
        (
            "`dL/dh_t = dL/do_t W_ho^T + delta_{t+1} W_hh^T`",
            (NETWORK, 'dh = carried["h"] if above is None'),
            (LOOP, "np.add(dh, added[t - start], out=dh)"),
        ),
        ("`delta_t = dL/dh_t * phi'(a_t)`", (RNN, "# (2')"), (FAST_RNN, "# (2')\n")),
        (
            "`delta_t W_hh^T`, which goes back to `h_{t-1}`",
            (RNN, 'dh_prev = delta @ p["W_hh"].T'),
            (LOOP, "# (1') dh_{t-1} = W_hh da_t"),
        ),
        ("`dL/dW_hh = sum_t h_{t-1}^T delta_t`", (RNN, '"W_hh": np.outer(h_prev, delta)'), SUM),
        ("`dL/dW_xh = sum_t x_t^T delta_t`", (RNN, '"W_xh": np.outer(x, delta)'), SUM),
        ("`dL/db_h = sum_t delta_t`", (RNN, '"b_h": delta}'), SUM),
        (
            "`dL/dW_ho = sum_t h_t^T dL/do_t`",
            (NETWORK, '"W_ho": np.outer(h, do)'),
            (STACK, '"readout.W_ho")[...] = sum_over_time('),
        ),
        (
            "`dL/db_o = sum_t dL/do_t`",
            (NETWORK, '"b_o": do}'),
            (STACK, '"readout.b_o")[...] = d_outputs.sum('),
        ),
        (
            "`dL/dx_t = delta_t W_xh^T`",
            (RNN, 'dx = delta @ p["W_xh"].T'),
            (LOOP, "return np.matmul(W_xh, self.da[start:stop])"),
        ),
        (
            "`dL/dh_0`, of a learned initial state",
            (NETWORK, 'gradients |= {f"{state}_0"'),
            (STACK, "view[...] = gradient.sum(axis=-1)"),
        ),
    ],
    "lstm": [
        (
            "`a^i_t, a^f_t, a^g_t, a^o_t = h_{t-1} W_hh + x_t W_xh + b_h`",
            (LSTM, "# (1)\n"),
            (LOOP, "# (1) a_t = W^T z_t"),
        ),
        ("`i_t, f_t, o^gate_t = sigmoid(a^i_t, a^f_t, a^o_t)`", (LSTM, "# (2)\n"), (FAST_LSTM, "# (2) o, i, f")),
        ("`g_t = tanh(a^g_t)`", (LSTM, "# (2)\n"), (FAST_LSTM, "np.tanh(now.a_g, now.g)")),
        ("`c_t = f_t * c_{t-1} + i_t * g_t`", (LSTM, "# (3)\n"), (FAST_LSTM, "# (3)\n")),
        ("`h_t = o^gate_t * tanh(c_t)`", (LSTM, "# (4)\n"), (FAST_LSTM, "np.multiply(s.o, now.tanh_c, now.h)")),
        (
            "`dL/dc_t = dL/dh_t * o^gate_t * (1 - tanh(c_t)^2) + dL/dc_{t+1} * f_{t+1}`",
            (LSTM, 'dc = dh * o * (1 - np.tanh(c) ** 2) + d["c"]'),
            (FAST_LSTM, "np.add(now.dc_next, now.e, s.dc)"),
        ),
        (
            "`delta^i_t = dL/dc_t * g_t * i_t * (1 - i_t)`, `delta^f_t = dL/dc_t * c_{t-1} * f_t * (1 - f_t)`",
            (LSTM, "delta_i, delta_f = "),
            (FAST_LSTM, "np.multiply(by_dc, s.dc_block, now.da_ifg_dc)"),
        ),
        (
            "`delta^g_t = dL/dc_t * i_t * (1 - g_t^2)`",
            (LSTM, "delta_g, delta_o = "),
            (FAST_LSTM, "np.multiply(by_dc, s.dc_block, now.da_ifg_dc)"),
        ),
        (
            "`delta^o_t = dL/dh_t * tanh(c_t) * o^gate_t * (1 - o^gate_t)`",
            (LSTM, "delta_g, delta_o = "),
            (FAST_LSTM, "np.multiply(by_dh, dh[..., None, :, :], now.e_da_o)"),
        ),
        ("`dL/dW_hh = sum_t h_{t-1}^T delta_t`", (LSTM, '"W_hh": np.outer(h_prev, delta)'), SUM),
    ],
    "gru": [
        ("`a^r_t, a^z_t = h_{t-1} W_hh + x_t W_xh + b_h`", (GRU, "# (1)\n"), (LOOP, "# (1) a_t = W^T z_t")),
        ("`m_t = h_{t-1} W_hh^n + b_hn`", (GRU, "# (1)\n"), (FAST_GRU, '= others["b_hn"]')),
        ("`r_t, z_t = sigmoid(a^r_t, a^z_t)`", (GRU, "# (2)\n"), (FAST_GRU, "# (2) r and z")),
        ("`n_t = tanh(u_t + r_t * m_t)`", (GRU, "# (3)\n"), (FAST_GRU, "np.tanh(now.a_n, now.n)")),
        ("`h_t = (1 - z_t) * n_t + z_t * h_{t-1}`", (GRU, "# (4)\n"), (FAST_GRU, "np.multiply(s.z, s.product, now.h)")),
        (
            "`delta^u_t = dL/dh_t * (1 - z_t) * (1 - n_t^2)`",
            (GRU, "delta_u = dn * (1 - n**2)"),
            (FAST_GRU, "# (4') dn"),
        ),
        ("`delta^m_t = delta^u_t * r_t`", (GRU, "delta_m, dr = "), (FAST_GRU, "# (3') dm")),
        ("`delta^r_t = delta^u_t * m_t * r_t * (1 - r_t)`", (GRU, "delta_r, delta_z = "), (FAST_GRU, "# (3') dr")),
        (
            "`delta^z_t = dL/dh_t * (h_{t-1} - n_t) * z_t * (1 - z_t)`",
            (GRU, "delta_r, delta_z = "),
            (FAST_GRU, "# (4') dz"),
        ),
        (
            "`dL/dW_hh = sum_t h_{t-1}^T [delta^r_t, delta^z_t, delta^m_t]`",
            (GRU, '"W_hh": np.outer(h_prev, delta)'),
            SUM,
        ),
    ],
    "through_time": [
        (
            "clipping: `g <- g tau / norm(g)` where `norm(g) > tau`",
            None,
            ("engine/clipping.py", "factors = np.divide(threshold, norm, out=np.ones_like(norm), where=over)"),
        ),
        (
            "gradient descent: `theta <- theta - eta g`",
            None,
            ("engine/optimizers.py", "def _step(self, theta, g, rate, scratch):"),
        ),
        (
            "gradient by lag: `G_k = sum_t h_{t-k-1}^T (D_{t-k} * dl_t/dh_{t-k})`",
            None,
            ("dynamics/flow.py", "yield np.matmul(h_prev"),
        ),
        (
            "transport: `norm(dL_T/dh_{T-k})` for a loss at the last step alone",
            None,
            ("dynamics/flow.py", "return total(network, theta, batch, loss, states=states, layer=layer)"),
        ),
        (
            "product of Jacobians: `dh_T/dh_{T-k} = J_T ... J_{T-k+1}`",
            None,
            ("dynamics/jacobians.py", "adjoint = trajectory.carry_back(T - k, adjoint)"),
        ),
        (
            "its bound: `(gamma norm(W_hh))^k`",
            None,
            ("dynamics/jacobians.py", "bound = np.log(trajectory.layer.slope * sigma)"),
        ),
        (
            "largest Lyapunov exponent: `q <- J_t^T q / norm(q)`, `lambda = mean log norm(q)`",
            None,
            ("dynamics/lyapunov.py", "logs += np.log("),
        ),
        (
            "Omega: `mean_t (q_t - 1)^2`, `q_t = norm(delta_t W_hh^T)^2 / norm(dL/dh_t)^2`",
            None,
            ("engine/regularizers.py", "terms, slope = np.square(q - 1), 4 * (q - 1)"),
        ),
    ],
}


def table(name: str) -> str:
    """One of the tables as Markdown; without the column of the plain loops where they have none of its formulas."""
    rows = TABLES[name]
    has_loops = any(loops for _, loops, _ in rows)
    header = HEADER if has_loops else (HEADER[0], "where")
    cells = [[formula, *([_link(loops)] if has_loops else []), _link(fast)] for formula, loops, fast in rows]
    lines = [header, ["---"] * len(header), *cells]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def line_of(path: str, piece: str) -> int:
    """The number of the one line of a file that holds a piece of text; the piece may end with the line."""
    text = (ROOT / "rnnlab" / path).read_text(encoding="utf-8")
    if text.count(piece) != 1:
        raise ValueError(f"rnnlab/{path} has {text.count(piece)} lines with {piece!r}; one must have it.")
    return text[: text.index(piece)].count("\n") + 1


def _link(place: Place) -> str:
    if place is None:
        return ""
    number = line_of(*place)
    return f"[`{place[0]}:{number}`](../{place[0]}#L{number})"
