"""rnnlab's training step."""

import numpy as np

from rnnlab.engine.batch import Batch
from rnnlab.engine.clipping import clip
from rnnlab.engine.losses import loss_function
from rnnlab.engine.network import Network
from rnnlab.engine.optimizers import make_optimizer
from tests.benchmarks.candidate import Candidate
from tests.benchmarks.workloads import CLIP_NORM, LEARNING_RATE, Problem


def candidates(problem: Problem, threads: int) -> list[Candidate]:
    network = Network(problem.workload.architecture, threads=threads)
    batch, loss = Batch(problem.inputs, problem.targets), loss_function(problem.workload.loss)
    theta = problem.theta.copy()

    optimizer = make_optimizer("sgd", theta.shape, theta.dtype)

    def step() -> None:
        gradient = network.gradients(theta, batch, loss).parameters
        clip(gradient, network.layout, "norm", CLIP_NORM)
        optimizer.update(theta, gradient, LEARNING_RATE)

    def gradients() -> tuple[float, np.ndarray]:
        result = network.gradients(problem.theta, batch, loss)
        if problem.workload.models:
            return float(result.loss[0]), result.parameters[0]
        return float(result.loss), result.parameters

    return [Candidate(f"{threads} threads", step, gradients, problem.workload.models or 1)]
