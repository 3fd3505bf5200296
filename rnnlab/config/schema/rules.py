"""Keys that contradict each other. Each rule looks at a whole config and names every key it judges by."""

from collections.abc import Iterator
from typing import Any

from rnnlab.config import registry
from rnnlab.config.schema.section import Conflict
from rnnlab.config.schema.task import LOSSES
from rnnlab.words import listed

SEQUENCES = "data.sequences"


def conflicts(config: Any) -> list[Conflict]:
    """Find every contradiction in a config whose single keys are all right."""
    rules = (
        _optimizer,
        _model,
        _truncation,
        _stateful,
        _endless,
        _targets,
        _window_scaling,
        _evaluation,
        _refit,
        _ridge,
        _duration,
        _initial_weights,
    )
    with registry.task_entry(config.data).blamed():
        own = list(config.data.conflicts())
    return [*own, *(conflict for rule in rules for conflict in rule(config))]


def _optimizer(config: Any) -> Iterator[Conflict]:
    optimizer = config.training.optimizer
    if optimizer.kind == "sgd" and optimizer.nesterov and optimizer.momentum == 0:
        yield Conflict(
            ("training.optimizer.nesterov", "training.optimizer.momentum"),
            "training.optimizer.nesterov needs a momentum above 0; give one (0.9 is usual) or drop nesterov.",
        )


def _model(config: Any) -> Iterator[Conflict]:
    model, omega = config.model, config.training.omega
    cell, layer = model.cell.kind, registry.layers().entries[model.cell.kind]
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


def _truncation(config: Any) -> Iterator[Conflict]:
    data, steps = config.data, config.training.tbptt_steps
    if steps is None:
        return
    where = f"data.{data.length_key}" if data.length_key else data.name_key
    shortest, longest = data.ends or (1, None)
    if longest is not None and steps > longest:
        yield Conflict(
            ("training.tbptt_steps", where),
            f"training.tbptt_steps must be at most the {longest} steps of a sequence ({where}); got {steps}.",
        )
    if longest is not None and shortest < longest and (config.model.readout or data.readouts[0]) == "last":
        yield Conflict(
            ("training.tbptt_steps", where),
            "training.tbptt_steps cannot be used with sequences of different lengths and one output each; "
            f"drop it, or give {where} as one number.",
        )
    if config.model.bidirectional:
        yield Conflict(
            ("training.tbptt_steps", "model.bidirectional"),
            "training.tbptt_steps cannot be used with a bidirectional model: it reads all steps; drop one.",
        )


def _stateful(config: Any) -> Iterator[Conflict]:
    training = config.training
    if not training.stateful:
        return
    key = "training.stateful"
    if not config.data.continues:
        which = listed([entry.name for entry in registry.tasks().entries.values() if entry.schema.continues], "or")
        yield Conflict(
            (key, "data.kind"),
            f"{key} needs sequences that continue each other, which only data of kind {which} has; "
            f"got kind: {config.data.kind}.",
        )
    if config.model.bidirectional:
        yield Conflict(
            (key, "model.bidirectional"),
            f"{key} cannot be used with a bidirectional model, half of which begins at the end; drop one.",
        )
    if training.shuffle:
        yield Conflict(
            (key, "training.shuffle"),
            f"{key} needs the chunks in their order; drop shuffle or set it to false.",
        )
    if training.batch_size == "full":
        yield Conflict(
            (key, "training.batch_size"),
            f"{key} needs chunks that follow each other in updates of their own; set batch_size to 1, say.",
        )


def _endless(config: Any) -> Iterator[Conflict]:
    training = config.training
    if not config.data.endless:
        return
    key = _endless_key(config.data)
    endless = "data.sequences: endless" if key == SEQUENCES else f"the endless sequences of {config.data.task_name}"
    for name, given, instead in (
        ("epochs", training.epochs is not None, "use training.updates instead"),
        ("shuffle", training.shuffle, "drop it: every update draws fresh sequences"),
        (
            "early_stopping",
            training.early_stopping is not None,
            "drop it: there is no set of training rows to hold out from",
        ),
    ):
        if given:
            yield Conflict(
                (f"training.{name}", key),
                f"training.{name} cannot be used with {endless}; {instead}.",
            )
    if training.batch_size == "full":
        yield Conflict(
            ("training.batch_size", key),
            f"training.batch_size must be a whole number with {endless}; got full.",
        )


def _endless_key(data: Any) -> str:
    """The key that makes sequences endless, or the one that names a task whose sequences always are."""
    return SEQUENCES if "sequences" in type(data).model_fields else data.name_key


def _targets(config: Any) -> Iterator[Conflict]:
    """Losses and readouts that the data have no targets for."""
    data, readout, loss = config.data, config.model.readout, config.training.loss
    what, source = data.task_name, data.name_key
    if readout is not None and readout not in data.readouts:
        yield Conflict(
            ("model.readout", source),
            f"model.readout must be {listed(data.readouts, 'or')} for {what}; got {readout}. "
            "Leave it out: the data decide.",
        )
    if data.foretells and config.model.bidirectional and (readout or data.readouts[0]) != "last":
        yield Conflict(
            ("model.bidirectional", source, "model.readout"),
            f"model.bidirectional would let the network read what it is to predict; drop it for {what}.",
        )
    allowed = LOSSES[data.targets]
    if loss is None or loss.kind in allowed:
        return
    why = {
        "classes": "whose targets are classes",
        "values": "whose targets can be any number",
        "probabilities": "whose targets are numbers, not classes",
    }[data.targets]
    if loss.kind == "cross_entropy" and data.targets != "classes":
        allowed, why = LOSSES["values"], "whose targets are numbers, not classes"
    yield Conflict(
        ("training.loss", source),
        f"training.loss must be {listed(allowed, 'or')} for {what}, {why}; got {loss.kind}.",
    )


def _window_scaling(config: Any) -> Iterator[Conflict]:
    data, readout = config.data, config.model.readout
    if getattr(data, "scaler", None) == "window" and (readout or data.readouts[0]) == "every":
        yield Conflict(
            ("data.scaler", "model.readout"),
            "data.scaler: window would let the network read what it is to predict, with model.readout: every: the mean "
            "of a window rests on its last rows. Use readout: last, or another scaler.",
        )


def _refit(config: Any) -> Iterator[Conflict]:
    if config.training.refit != "none" and not config.data.forecasts:
        yield Conflict(
            ("training.refit", "data.kind"),
            f"training.refit needs a series, data of kind {_series_kinds()}; got kind: {config.data.kind}. Drop it.",
        )


def _series_kinds() -> str:
    """The kinds of data that are forecast, as a message lists them."""
    return listed([entry.name for entry in registry.tasks().entries.values() if entry.schema.forecasts], "or")


def _evaluation(config: Any) -> Iterator[Conflict]:
    evaluation = config.evaluation
    if evaluation is None:
        return
    if not config.data.forecasts:
        yield Conflict(
            ("evaluation", "data.kind"),
            f"evaluation needs a series, data of kind {_series_kinds()}; got kind: {config.data.kind}. Drop it.",
        )
    if evaluation.kind == "rolling" and evaluation.retrain_epochs is not None and config.training.fit.kind == "ridge":
        yield Conflict(
            ("evaluation.retrain_epochs", "training.fit"),
            "evaluation.retrain_epochs cannot be used with training.fit: ridge, which has no epochs; drop one.",
        )


def _ridge(config: Any) -> Iterator[Conflict]:
    """What a fit in closed form cannot minimise."""
    training, data = config.training, config.data
    if training.fit.kind != "ridge":
        return
    ridge = "training.fit: ridge"
    if data.targets == "classes":  # whatever the loss: no other one would do
        yield Conflict(
            ("training.fit", data.name_key),
            f"{ridge} needs targets that are numbers; those of {data.task_name} are classes. Use fit: gradient.",
        )
    elif training.loss is not None and training.loss.kind != "half_squared_error":
        yield Conflict(
            ("training.fit", "training.loss"),
            f"training.loss must be half_squared_error with {ridge}; got {training.loss.kind}. "
            "Drop it, or use fit: gradient.",
        )
    for name, given, why in (
        ("l2", training.l2 != 0, "its own penalty is training.fit.alpha"),
        ("omega", training.omega is not None, "it takes no gradient"),
        ("log_gradient_flow_every", training.log_gradient_flow_every > 0, "it takes no gradient"),
        ("early_stopping", training.early_stopping is not None, "it takes a single step"),
    ):
        if given:
            yield Conflict(
                (f"training.{name}", "training.fit"),
                f"training.{name} cannot be used with {ridge}: {why}; drop one.",
            )
    if data.endless:
        yield Conflict(
            ("training.fit", _endless_key(data)),
            f"{ridge} needs a number of training sequences, each of which it reads once; got endless.",
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
    if init.forget_bias is not None and not registry.layers().entries[cell].forget_gate:
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
