"""Keys that contradict each other. Each rule looks at a whole config and names every key it judges by."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from rnnlab.config import registry


@dataclass(frozen=True)
class Conflict:
    """Keys that cannot stand together, the one to blame first, and a sentence that says why."""

    keys: tuple[str, ...]
    message: str


def conflicts(config: Any) -> list[Conflict]:
    """Find every contradiction in a config whose single keys are all right."""
    rules = (_optimizer, _model, _length, _carried_state, _days, _text, _targets, _duration, _initial_weights)
    return [conflict for rule in rules for conflict in rule(config)]


def _optimizer(config: Any) -> Iterator[Conflict]:
    optimizer = config.training.optimizer
    if optimizer.kind == "sgd" and optimizer.nesterov and optimizer.momentum == 0:
        yield Conflict(
            ("training.optimizer.nesterov", "training.optimizer.momentum"),
            "training.optimizer.nesterov needs a momentum above 0; give one (0.9 is usual) or drop nesterov.",
        )


def _model(config: Any) -> Iterator[Conflict]:
    model, omega = config.model, config.training.omega
    cell, layer = model.cell.kind, registry.found().layers[model.cell.kind]
    if not layer.activations and model.activation != "tanh":
        yield Conflict(
            ("model.activation", "model.cell"),
            f"model.activation must be tanh with cell: {cell}, whose activations are fixed; "
            f"got {model.activation}. Drop it, or use cell: rnn.",
        )
    if not layer.additive and omega is not None:
        yield Conflict(
            ("training.omega", "model.cell"),
            f"training.omega is defined for cell: rnn alone; drop it with cell: {cell}.",
        )


def sequence_length(data: Any) -> tuple[str, int]:
    """Name the key that sets the length of a sequence, and the greatest length it allows."""
    if data.kind in ("prices", "csv"):
        return "data.lookback", data.lookback
    if data.kind == "text":
        return "data.chunk", data.chunk
    if data.task == "logistic_map":
        return "data.task", 1
    return "data.length", max(data.length) if isinstance(data.length, tuple) else data.length


def _length(config: Any) -> Iterator[Conflict]:
    truncate, (where, length) = config.training.truncate, sequence_length(config.data)
    if truncate is not None and truncate > length:
        yield Conflict(
            ("training.truncate", where),
            f"training.truncate must be at most the {length} steps of a sequence ({where}); got {truncate}.",
        )
    varied = isinstance(getattr(config.data, "length", None), tuple)
    if truncate is not None and varied and config.data.task in ("order", "adding"):
        yield Conflict(
            ("training.truncate", "data.length"),
            "training.truncate cannot be used with sequences of different lengths and one output each; "
            "drop it, or give data.length as one number.",
        )
    if truncate is not None and config.model.bidirectional:
        yield Conflict(
            ("training.truncate", "model.bidirectional"),
            "training.truncate cannot be used with a bidirectional model: it reads all steps; drop one.",
        )
    if config.data.kind == "synthetic" and config.data.task == "echo":
        shortest = min(config.data.length) if isinstance(config.data.length, tuple) else config.data.length
        if config.data.delay >= shortest:
            yield Conflict(
                ("data.delay", "data.length"),
                f"data.delay must be below the shortest length ({shortest} steps); got {config.data.delay}.",
            )


def _carried_state(config: Any) -> Iterator[Conflict]:
    training = config.training
    if not training.carry_state:
        return
    carry = "training.carry_state"
    if config.data.kind != "text":
        yield Conflict(
            (carry, "data.kind"),
            f"{carry} needs sequences that continue each other, which only data of kind text has; "
            f"got kind: {config.data.kind}.",
        )
    if config.model.bidirectional:
        yield Conflict(
            (carry, "model.bidirectional"),
            f"{carry} cannot be used with a bidirectional model, half of which begins at the end; drop one.",
        )
    if training.shuffle:
        yield Conflict(
            (carry, "training.shuffle"),
            f"{carry} needs the chunks in their order; drop shuffle or set it to false.",
        )
    if training.batch_size == "full":
        yield Conflict(
            (carry, "training.batch_size"),
            f"{carry} needs chunks that follow each other in updates of their own; set batch_size to 1, say.",
        )


def _days(config: Any) -> Iterator[Conflict]:
    data = config.data
    if data.kind in ("prices", "csv") and data.start and data.end and data.end < data.start:
        yield Conflict(
            ("data.end", "data.start"),
            f"data.end must not be before data.start ({data.start}); got {data.end}.",
        )


def _text(config: Any) -> Iterator[Conflict]:
    data = config.data
    if data.kind != "text":
        return
    if data.text is not None and data.path is not None:
        yield Conflict(("data.text", "data.path"), "data.text and data.path cannot both be given; drop one.")
    if data.text is None and data.path is None:
        yield Conflict(
            ("data", "data.text", "data.path"),
            "data of kind text needs text or path; add one, for instance path: novel.txt.",
        )
    if config.model.bidirectional and config.model.readout != "last":
        yield Conflict(
            ("model.bidirectional", "data.kind", "model.readout"),
            "model.bidirectional would let the network read what it is to predict; drop it for text.",
        )


def _targets(config: Any) -> Iterator[Conflict]:
    """Losses and readouts that the data have no targets for."""
    data, readout, loss = config.data, config.model.readout, config.training.loss
    source = "data.task" if data.kind == "synthetic" else "data.kind"
    what = data.task if data.kind == "synthetic" else data.kind
    fixed = {"order": "last", "adding": "last", "echo": "every", "sine": "every", "logistic_map": "last"}
    if readout is not None and fixed.get(what, readout) != readout:
        yield Conflict(
            ("model.readout", source),
            f"model.readout must be {fixed[what]} for {what}; got {readout}. Leave it out: the data decide.",
        )
    if loss is None:
        return
    if what in ("text", "order") and loss.kind != "cross_entropy":
        yield Conflict(
            ("training.loss", source),
            f"training.loss must be cross_entropy for {what}, whose targets are classes; got {loss.kind}.",
        )
    if what in ("prices", "csv", "adding", "sine") and loss.kind == "binary_cross_entropy":
        yield Conflict(
            ("training.loss", source),
            f"training.loss must be half_squared_error or huber for {what}, whose targets can be any number; "
            "got binary_cross_entropy.",
        )
    if what not in ("text", "order") and loss.kind == "cross_entropy":
        yield Conflict(
            ("training.loss", source),
            f"training.loss must be half_squared_error or huber for {what}, whose targets are numbers, not "
            "classes; got cross_entropy.",
        )


def _duration(config: Any) -> Iterator[Conflict]:
    if config.training.epochs is not None and config.training.updates is not None:
        yield Conflict(
            ("training.epochs", "training.updates"),
            "training.epochs and training.updates cannot both be given; drop one.",
        )


def _initial_weights(config: Any) -> Iterator[Conflict]:
    init = config.model.init
    for name in type(init).model_fields:
        weights, where = getattr(init, name), f"model.init.{name}"
        kind = getattr(weights, "kind", None)
        if kind == "normal" and weights.rho is not None and weights.std is not None:
            yield Conflict(
                (f"{where}.rho", f"{where}.std"),
                f"{where}.rho and {where}.std cannot both be given; drop one.",
            )
        if kind in ("spectral", "sparse") and name != "W_hh":
            yield Conflict(
                (f"{where}.kind", where),
                f"{where} cannot be {kind}: a spectral radius belongs to W_hh, which is square.",
            )
        if kind in ("orthogonal", "identity", "glorot", "he") and not name.startswith("W"):
            yield Conflict(
                (f"{where}.kind", where),
                f"{where} cannot be {kind}, which is for matrices; use zeros or constant.",
            )
    cell = config.model.cell.kind
    if init.forget_bias is not None and not registry.found().layers[cell].forget_gate:
        yield Conflict(
            ("model.init.forget_bias", "model.cell"),
            f"model.init.forget_bias belongs to cell: lstm; drop it with cell: {cell}.",
        )
    if init.W_hh.kind == "sparse" and init.W_hh.connections > config.model.hidden_size:
        yield Conflict(
            ("model.init.W_hh.connections", "model.hidden_size", "model.init.W_hh"),
            f"model.init.W_hh.connections must be at most model.hidden_size ({config.model.hidden_size}); "
            f"got {init.W_hh.connections}.",
        )
