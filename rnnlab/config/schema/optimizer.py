"""`training.optimizer` and `training.schedule`: how the gradient changes the parameters, and how fast."""

from typing import Annotated, Literal

from rnnlab.config.schema.section import Flag, Number, Section, Whole, key, kind_or_mapping

RATE = "step size"


class SgdOptimizer(Section):
    """Gradient descent, with momentum where asked for."""

    kind: Literal["sgd"] = key("sgd", "gradient descent")
    learning_rate: Number = key(0.01, RATE, gt=0)
    momentum: Number = key(0.0, "share of the last step that is added to the next", ge=0, lt=1)
    nesterov: Flag = key(False, "take the gradient where momentum leads (needs momentum)")


class RmspropOptimizer(Section):
    """RMSprop (Tieleman, Hinton 2012)."""

    kind: Literal["rmsprop"] = key("rmsprop", "gradient over the root of its mean square")
    learning_rate: Number = key(0.001, RATE, gt=0)
    decay: Number = key(0.9, "memory of the mean square", ge=0, lt=1)
    epsilon: Number = key(1e-8, "added to the denominator", gt=0)


class AdagradOptimizer(Section):
    """Adagrad (Duchi, Hazan, Singer 2011)."""

    kind: Literal["adagrad"] = key("adagrad", "gradient over the root of the sum of its squares")
    learning_rate: Number = key(0.01, RATE, gt=0)
    epsilon: Number = key(1e-10, "added to the denominator", gt=0)


class AdamOptimizer(Section):
    """Adam (Kingma, Ba 2015)."""

    kind: Literal["adam"] = key("adam", "mean gradient over the root of its mean square, both corrected for bias")
    learning_rate: Number = key(0.001, RATE, gt=0)
    beta1: Number = key(0.9, "memory of the mean", ge=0, lt=1)
    beta2: Number = key(0.999, "memory of the mean square", ge=0, lt=1)
    epsilon: Number = key(1e-8, "added to the denominator", gt=0)


class AdamwOptimizer(Section):
    """Adam with weight decay apart from the gradient (Loshchilov, Hutter 2019)."""

    kind: Literal["adamw"] = key("adamw", "Adam with weight decay apart from the gradient")
    learning_rate: Number = key(0.001, RATE, gt=0)
    beta1: Number = key(0.9, "memory of the mean", ge=0, lt=1)
    beta2: Number = key(0.999, "memory of the mean square", ge=0, lt=1)
    epsilon: Number = key(1e-8, "added to the denominator", gt=0)
    weight_decay: Number = key(0.01, "share of the weights, times the rate, taken off in each update", ge=0)


Optimizer = Annotated[
    SgdOptimizer | RmspropOptimizer | AdagradOptimizer | AdamOptimizer | AdamwOptimizer, *kind_or_mapping("adam")
]


class ScheduleSection(Section):
    """What every schedule has in common."""

    warmup: Whole = key(0, "updates over which the rate first rises from 0 in a line", unit="updates", ge=0)


class ConstantSchedule(ScheduleSection):
    """The learning rate stays as it is."""

    kind: Literal["constant"] = key("constant", "the rate stays as it is")


class StepSchedule(ScheduleSection):
    """The learning rate is multiplied by `factor` after every `step_every` updates."""

    kind: Literal["step"] = key("step", "the rate is multiplied by factor after every step_every updates")
    step_every: Whole = key(..., "updates between two steps", unit="updates", ge=1, example=1000)
    factor: Number = key(0.1, "what the rate is multiplied by", gt=0, le=1)


class CosineSchedule(ScheduleSection):
    """The learning rate falls along half a cosine until the last update (Loshchilov, Hutter 2017)."""

    kind: Literal["cosine"] = key("cosine", "the rate falls along half a cosine until the last update")
    final_factor: Number = key(0.0, "what is left of the rate at the end, as a share", ge=0, le=1)


class InverseTimeSchedule(ScheduleSection):
    """learning_rate / (1 + update / halve_after)."""

    kind: Literal["inverse_time"] = key("inverse_time", "the rate over 1 + update / halve_after")
    halve_after: Whole = key(..., "updates until the rate is half of what it was", unit="updates", ge=1, example=1000)


Schedule = Annotated[
    ConstantSchedule | StepSchedule | CosineSchedule | InverseTimeSchedule, *kind_or_mapping("constant")
]
