"""The report of a network on one sequence: every line is true, nothing is missing, it fits the screen."""

import re
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

import rnnlab
from rnnlab.display import unrolled
from rnnlab.display.formulas import CELL
from tests.engine.test_reference import names_of
from tests.formula_text import evaluate

TEXT = "data: {kind: text, text: the quick brown fox, repeat: 4, chunk: 8}\n"
PRICES = "data: {kind: prices, symbol: AAPL, lookback: 5, scaler: standard}\n"
ECHO = "data: {kind: synthetic, task: echo, delay: 1, length: 6}\n"
NUMBER = r"-?(?:[\d,]+(?:\.\d+)?(?:e[-+]\d+)?)"
EQUATION = re.compile(rf"^ +(\S+?)(?:, this direction's share)? = (.+?)((?: +{NUMBER})+)$")


@pytest.fixture
def unroll(tmp_path):
    def work_out(text: str, *overrides: str, **options):
        path = Path(tmp_path) / "small.yaml"
        path.write_text(text)
        return rnnlab.unroll(rnnlab.load(path, overrides), **options)

    return work_out


def sections(lines: list[str]) -> dict[str, list[str]]:
    """Heading -> lines."""
    starts = [at for at, line in enumerate(lines) if line and (at == 0 or not lines[at - 1])]
    return {lines[at]: lines[at + 1 : end] for at, end in pairwise([*starts, len(lines) + 1])}


def numbers(text: str) -> list[float]:
    return [float(word.replace(",", "")) for word in text.split()]


def close(shown, exact) -> bool:
    """Four digits of a number."""
    return np.shape(shown) == np.shape(exact) and np.allclose(shown, exact, rtol=6e-4, atol=0)


@pytest.mark.parametrize(
    ("text", "overrides"),
    [
        (PRICES, ["model.cell=rnn"]),
        (PRICES, ["model.cell=rnn", "model.activation=relu"]),
        (PRICES, ["model.cell=rnn", "model.activation=sigmoid", "model.initial_state=learned"]),
        (PRICES, ["model.cell=rnn", "model.activation=identity"]),
        (PRICES, ["model.cell=lstm", "model.bidirectional=true"]),
        (PRICES, ["model.cell=gru", "model.bidirectional=true"]),
        (ECHO, ["model.cell=rnn"]),
        (ECHO, ["model.cell=lstm"]),
        (ECHO, ["model.cell=gru", "model.bidirectional=true"]),
    ],
)
def test_every_equation_of_the_report_is_true(unroll, text, overrides):
    """Each line `symbol = formula  numbers`, forward and backward, is worked out again from the symbols it names."""
    found = unroll(text, *overrides)
    said = sections(unrolled.report(found, 100))
    records = {one.name: one for one in found.numbers.recurrences}
    many, seen = len(records) > 1, set()
    for k, (name, one) in enumerate(records.items()):
        names = names_of(one, found.parameters)
        names["W_ho"] = np.split(found.parameters["readout.W_ho"], len(records))[k]
        names |= {f"dL/do_{output.time}": output.do for output in found.numbers.outputs}
        for way in ("Forward", "Backward"):
            for line in said[f"{way} through {name}" if many else way]:
                match = EQUATION.match(line)
                if match is None:
                    continue
                worth = evaluate(match[2], names)
                assert close(numbers(match[3]), np.atleast_1d(worth)), line
                seen.add((name, match[1]))
        for step in one.steps:
            t = step.time
            wanted = {symbol.replace("_t", f"_{t}") for symbol in (*step.forward, *step.backward)}
            wanted = wanted - {f"{joined}_{t}" for joined in ("delta", "epsilon") if one.cell.gates}
            assert {(name, symbol) for symbol in wanted | {f"dL/dx_{t}"}} <= seen
        end = one.steps[0].time + (1 if one.reverse else -1)
        assert {(name, f"dL/d{state}_{end}") for state in one.cell.states} <= seen


def test_outputs_and_losses_are_true(unroll):
    found = unroll(TEXT, "model.cell=rnn", "model.activation=tanh", steps=2)
    said = sections(unrolled.report(found, 100))["Outputs and loss"]
    for output in found.numbers.outputs:
        t, y = output.time, int(output.y)
        character = repr("thequickbrownfx "[0]) if t < 1 else repr("he"[t - 1])
        assert f"  y_{t} is class {y}, {character}" in said
        (p,) = [line for line in said if line.startswith(f"  p_{t}[y_{t}]")]
        (l,) = [line for line in said if line.startswith(f"  l_{t} = -log p_{t}[y_{t}]")]  # noqa: E741
        exact = np.exp(output.o)[y] / np.exp(output.o).sum()
        assert close(numbers(p.split("]")[-1]), [exact])
        assert close(numbers(l.rpartition("]")[2]), [-np.log(exact)])
    (total,) = [line for line in said if line.startswith("  L = l_1 + l_2")]
    assert close(numbers(total[len("  L = l_1 + l_2") :]), [found.loss])


def test_the_terms_of_a_sum_stand_above_it_and_the_engine_below(unroll):
    found = unroll(PRICES, "model.cell=rnn")
    said = sections(unrolled.report(found, 100))["dL/dW_hh = sum_t h_{t-1}^T delta_t"]
    said = [line for line in said if line]
    rows = [numbers(line[-2 * CELL :]) for line in said]
    assert [line.split("  ")[1] for line in said[::2]] == [
        "t = 1: h_0^T delta_1", "t = 2: h_1^T delta_2", "t = 3: h_2^T delta_3", "sum", "the engine",
    ]  # fmt: skip
    terms = [step.terms["W_hh"] for step in found.numbers.recurrences[0].steps]
    engine = found.engine["layer0.W_hh"]
    for shown, exact in zip(np.reshape(rows, (5, 2, 2)), [*terms, sum(terms), engine], strict=True):
        assert close(shown, exact)


def test_a_token_shows_the_row_of_weights_that_it_selects(unroll):
    found = unroll(TEXT, "model.cell=rnn", "model.activation=tanh")
    lines = unrolled.report(found, 100)
    t, h, e = (sorted("the quick brown fox").index(one) - k for one, k in (("t", 0), ("h", 0), ("e", 0)))
    tokens = [int(token) for token in found.inputs]
    assert [found.names[token] for token in tokens] == ["t", "h", "e"]
    assert len({t, h, e}) == 3
    for step, token in enumerate(tokens, start=1):
        assert f"    x_{step} is token {token}, {found.names[token]!r}: x_{step} W_xh = row {token} of W_xh" in lines
    for heading in ("Initial parameters", "The other gradients"):
        rows = [line.split(",")[0] for line in sections(lines)[heading] if line.startswith("    row ")]
        assert rows == [f"    row {token}" for token in sorted(tokens)]
    assert not any("dL/dx" in line for line in lines)


def test_layers_say_what_they_read_and_from_whom_they_hear(unroll):
    found = unroll(PRICES, "model.cell=gru", "model.layers=2", steps=2)
    said = sections(unrolled.report(found, 100))
    assert [heading for heading in said if "through layer" in heading] == [
        "Forward through layer0", "Forward through layer1", "Backward through layer1", "Backward through layer0",
    ]  # fmt: skip
    assert any(line.startswith("    x_1 = h_1 of layer0 ") for line in said["Forward through layer1"])
    assert any(line.startswith("    dL/dh_2 = dL/dx_2 of layer1 ") for line in said["Backward through layer0"])
    upper, lower = found.numbers.recurrences[1], found.numbers.recurrences[0]
    np.testing.assert_array_equal(upper.steps[1].d_inputs, lower.steps[1].backward["dL/dh_t"])
    assert "dL/dW_hh = sum_t h_{t-1}^T delta_t, layer1" in said


@pytest.mark.parametrize("cell", ["rnn", "lstm", "gru"])
@pytest.mark.parametrize("width", [60, 80, 200])
def test_it_fits_the_screen(unroll, cell, width):
    for text in (PRICES, TEXT):
        lines = unrolled.report(unroll(text, f"model.cell={cell}", "model.activation=tanh"), width)
        numbers = [line for line in lines if re.search(rf"{NUMBER}$", line) and " = " not in line]
        assert len(numbers) > 20
        assert max(map(len, lines)) <= width


def test_the_headline_says_what_was_taken(unroll):
    found = unroll(PRICES, "model.cell=lstm", "model.layers=2", "seeds=[7, 8]", steps=1, hidden=1)
    assert (
        unrolled.headline(found)
        == "small: lstm, 2 layers, 1 unit, seed 7; the first of 5 steps of the first training sequence"
    )
    found = unroll(ECHO + "model: {bidirectional: true}\n", "data.sequences=endless", steps=9)
    assert unrolled.headline(found).endswith("both directions, 2 units, seed 0; 6 steps of a fresh sequence")


def test_the_layout_of_the_report(unroll):
    """Line by line, a number as #."""
    found = unroll(PRICES, "model.cell=rnn", steps=2)
    assert unrolled.headline(found) == (
        "small: rnn, 2 units, seed 0; the first 2 of 5 steps of the first training sequence"
    )
    lines = [re.sub(rf"(?<= ){NUMBER}(?= |$)", "#", line) for line in unrolled.report(found, 80)]
    lines = [re.sub(r"  +#|(?<=#) +#", " #", line) for line in lines]
    assert lines[: lines.index("The other gradients") - 1] == [
        "",
        "Initial parameters",
        "  layer0.W_hh # #",
        " # #",
        "  layer0.W_xh # #",
        "  layer0.b_h # #",
        "  readout.W_ho #",
        " #",
        "  readout.b_o #",
        "",
        "Forward",
        "  h_0, initial state # #",
        "  t = #",
        "    x_1 #",
        "    a_1 = h_0 W_hh + x_1 W_xh + b_h # #",
        "    h_1 = tanh(a_1) # #",
        "  t = #",
        "    x_2 #",
        "    a_2 = h_1 W_hh + x_2 W_xh + b_h # #",
        "    h_2 = tanh(a_2) # #",
        "",
        "Outputs and loss",
        "  o_2 = h_2 W_ho + b_o #",
        "  y_2, target #",
        "  l_2 = # (o_2 - y_2)^2 #",
        "  L = l_2 #",
        "",
        "Backward through loss and readout",
        "  dL/do_2 = o_2 - y_2 #",
        "",
        "Backward",
        "  t = #",
        "    dL/dh_2 = dL/do_2 W_ho^T # #",
        "    delta_2 = dL/dh_2 * (1 - tanh(a_2)^2) # #",
        "    dL/dx_2 = delta_2 W_xh^T #",
        "  t = #",
        "    dL/dh_1 = delta_2 W_hh^T # #",
        "    delta_1 = dL/dh_1 * (1 - tanh(a_1)^2) # #",
        "    dL/dx_1 = delta_1 W_xh^T #",
        "  dL/dh_0 = delta_1 W_hh^T # #",
        "",
        "dL/dW_hh = sum_t h_{t-1}^T delta_t",
        "  t = 1: h_0^T delta_1 # #",
        " # #",
        "  t = 2: h_1^T delta_2 # #",
        " # #",
        "  sum # #",
        " # #",
        "  the engine # #",
        " # #",
    ]


def test_a_loss_of_classes_shows_what_the_outputs_say(unroll):
    found = unroll(TEXT, "model.cell=rnn", "model.activation=tanh", steps=1)
    said = sections(unrolled.report(found, 200))
    assert "  p_1 = softmax(o_1)" in said["Outputs and loss"]
    (row,) = [line for line in said["Backward through loss and readout"] if line.startswith("  dL/do_1[y_1]")]
    (output,) = found.numbers.outputs
    assert close(numbers(row.split("]")[-1]), [output.do[int(output.y)]])
    for text in (PRICES, ECHO):
        assert not any("p_" in line for line in unrolled.report(unroll(text, "model.cell=rnn"), 100))
