"""`training`: what is minimised, how, and for how long."""

from typing import Annotated, Any, Literal

from pydantic import PlainValidator, WithJsonSchema

from rnnlab.config.schema.optimizer import AdamOptimizer, ConstantSchedule, Optimizer, Schedule
from rnnlab.config.schema.section import Flag, Number, Section, Whole, is_whole, key, kind_or_mapping, refuse


class HalfSquaredErrorLoss(Section):
    """0.5 (o - y)^2."""

    kind: Literal["half_squared_error"] = key("half_squared_error", "0.5 (o - y)^2")


class HuberLoss(Section):
    """Half squared error up to delta, a straight line beyond (Huber 1964)."""

    kind: Literal["huber"] = key("huber", "half squared error up to delta, a straight line beyond")
    delta: Number = key(1.0, "error at which the line begins", unit="scaled values", gt=0)


class CrossEntropyLoss(Section):
    """-log softmax(o)[class]."""

    kind: Literal["cross_entropy"] = key("cross_entropy", "-log softmax of the right class")


class BinaryCrossEntropyLoss(Section):
    """-y log sigmoid(o) - (1 - y) log(1 - sigmoid(o))."""

    kind: Literal["binary_cross_entropy"] = key("binary_cross_entropy", "-log of the right one of two classes")


Loss = Annotated[HalfSquaredErrorLoss | HuberLoss | CrossEntropyLoss | BinaryCrossEntropyLoss, *kind_or_mapping()]


class GradientFit(Section):
    """Gradient descent on all parameters."""

    kind: Literal["gradient"] = key("gradient", "gradient descent on all parameters")


class RidgeFit(Section):
    """Ridge regression of the readout, in closed form, with everything below it as it was drawn."""

    kind: Literal["ridge"] = key("ridge", "the readout alone, in closed form; everything below it stays as drawn")
    alpha: Number = key(1e-6, "weight of the readout's squared weights beside the sum of squared errors", ge=0)


Fit = Annotated[GradientFit | RidgeFit, *kind_or_mapping("gradient")]


class NoClip(Section):
    """Gradients are used as they are."""

    kind: Literal["none"] = key("none", "gradients are used as they are")


class NormClip(Section):
    """If the norm of all gradients together exceeds tau, scale them to tau (Pascanu et al. 2013)."""

    kind: Literal["norm"] = key("norm", "all gradients scaled together where their norm exceeds threshold")
    threshold: Number = key(5.0, "largest norm (tau)", gt=0)


class PerParameterClip(Section):
    """Each parameter's gradient is scaled by itself where its norm exceeds tau."""

    kind: Literal["per_parameter"] = key("per_parameter", "each parameter's gradient scaled by itself")
    threshold: Number = key(1.0, "largest norm of one parameter's gradient", gt=0)


class ValueClip(Section):
    """Each entry of the gradient is cut to [-tau, tau]."""

    kind: Literal["value"] = key("value", "each entry cut to between -threshold and threshold")
    threshold: Number = key(1.0, "largest absolute value of an entry", gt=0)


Clip = Annotated[NoClip | NormClip | PerParameterClip | ValueClip, *kind_or_mapping("norm")]


class Omega(Section):
    """The regularizer against vanishing gradients (Pascanu et al. 2013, eq. 9)."""

    alpha: Number = key(..., "weight of the regularizer", gt=0, example=2.0)
    form: Literal["squared", "norm"] = key("squared", "(q - 1)^2 of squared norms, or of norms as in eq. 9")


class EarlyStoppingSection(Section):
    """Stop where the loss on a tail of the training rows falls no more."""

    patience: Whole = key(20, "epochs without a better validation loss before training stops", unit="epochs", ge=1)
    validation_fraction: Number = key(0.1, "share of the training rows, from the end, to validate on", gt=0, lt=1)
    min_delta: Number = key(0.0, "how much lower a loss must be to count as better", unit="loss", ge=0)


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


class TrainingSection(Section):
    """What is minimised, how, and for how long."""

    fit: Fit = key(
        GradientFit(),
        "how parameters are found; with ridge, optimizer, schedule, clip, batch_size, epochs, updates and shuffle play "
        "no part",
        example={"kind": "ridge", "alpha": 1e-6},
    )
    loss: Loss | None = key(
        None,
        "what is minimised, summed over steps, averaged over sequences",
        shown_default="as the data need it",
        example={"kind": "huber", "delta": 1.0},
    )
    optimizer: Optimizer = key(
        AdamOptimizer(),
        "how gradients change the parameters",
        example={"kind": "adam", "learning_rate": 0.001},
    )
    schedule: Schedule = key(
        ConstantSchedule(), "how the learning rate changes", example={"kind": "cosine", "warmup": 100}
    )
    batch_size: BatchSize = key(
        None,
        "sequences in an update; full takes all of them",
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
        "changes of the parameters, instead of epochs",
        unit="updates",
        shown_default="from epochs; 10000 with endless sequences",
        ge=1,
    )
    shuffle: Flag | None = key(
        None,
        "take sequences in random order, another in each epoch",
        shown_default="true, without stateful or endless sequences",
    )
    stateful: Flag = key(False, "the state runs on from chunk to chunk of a text; the gradient does not")
    tbptt_steps: Whole | None = key(
        None,
        "steps after which backpropagation is cut; null goes through the whole sequence",
        unit="steps",
        ge=1,
    )
    # No clipping unless asked for: it changes the gradient, and the record shows the norms that call for it.
    clip: Clip = key(NoClip(), "limit on the gradient before it is used", example={"kind": "norm", "threshold": 5.0})
    l2: Number = key(0.0, "weight of 0.5 ||W||^2 over the weights, biases left out", ge=0)
    omega: Omega | None = key(None, "regularizer against vanishing gradients (vanilla cell)", example={"alpha": 2.0})
    early_stopping: EarlyStoppingSection | None = key(
        None, "stop where the loss on held-out training rows falls no more", example={"patience": 20}
    )
    log_gradient_flow_every: Whole = key(
        0, "updates between two records of gradients by lag; 0 for none", unit="updates", ge=0
    )
    checkpoint_every: Whole | None = key(
        None, "updates between two checkpoints; null for one at the end", unit="updates", ge=1
    )
