"""PyTorch's training step: `nn.RNN`, `nn.LSTM` or `nn.GRU`, a linear readout, autograd, SGD."""

import itertools

import numpy as np
import torch
from torch import nn
from torch.func import functional_call, grad_and_value, stack_module_state, vmap
from torch.nn.functional import cross_entropy, mse_loss

from tests.benchmarks.candidate import Candidate
from tests.benchmarks.workloads import CLIP_NORM, LEARNING_RATE, Problem, Workload

# Name in PyTorch -> name here; PyTorch keeps matrices transposed and adds a second bias, which is held at zero here
# except where the GRU's candidate needs it.
NAMES = {
    "recurrent.weight_hh_l0": "layer0.W_hh",
    "recurrent.weight_ih_l0": "layer0.W_xh",
    "recurrent.bias_ih_l0": "layer0.b_h",
    "readout.weight": "readout.W_ho",
    "readout.bias": "readout.b_o",
}


class Net(nn.Module):
    def __init__(self, workload: Workload) -> None:
        super().__init__()
        w = workload
        kind = {"rnn": nn.RNN, "lstm": nn.LSTM, "gru": nn.GRU}[w.cell]
        self.recurrent = kind(w.I, w.H, **({"nonlinearity": w.activation} if w.cell == "rnn" else {}))
        self.readout = nn.Linear(w.H, w.O)
        self.last = w.readout == "last"

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        states, _ = self.recurrent(x)
        return self.readout(states[-1] if self.last else states)


def candidates(problem: Problem, threads: int) -> list[Candidate]:
    """Optimizer and clipping in each form that PyTorch offers, on all threads and, faster for small networks, on one;
    for an ensemble one model after the other, or `vmap`."""
    forms: list[dict] = [{"foreach": False}, {"foreach": True}, {"fused": True}]
    found = [_sequential(problem, count, **form) for count in sorted({1, threads}) for form in forms]
    if problem.workload.models and problem.workload.cell == "rnn":
        found += [_vmapped(problem, count) for count in sorted({1, threads})]
    return found


def _sequential(problem: Problem, threads: int, **form) -> Candidate:
    models = problem.workload.models or 1
    nets = [_net(problem, model) for model in range(models)]
    optimizers = [torch.optim.SGD(net.parameters(), lr=LEARNING_RATE, **form) for net in nets]
    parameters = [list(net.parameters()) for net in nets]
    x, y = _tensors(problem)
    foreach = form.get("foreach")
    turns = itertools.cycle(range(models))

    def step() -> None:
        _use(threads)
        turn = next(turns)
        optimizers[turn].zero_grad(set_to_none=True)
        _loss(nets[turn](x), y, problem.workload).backward()
        nn.utils.clip_grad_norm_(parameters[turn], CLIP_NORM, foreach=foreach)
        optimizers[turn].step()

    def gradients() -> tuple[float, np.ndarray]:
        net = _net(problem, 0)
        loss = _loss(net(x), y, problem.workload)
        loss.backward()
        return loss.item(), _flat({name: p.grad for name, p in net.named_parameters()}, problem)

    described = ", ".join(f"{key}={value}" for key, value in form.items())
    return Candidate(f"{described}, {threads} threads", step, gradients)


def _vmapped(problem: Problem, threads: int) -> Candidate:
    """All models at once: `vmap` over functional calls, clipping and update by hand on the stacked parameters."""
    models = problem.workload.models
    drawn, buffers = stack_module_state([_net(problem, model) for model in range(models)])
    stacked = {name: p.detach().clone() for name, p in drawn.items()}
    net = _net(problem, 0)
    x, y = _tensors(problem)

    def loss(parameters, buffers):
        return _loss(functional_call(net, (parameters, buffers), (x,)), y, problem.workload)

    ensemble = vmap(grad_and_value(loss))

    @torch.no_grad()
    def step() -> None:
        _use(threads)
        gradients, _ = ensemble(stacked, buffers)
        flat = [g.reshape(models, -1) for g in gradients.values()]
        squares = sum((g * g).sum(1) for g in flat)
        factor = (CLIP_NORM / (squares.sqrt() + 1e-6)).clamp(max=1.0) * -LEARNING_RATE
        for p, g in zip(stacked.values(), flat, strict=True):
            p.reshape(models, -1).addcmul_(g, factor[:, None])

    def gradients() -> tuple[float, np.ndarray]:
        found, values = ensemble(drawn, buffers)
        return values[0].item(), _flat({name: g[0].detach() for name, g in found.items()}, problem)

    return Candidate(f"vmap, {threads} threads", step, gradients, models)


def _use(threads: int) -> None:
    if torch.get_num_threads() != threads:
        torch.set_num_threads(threads)


def _net(problem: Problem, model: int) -> Net:
    net = Net(problem.workload).to(torch.from_numpy(problem.theta).dtype)
    ours = problem.parameters(model)
    with torch.no_grad():
        net.recurrent.bias_hh_l0.zero_()
        if "layer0.b_hn" in ours:
            net.recurrent.bias_hh_l0[2 * problem.workload.H :] = torch.from_numpy(ours["layer0.b_hn"].copy())
        for name, p in net.named_parameters():
            if name in NAMES:
                p.copy_(torch.from_numpy(np.ascontiguousarray(ours[NAMES[name]].T)))
    return net


def _tensors(problem: Problem) -> tuple[torch.Tensor, torch.Tensor]:
    """Inputs and targets; tokens become one-hot rows here, outside the timed step: faster than an embedding."""
    return torch.from_numpy(problem.dense_inputs()), torch.from_numpy(problem.targets)


def _loss(outputs: torch.Tensor, y: torch.Tensor, workload: Workload) -> torch.Tensor:
    if workload.loss == "half_squared_error":
        return mse_loss(outputs, y) * 0.5
    return cross_entropy(outputs.reshape(-1, workload.O), y.reshape(-1), reduction="sum") / workload.B


def _flat(gradients: dict[str, torch.Tensor], problem: Problem) -> np.ndarray:
    layout = problem.workload.architecture.layout()
    flat = np.empty(layout.size, problem.dtype)
    for theirs, ours in NAMES.items():
        layout.view(flat, ours)[...] = gradients[theirs].numpy().T
    if "layer0.b_hn" in layout.names:
        layout.view(flat, "layer0.b_hn")[...] = gradients["recurrent.bias_hh_l0"][2 * problem.workload.H :].numpy()
    return flat
