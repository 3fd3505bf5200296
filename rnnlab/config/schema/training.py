"""`training`: loss, optimizer and length of the training."""

import re
from typing import Annotated, Any, Literal

from pydantic import PlainValidator, WithJsonSchema

from rnnlab.config.schema.optimizer import AdamOptimizer, ConstantSchedule, Optimizer, Schedule
from rnnlab.config.schema.section import Flag, Number, Section, Whole, is_whole, key, kind_or_mapping, refuse, section


class HalfSquaredErrorLoss(Section):
    """0.5 (o - y)^2."""

    kind: Literal["half_squared_error"] = key("half_squared_error", "0.5 (o - y)^2")


class HuberLoss(Section):
    """Half squared error up to delta, a straight line beyond (Huber 1964)."""

    kind: Literal["huber"] = key("huber", "quadratic for errors up to delta, linear beyond")
    delta: Number = key(1.0, "error at which the loss turns from quadratic to linear", unit="scaled values", gt=0)


class CrossEntropyLoss(Section):
    """-log softmax(o)[class]."""

    kind: Literal["cross_entropy"] = key("cross_entropy", "-log softmax(o) of the true class")


class BinaryCrossEntropyLoss(Section):
    """-y log sigmoid(o) - (1 - y) log(1 - sigmoid(o))."""

    kind: Literal["binary_cross_entropy"] = key(
        "binary_cross_entropy", "-log sigmoid probability of the true one of two classes"
    )


Loss = Annotated[HalfSquaredErrorLoss | HuberLoss | CrossEntropyLoss | BinaryCrossEntropyLoss, *kind_or_mapping()]


class GradientFit(Section):
    """Gradient descent on all parameters."""

    kind: Literal["gradient"] = key("gradient", "gradient descent on all parameters")


class RidgeFit(Section):
    """Ridge regression of the readout, in closed form, with everything below it as it was drawn."""

    kind: Literal["ridge"] = key(
        "ridge", "ridge regression of the readout in closed form, with all other parameters at their initial values"
    )
    alpha: Number = key(1e-6, "penalty on the squared readout weights, relative to the sum of squared errors", ge=0)


Fit = Annotated[GradientFit | RidgeFit, *kind_or_mapping("gradient")]


class NoClip(Section):
    """Gradients are used as they are."""

    kind: Literal["none"] = key("none", "no clipping")


class NormClip(Section):
    """If the norm of all gradients together exceeds tau, scale them to tau (Pascanu et al. 2013)."""

    kind: Literal["norm"] = key("norm", "scale all gradients together if their joint norm exceeds threshold")
    threshold: Number = key(5.0, "maximum norm tau of all gradients together", gt=0)


class PerParameterClip(Section):
    """Each parameter's gradient is scaled by itself where its norm exceeds tau."""

    kind: Literal["per_parameter"] = key(
        "per_parameter", "scale the gradient of each parameter separately if its norm exceeds threshold"
    )
    threshold: Number = key(1.0, "maximum norm of the gradient of one parameter", gt=0)


class ValueClip(Section):
    """Each entry of the gradient is cut to [-tau, tau]."""

    kind: Literal["value"] = key("value", "clip each entry to [-threshold, threshold]")
    threshold: Number = key(1.0, "maximum absolute value of an entry", gt=0)


Clip = Annotated[NoClip | NormClip | PerParameterClip | ValueClip, *kind_or_mapping("norm")]


class Omega(Section):
    """The regularizer against vanishing gradients (Pascanu et al. 2013, eq. 9)."""

    alpha: Number = key(..., "coefficient of the regularizer", gt=0, example=2.0)
    form: Literal["squared", "norm"] = key(
        "squared", "(q - 1)^2 with q a ratio of squared norms, or of norms as in Pascanu et al. (2013), eq. 9"
    )


class EarlyStoppingSection(Section):
    """Stop when the loss on a tail of the training rows no longer decreases."""

    patience: Whole = key(
        20, "epochs without improvement of the validation loss after which training stops", unit="epochs", ge=1
    )
    validation_fraction: Number = key(
        0.1, "fraction of the training rows used for validation, taken from the end", gt=0, lt=1
    )
    min_delta: Number = key(
        0.0, "minimum decrease of the validation loss that counts as an improvement", unit="loss", ge=0
    )


BATCH_SIZE = "full, or a whole number of at least 1"


def _read_batch_size(value: Any) -> Any:
    if value is None or value == "full" or (is_whole(value) and value >= 1):
        return value
    raise refuse(BATCH_SIZE)


BatchSize = Annotated[
    Literal["full"] | int | None,
    PlainValidator(_read_batch_size),
    WithJsonSchema({"anyOf": [{"const": "full"}, {"type": "integer", "minimum": 1}, {"type": "null"}]}),
]


EVERY = "a time such as 30s, 5m or 1h, a whole number of updates of at least 1, or null"
_SECONDS = {"s": 1, "m": 60, "h": 3600}
_TIME = r"^(?=.*[1-9])\d{1,9}(\.\d{1,9})?[smh]$"


def _read_every(value: Any) -> Any:
    if value is None or (is_whole(value) and value >= 1) or (isinstance(value, str) and re.search(_TIME, value)):
        return value
    raise refuse(EVERY)


Every = Annotated[
    int | str | None,
    PlainValidator(_read_every),
    WithJsonSchema(
        {"anyOf": [{"type": "string", "pattern": _TIME}, {"type": "integer", "minimum": 1}, {"type": "null"}]}
    ),
]


class Checkpoint(Section):
    """States of the training from which `rnnlab resume` goes on."""

    every: Every = key(
        "30s",
        "interval between two checkpoints, in seconds, minutes, hours or updates; one is written at the end in any "
        "case, and null writes no other",
        must=EVERY,
    )
    keep: Whole = key(3, "number of newest checkpoints to keep", unit="checkpoints", ge=1)
    best: Flag = key(
        True, "also keep the checkpoint with the lowest validation loss, or training loss where there is none"
    )

    @property
    def updates(self) -> int | None:
        """The interval where it is given in updates."""
        return self.every if isinstance(self.every, int) else None

    @property
    def seconds(self) -> float | None:
        """The interval where it is given as a time."""
        if not isinstance(self.every, str):
            return None
        return float(self.every[:-1]) * _SECONDS[self.every[-1]]


class TrainingSection(Section):
    """Loss, optimizer and length of the training."""

    fit: Fit = key(
        GradientFit(),
        "how the parameters are fitted; ridge ignores optimizer, schedule, clip, batch_size, epochs, updates and "
        "shuffle",
        example={"kind": "ridge", "alpha": 1e-6},
    )
    loss: Loss | None = key(
        None,
        "loss function, summed over steps and averaged over sequences",
        shown_default="set by the data",
        example={"kind": "huber", "delta": 1.0},
    )
    optimizer: Optimizer = key(
        AdamOptimizer(),
        "optimization algorithm",
        example={"kind": "adam", "learning_rate": 0.001},
    )
    schedule: Schedule = key(ConstantSchedule(), "learning rate schedule", example={"kind": "cosine", "warmup": 100})
    batch_size: BatchSize = key(
        None,
        "sequences per update; full uses all of them",
        unit="sequences",
        must=BATCH_SIZE,
        shown_default="full for series, 32 for others, 1 with stateful",
    )
    epochs: Whole | None = key(
        None,
        "passes over the training data",
        unit="epochs",
        shown_default="300, unless updates is given or sequences are endless",
        ge=1,
    )
    updates: Whole | None = key(
        None,
        "number of parameter updates, instead of epochs",
        unit="updates",
        shown_default="from epochs; 10000 with endless sequences",
        ge=1,
    )
    shuffle: Flag | None = key(
        None,
        "visit the sequences in a new random order in each epoch",
        shown_default="true, without stateful or endless sequences",
    )
    stateful: Flag = key(False, "carry the hidden state from one chunk of a text to the next, without its gradient")
    tbptt_steps: Whole | None = key(
        None,
        "number of steps after which backpropagation is truncated; null backpropagates through the whole sequence",
        unit="steps",
        ge=1,
    )
    # No clipping unless asked for: it changes the gradient, and the record shows the norms that call for it.
    clip: Clip = key(NoClip(), "gradient clipping", example={"kind": "norm", "threshold": 5.0})
    l2: Number = key(0.0, "coefficient of the penalty 0.5 ||W||^2 on all weights; biases are excluded", ge=0)
    omega: Omega | None = key(
        None, "regularizer against vanishing gradients, for the vanilla cell", example={"alpha": 2.0}
    )
    early_stopping: EarlyStoppingSection | None = key(
        None, "stop when the loss on held-out training rows no longer decreases", example={"patience": 20}
    )
    refit: Literal["none", "all"] = key(
        "none",
        "whether the networks of a series are trained once more after they were tested: on all rows, the test rows "
        "too, from the same initial parameters, for as many updates as led to the tested ones; `rnnlab forecast` then "
        "uses these networks, `rnnlab verify` checks both, and every other command uses the tested ones",
    )
    log_gradient_flow_every: Whole = key(
        0, "interval between two records of the gradient by lag; 0 records none", unit="updates", ge=0
    )
    checkpoint: Checkpoint = section(Checkpoint, "when checkpoints are written, and which are kept")
