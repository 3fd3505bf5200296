"""`training.optimizer` and `training.schedule`: optimization algorithms and learning rate schedules."""

from typing import Annotated, Literal

from rnnlab.config.schema.section import Flag, Number, Section, Whole, key, kind_or_mapping

RATE = "learning rate (step size)"


class SgdOptimizer(Section):
    """Gradient descent, with momentum where asked for."""

    kind: Literal["sgd"] = key("sgd", "gradient descent, optionally with momentum")
    learning_rate: Number = key(0.01, RATE, gt=0)
    momentum: Number = key(0.0, "momentum factor", ge=0, lt=1)
    nesterov: Flag = key(False, "use Nesterov momentum; requires momentum above 0")


class RmspropOptimizer(Section):
    """RMSprop (Tieleman, Hinton 2012)."""

    kind: Literal["rmsprop"] = key("rmsprop", "gradient divided by the root of its running mean square")
    learning_rate: Number = key(0.001, RATE, gt=0)
    decay: Number = key(0.9, "decay rate of the running mean square", ge=0, lt=1)
    epsilon: Number = key(1e-8, "term added to the denominator for numerical stability", gt=0)


class AdagradOptimizer(Section):
    """Adagrad (Duchi, Hazan, Singer 2011)."""

    kind: Literal["adagrad"] = key("adagrad", "gradient divided by the root of the sum of its squares")
    learning_rate: Number = key(0.01, RATE, gt=0)
    epsilon: Number = key(1e-10, "term added to the denominator for numerical stability", gt=0)


class AdamOptimizer(Section):
    """Adam (Kingma, Ba 2015)."""

    kind: Literal["adam"] = key(
        "adam", "running mean of the gradient divided by the root of its running mean square, both bias-corrected"
    )
    learning_rate: Number = key(0.001, RATE, gt=0)
    beta1: Number = key(0.9, "decay rate of the running mean", ge=0, lt=1)
    beta2: Number = key(0.999, "decay rate of the running mean square", ge=0, lt=1)
    epsilon: Number = key(1e-8, "term added to the denominator for numerical stability", gt=0)


class AdamwOptimizer(Section):
    """Adam with decoupled weight decay (Loshchilov, Hutter 2019)."""

    kind: Literal["adamw"] = key("adamw", "Adam with decoupled weight decay")
    learning_rate: Number = key(0.001, RATE, gt=0)
    beta1: Number = key(0.9, "decay rate of the running mean", ge=0, lt=1)
    beta2: Number = key(0.999, "decay rate of the running mean square", ge=0, lt=1)
    epsilon: Number = key(1e-8, "term added to the denominator for numerical stability", gt=0)
    weight_decay: Number = key(
        0.01, "weight decay; each update multiplies the parameters by 1 - learning_rate * weight_decay", ge=0
    )


Optimizer = Annotated[
    SgdOptimizer | RmspropOptimizer | AdagradOptimizer | AdamOptimizer | AdamwOptimizer, *kind_or_mapping("adam")
]


class ScheduleSection(Section):
    """What every schedule has in common."""

    warmup: Whole = key(
        0, "number of initial updates over which the learning rate rises linearly from 0", unit="updates", ge=0
    )


class ConstantSchedule(ScheduleSection):
    """The learning rate stays as it is."""

    kind: Literal["constant"] = key("constant", "constant learning rate")


class StepSchedule(ScheduleSection):
    """The learning rate is multiplied by `factor` after every `step_every` updates."""

    kind: Literal["step"] = key("step", "multiply the learning rate by factor every step_every updates")
    step_every: Whole = key(..., "number of updates between two reductions", unit="updates", ge=1, example=1000)
    factor: Number = key(0.1, "factor of each reduction", gt=0, le=1)


class CosineSchedule(ScheduleSection):
    """The learning rate falls along half a cosine until the last update (Loshchilov, Hutter 2017)."""

    kind: Literal["cosine"] = key("cosine", "decrease the learning rate along half a cosine until the last update")
    final_factor: Number = key(0.0, "final learning rate as a fraction of the initial one", ge=0, le=1)


class InverseTimeSchedule(ScheduleSection):
    """learning_rate / (1 + update / halve_after)."""

    kind: Literal["inverse_time"] = key("inverse_time", "learning_rate / (1 + update / halve_after)")
    halve_after: Whole = key(
        ..., "number of updates after which the learning rate has halved", unit="updates", ge=1, example=1000
    )


Schedule = Annotated[
    ConstantSchedule | StepSchedule | CosineSchedule | InverseTimeSchedule, *kind_or_mapping("constant")
]
