"""What a pass may be given: shapes, lengths, tokens and classes, checked once; a sentence says which is wrong.

Everything that stands behind a sequence's end may be anything. Values are looked at once per batch: what is cut from a
batch that was right is right.
"""

import numpy as np

from rnnlab.engine.architecture import Architecture
from rnnlab.engine.batch import Batch
from rnnlab.engine.losses import cross_entropy, takes_numbers


def check_pass(architecture: Architecture, size: int, theta: np.ndarray, batch: Batch, states, loss=None) -> None:
    """Refuse parameters, a batch, initial states and a loss that do not fit each other and the network.

    Parameters
    ----------
    architecture : Architecture
    size : int
        P, the number of parameters.
    theta, batch, states : as in `rnnlab.engine.network.Network.gradients`
    loss : function, optional
        Needs targets.

    Raises
    ------
    ValueError
        "The 'inputs' must ...; got ...".
    """
    _check_theta(theta, size)
    _check_shapes(architecture, theta, batch)
    _check_targets(architecture, batch, loss)
    _check_values(architecture, batch)
    if states is not None:
        _check_states(architecture, theta, batch, states)


def check_upstream(architecture: Architecture, theta: np.ndarray, batch: Batch, d_outputs, d_finals) -> None:
    """Refuse a gradient of outputs or final states that is not shaped as they are.

    Raises
    ------
    ValueError
    """
    every, models = architecture.readout == "every", theta.shape[:-1]
    shape = (*((batch.steps,) if every else ()), *models, batch.sequences, architecture.output_size)
    if np.shape(d_outputs) != shape:
        _refuse("d_outputs", f"have shape {shape}", np.shape(d_outputs))
    if d_finals is not None:
        _check_states(architecture, theta, batch, d_finals, "d_finals")


def _check_theta(theta: np.ndarray, size: int) -> None:
    if theta.ndim not in (1, 2) or theta.shape[-1] != size or not len(theta):
        _refuse("theta", f"have shape ({size},) or (R, {size})", theta.shape)
    if theta.dtype.kind not in "fc":
        _refuse("theta", "hold floating-point numbers", theta.dtype)


def _check_shapes(architecture: Architecture, theta: np.ndarray, batch: Batch) -> None:
    inputs, per_model, I = batch.inputs, batch.per_model, architecture.input_size  # noqa: E741
    if per_model and theta.ndim == 1:
        _refuse("batch", "have no model axis where theta has none", "per_model=True")
    form = ("T", *(["R"] if per_model else []), "B", *([] if batch.tokens else [str(I)]))
    if inputs.ndim != len(form) or (not batch.tokens and inputs.shape[-1] != I):
        _refuse("inputs", f"have shape ({', '.join(form)})", inputs.shape)
    if per_model and inputs.shape[1] != len(theta):
        _refuse("inputs", f"have the {len(theta)} models of theta on their second axis", inputs.shape)
    if not batch.steps or not batch.sequences:
        _refuse("inputs", "have at least one step and one sequence", inputs.shape)
    rows = inputs.shape[1:3] if per_model else inputs.shape[1:2]
    if batch.lengths is not None and batch.lengths.shape != rows:
        _refuse("lengths", f"have shape {rows}", batch.lengths.shape)


def _check_targets(architecture: Architecture, batch: Batch, loss) -> None:
    targets = batch.targets
    if targets is None:
        if loss is not None:
            raise ValueError("A batch without targets has no loss.")
        return
    rows = batch.inputs.shape[1:3] if batch.per_model else batch.inputs.shape[1:2]
    at = (batch.steps, *rows) if architecture.readout == "every" else rows
    kind = getattr(loss, "func", loss)
    numbers, classes = (*at, architecture.output_size), at
    are_classes = np.issubdtype(targets.dtype, np.integer) and targets.ndim == len(classes)
    if kind is cross_entropy and not (are_classes and targets.shape == classes):
        given = f"{targets.dtype} of shape {targets.shape}"
        _refuse("targets", f"be classes of shape {classes} for cross_entropy", given)
    if takes_numbers(kind) and targets.shape != numbers:
        _refuse("targets", f"have shape {numbers}", targets.shape)
    if batch.weights is not None:
        if batch.weights.shape != at:
            _refuse("weights", f"have shape {at}", batch.weights.shape)
        if batch.weights.dtype.kind not in "biuf":
            _refuse("weights", "be numbers", batch.weights.dtype)
    if targets.shape not in (numbers, classes):
        _refuse("targets", f"have shape {numbers}, or {classes} as classes", targets.shape)


def _check_values(architecture: Architecture, batch: Batch) -> None:
    """Lengths, tokens and classes; once for a batch and what is cut from it."""
    sizes = architecture.input_size, architecture.output_size
    if batch.known_good == sizes:
        return
    lengths = batch.lengths
    if lengths is not None and (lengths.min() < 0 or lengths.max() > batch.steps):
        _refuse("lengths", f"lie from 0 to the {batch.steps} steps", f"{lengths.min()} to {lengths.max()}")
    every = architecture.readout == "every"
    if batch.tokens:
        _check_range("inputs", "tokens", _existing(batch, batch.inputs, True), sizes[0])
    targets = batch.targets
    if targets is not None and np.issubdtype(targets.dtype, np.integer) and targets.ndim == 1 + every + batch.per_model:
        classes = _existing(batch, targets, every)
        _check_range(
            "targets", "classes", classes if batch.ignored is None else classes[classes != batch.ignored], sizes[1]
        )
    if batch.weights is not None:
        weights = _existing(batch, batch.weights, every)
        if not (np.isfinite(weights) & (weights >= 0)).all():
            wrong = weights[~(np.isfinite(weights) & (weights >= 0))]
            _refuse("weights", "be finite and not negative", wrong[0])
    batch.mark_good(sizes)


def _existing(batch: Batch, values: np.ndarray, every: bool) -> np.ndarray:
    """Values with an axis of time without what stands behind a sequence's end."""
    return values if batch.lengths is None or not every else values[~batch.behind_end()]


def _check_range(name: str, what: str, values: np.ndarray, size: int) -> None:
    if not values.size:  # no sequence has a step
        return
    low, high = values.min(), values.max()
    if low < 0 or high >= size:
        _refuse(name, f"be {what} from 0 to {size - 1}", low if low < 0 else high)


def _check_states(architecture: Architecture, theta: np.ndarray, batch: Batch, states, called: str = "states") -> None:
    parts, kinds = architecture.recurrences(), architecture.states
    if len(states) != len(parts):
        _refuse(called, f"be a list for each of the {len(parts)} recurrences", f"{len(states)}")
    for (name, *_), given in zip(parts, states, strict=True):
        if len(given) != len(kinds):
            _refuse(called, f"hold {', '.join(kind.name for kind in kinds)} of {name}", f"{len(given)} arrays")
        for kind, state in zip(kinds, given, strict=True):
            shape = (*theta.shape[:-1], batch.sequences, kind.size)
            if state.shape != shape:
                _refuse(called, f"have shape {shape} for {kind.name} of {name}", state.shape)


def _refuse(name: str, must: str, got: object) -> None:
    raise ValueError(f"The '{name}' must {must}; got {got}.")
