"""The sweep's trainings in PyTorch, one model after the other: the loop alone, nothing measured, nothing written.

Run by the peer's interpreter: python sweep_torch.py PROBLEM.npz RESULT.npz THREADS
"""

import json
import sys
import time

import numpy as np
import torch
from torch import nn
from torch.nn.functional import cross_entropy, one_hot


class Net(nn.Module):
    """A vanilla relu network with a readout at every step; its second bias stays zero."""

    def __init__(self, inputs: int, hidden: int) -> None:
        super().__init__()
        self.recurrent = nn.RNN(inputs, hidden, nonlinearity="relu")
        self.readout = nn.Linear(hidden, inputs)

    def forward(self, x: torch.Tensor, h: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        states, h = self.recurrent(x, h)
        return self.readout(states), h


def load(net: Net, problem, model: int) -> None:
    pairs = {
        net.recurrent.weight_hh_l0: problem["W_hh"][model].T,
        net.recurrent.weight_ih_l0: problem["W_xh"][model].T,
        net.recurrent.bias_ih_l0: problem["b_h"][model],
        net.recurrent.bias_hh_l0: np.zeros_like(problem["b_h"][model]),
        net.readout.weight: problem["W_ho"][model].T,
        net.readout.bias: problem["b_o"][model],
    }
    with torch.no_grad():
        for parameter, value in pairs.items():
            parameter.copy_(torch.from_numpy(np.ascontiguousarray(value)))


def train(problem, model: int) -> tuple[float, float]:
    """Loss of the first and the last update."""
    inputs, targets = (torch.from_numpy(problem[name]) for name in ("inputs", "targets"))  # (T, chunks)
    _, hidden = problem["W_hh"].shape[1:]
    size = problem["W_xh"].shape[1]
    net = Net(size, hidden).double()
    load(net, problem, model)
    net.recurrent.bias_hh_l0.requires_grad_(False)
    optimizer = torch.optim.SGD([p for p in net.parameters() if p.requires_grad], lr=float(problem["learning_rate"]))
    chunks, h, losses = inputs.shape[1], torch.zeros(1, 1, hidden, dtype=torch.float64), []
    for update in range(int(problem["updates"])):
        if update % chunks == 0:
            h = torch.zeros_like(h)
        x = one_hot(inputs[:, update % chunks], size).double()[:, None]
        outputs, h = net(x, h)
        loss = cross_entropy(outputs[:, 0], targets[:, update % chunks], reduction="sum")
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        h = h.detach()
        losses.append(loss.item())
    return losses[0], losses[-1]


def main() -> None:
    problem, result, threads = np.load(sys.argv[1]), sys.argv[2], int(sys.argv[3])
    torch.set_num_threads(threads)
    train(problem, 0)  # what is done once is done before the clock runs
    began = time.perf_counter()
    losses = [train(problem, model) for model in range(len(problem["W_hh"]))]
    seconds = time.perf_counter() - began
    np.savez(result, losses=np.array(losses))
    print(json.dumps({"seconds": seconds, "torch": torch.__version__}))


if __name__ == "__main__":
    main()
