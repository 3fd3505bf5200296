"""rnnlab's training step."""

import numpy as np

from rnnlab.engine.batch import Batch
from rnnlab.engine.losses import loss_function
from rnnlab.engine.network import Network
from tests.benchmarks.candidate import Candidate
from tests.benchmarks.workloads import CLIP_NORM, LEARNING_RATE, Problem


def candidates(problem: Problem, threads: int) -> list[Candidate]:
    network = Network(problem.workload.architecture, threads=threads)
    batch, loss = Batch(problem.inputs, problem.targets), loss_function(problem.workload.loss)
    theta = problem.theta.copy()

    def step() -> None:
        gradient = network.gradients(theta, batch, loss).parameters
        norm = np.sqrt(np.einsum("...p,...p->...", gradient, gradient))
        factor = np.minimum(1, CLIP_NORM / norm) * LEARNING_RATE
        gradient *= factor[..., None].astype(theta.dtype, copy=False)
        np.subtract(theta, gradient, out=theta)

    def gradients() -> tuple[float, np.ndarray]:
        result = network.gradients(problem.theta, batch, loss)
        if problem.workload.models:
            return float(result.loss[0]), result.parameters[0]
        return float(result.loss), result.parameters

    return [Candidate(f"{threads} threads", step, gradients, problem.workload.models or 1)]
