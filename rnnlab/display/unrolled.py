"""A network on one sequence as text: every formula with its number, step by step, and the engine beside the sums."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from rnnlab.display import numbers, tables
from rnnlab.display.formulas import Page, at_step, one_step_before
from rnnlab.words import count

if TYPE_CHECKING:
    from rnnlab.experiments.unroll import Output, Recurrence, Step, Unroll

GATED = ("W_hh", "W_xh", "b_h")  # what has a block of columns for each gate


def headline(found: "Unroll") -> str:
    """What was worked out: the network, its seed, and the steps of which sequence."""
    a = found.architecture
    layers = f"{count(a.layers, 'layer')}, " if a.layers > 1 else ""
    both = "both directions, " if a.bidirectional else ""
    network = f"{a.layer.name}, {layers}{both}{count(a.hidden_size, 'unit')}"
    which = "a fresh sequence" if found.endless else "the first training sequence"
    steps = count(found.steps, "step")
    if found.steps < found.data_steps:
        some = "the first" if found.steps == 1 else f"the first {found.steps}"
        steps = f"{some} of {count(found.data_steps, 'step')}"
    return f"{found.name}: {network}, seed {found.seed}; {steps} of {which}"


def report(found: "Unroll", width: int | None) -> list[str]:
    """Everything by its formula: parameters, forward, loss, backward, sums, and the engine's gradients.

    Parameters
    ----------
    found : Unroll
    width : int, optional
        Columns of the screen.
    """
    draft = Page(width)  # of which the lengths of the formulas are wanted
    _parts(draft, found, width)
    return [line for part in _parts(Page(width, draft.texts), found, width) for line in ("", *part)]


def _parts(page: Page, found: "Unroll", width: int | None) -> list[list[str]]:
    return [
        _parameters(page, found),
        *(_forward(page, found, one) for one in found.numbers.recurrences),
        _outputs(page, found),
        _loss_gradients(page, found),
        *(_backward(page, found, one) for one in reversed(found.numbers.recurrences)),
        *_sums(page, found),
        _comparison(found, width),
    ]


def _parameters(page: Page, found: "Unroll") -> list[str]:
    lines = ["Initial parameters"]
    for name, value in found.parameters.items():
        lines += _value(page, found, name, name, value)
    return lines


def _forward(page: Page, found: "Unroll", one: "Recurrence") -> list[str]:
    lines = [f"Forward{_through(found, one)}"]
    if not one.cell.worked:
        lines += [line for text in found.architecture.layer.formulas.splitlines() for line in page.plain(text.strip())]
    for state, value in one.initial.items():
        lines += page.row(f"{_at(f'{state}_{{t-1}}', one.steps[0], one)}, initial state", value)
    for step in one.steps:
        lines += page.plain(f"t = {step.time}")
        lines += _input(page, found, one, step)
        for symbol, value in step.forward.items():
            lines += page.row(_equation(symbol, one.cell.formulas.forward.get(symbol, ""), step, one), value, 2)
    return lines


def _input(page: Page, found: "Unroll", one: "Recurrence", step: "Step") -> list[str]:
    """x_t: a token by its row of W_xh, and what a layer reads of the one below by that layer's name."""
    layer = _layer(one)
    if layer == 0 and found.tokens:
        token = int(found.inputs[step.time - 1])
        which = f"token {_named(found, token)}"
        return page.plain(f"x_{step.time} is {which}: x_{step.time} W_xh = row {token} of W_xh", 2)
    below = f" = h_{step.time} of layer{layer - 1}" if layer else ""
    return page.row(f"x_{step.time}{below}", step.inputs, 2)


def _outputs(page: Page, found: "Unroll") -> list[str]:
    lines, loss = ["Outputs and loss"], found.loss_formulas
    for output in found.numbers.outputs:
        t = output.time
        lines += page.row(f"o_{t} = {_read(found, t)} W_ho + b_o", output.o)
        if output.p is not None:
            lines += page.row(f"p_{t} = {at_step(loss.probability_formula or '', t)}", output.p)
        is_class = _is_class(output)
        if is_class:
            lines += page.plain(f"y_{t} is class {_named(found, int(output.y))}")
        else:
            lines += page.row(f"y_{t}, target", output.y)
        if output.p is not None and is_class:
            lines += page.row(f"p_{t}[y_{t}]", output.p[int(output.y)])
        lines += page.row(f"l_{t} = {_weight(output)}{_of_loss(loss.formula, output)}", output.loss)
    times = " + ".join(f"l_{output.time}" for output in found.numbers.outputs)
    return [*lines, *page.row(f"L = {times}", found.numbers.loss)]


def _loss_gradients(page: Page, found: "Unroll") -> list[str]:
    lines = ["Backward through loss and readout"]
    for output in reversed(found.numbers.outputs):
        t = output.time
        lines += page.row(f"dL/do_{t} = {_weight(output)}{at_step(found.loss_formulas.slope_formula, t)}", output.do)
        if _is_class(output):
            lines += page.row(f"dL/do_{t}[y_{t}]", output.do[int(output.y)])
    return lines


def _backward(page: Page, found: "Unroll", one: "Recurrence") -> list[str]:
    cell, lines = one.cell, [f"Backward{_through(found, one)}"]
    for step in reversed(one.steps):
        lines += page.plain(f"t = {step.time}")
        for symbol, value in step.backward.items():
            formula = _arriving(found, one, step) if symbol == "dL/dh_t" else cell.formulas.backward[symbol]
            text = _equation(symbol, _with_carried(formula, cell.formulas.carried, step), step, one)
            is_joined = formula.startswith("[")  # of parts that stand above
            lines += page.plain(text, 2) if is_joined else page.row(text, value, 2)
        if not (found.tokens and _layer(one) == 0):
            share = ", this direction's share" if found.architecture.bidirectional else ""
            lines += page.row(_equation(f"dL/dx_t{share}", cell.formulas.inputs, step, one), step.d_inputs, 2)
    for state, value in one.d_initial.items():
        formula = one_step_before(cell.formulas.carried.get(state, ""))
        lines += page.row(_equation(f"dL/d{state}_{{t-1}}", formula, one.steps[0], one), value)
    return lines


def _arriving(found: "Unroll", one: "Recurrence", step: "Step") -> str:
    """dL/dh_t: what the loss and the layers above say, and what comes back from the step after."""
    a, parts = found.architecture, []
    if step.above is not None:
        last = a.readout == "last"
        of_output = f"dL/do_{found.numbers.outputs[-1].time if last else step.time} W_ho^T"
        layer = _layer(one)
        parts.append(of_output if layer == a.layers - 1 else f"dL/dx_t of layer{layer + 1}")
    if not step.is_last:
        parts.append(one.cell.formulas.carried["h"])
    return " + ".join(parts) or "0"


def _with_carried(formula: str, carried: Mapping[str, str], step: "Step") -> str:
    for state, what in carried.items():
        place = "{" + state + "}"
        formula = formula.replace(f" + {place}", "") if step.is_last else formula.replace(place, what)
    return formula


def _sums(page: Page, found: "Unroll") -> Iterator[list[str]]:
    """The terms of dL/dW_hh one by one, the engine beside their sum; then the other gradients as sums."""
    for one in found.numbers.recurrences:
        term = one.cell.formulas.terms.get("W_hh")
        if term is None or "W_hh" not in one.gradients:
            continue
        lines = [f"dL/dW_hh = sum_t {term.replace('{t-1}', '{t+1}') if one.reverse else term}{_of(found, one)}"]
        for step in one.steps:
            lines += page.matrix(f"t = {step.time}: {_at(term, step, one)}", step.terms["W_hh"], one.cell.gates)
        lines += page.matrix("sum", one.gradients["W_hh"], one.cell.gates)
        lines += page.matrix("the engine", found.engine[f"{one.name}.W_hh"], one.cell.gates)
        yield lines
    lines = ["The other gradients"]
    terms = {
        f"{one.name}.{key}": text for one in found.numbers.recurrences for key, text in one.cell.formulas.terms.items()
    }
    terms |= {"readout.W_ho": "h_t^T dL/do_t", "readout.b_o": "dL/do_t"}
    for name, value in found.gradients.items():
        if not name.endswith(".W_hh"):
            text = f"dL/d {name}" + (f" = sum_t {terms[name]}" if name in terms else "")
            lines += _value(page, found, name, text, value)
    yield lines


def _comparison(found: "Unroll", width: int | None) -> list[str]:
    header = ("the engine's gradients", "largest entry", "largest relative difference")
    rows = [
        (one.name, numbers.significant(one.largest, 4), f"{one.difference:.1e}" if one.difference else "0")
        for one in found.comparisons
    ]
    return tables.render(header, rows, width)


def _value(page: Page, found: "Unroll", name: str, text: str, value: Any) -> list[str]:
    """A parameter or its gradient; of a matrix that tokens select rows of, those rows."""
    part, _, key = name.rpartition(".")
    cells = [one.cell for one in found.numbers.recurrences if one.name == part]
    gates = cells[0].gates if cells and key in GATED else ()
    if found.tokens and key == "W_xh" and part in ("layer0", "layer0.reverse"):
        lines = page.plain(f"{text}; rows of these tokens, out of {len(value)}:")
        for token in sorted({int(token) for token in found.inputs}):
            lines += page.matrix(f"row {_named(found, token)}", value[token : token + 1], gates, 2)
        return lines
    if value.ndim == 1 and not gates:
        return page.row(text, value)
    return page.matrix(text, value if value.ndim == 2 else value[None], gates)


def _equation(symbol: str, formula: str, step: "Step", one: "Recurrence") -> str:
    return _at(f"{symbol} = {formula}" if formula else symbol, step, one)


def _at(text: str, step: "Step", one: "Recurrence") -> str:
    return at_step(text, step.time, reverse=one.reverse)


def _read(found: "Unroll", t: int) -> str:
    """What the readout reads: of two directions the state after each one's last step, or that of the step."""
    if not found.architecture.bidirectional:
        return f"h_{t}"
    return f"[h_{t}, h_{t if found.architecture.readout == 'every' else 1} of reverse]"


def _weight(output: "Output") -> str:
    return "" if output.weight == 1 else f"{numbers.significant(output.weight, 4)} * "


def _of_loss(formula: str, output: "Output") -> str:
    """l_t; a sum over one output is none."""
    return at_step(formula.removeprefix("sum ") if len(output.o) == 1 else formula, output.time)


def _named(found: "Unroll", number: int) -> str:
    """A token or class: its number, and what it stands for."""
    return f"{number}" if found.names is None else f"{number}, {found.names[number]!r}"


def _is_class(output: "Output") -> bool:
    return isinstance(output.y.tolist(), int)


def _layer(one: "Recurrence") -> int:
    return int(one.name.partition(".")[0].removeprefix("layer"))


def _of(found: "Unroll", one: "Recurrence") -> str:
    return f", {one.name}" if len(found.numbers.recurrences) > 1 else ""


def _through(found: "Unroll", one: "Recurrence") -> str:
    return f" through {one.name}" if len(found.numbers.recurrences) > 1 else ""
