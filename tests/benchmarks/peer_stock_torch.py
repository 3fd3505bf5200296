"""The stock experiment as a PyTorch user would write it: data, five seeds, RMSE, records and three plots.

    python peer_stock_torch.py PRICES.csv FOLDER [--seeds 5] [--epochs 300]

What `rnnlab train configs/stock.yaml` does: min-max scaling fitted on the oldest 80 %, windows of 20 closes, a vanilla
network with 16 tanh units trained by full-batch gradient descent on half the squared error, gradients clipped to
norm 5. Prints the RMSE per seed and the milliseconds per epoch as JSON.
"""

import argparse
import json
import time
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import torch
from torch import nn

LOOKBACK, HIDDEN, LEARNING_RATE, THRESHOLD = 20, 16, 0.01, 5.0


class Forecaster(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.rnn = nn.RNN(1, HIDDEN)
        self.readout = nn.Linear(HIDDEN, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        _, last = self.rnn(x)
        return self.readout(last[0])


def read(path: Path):
    """Dates and closes, the number of training rows, and scaled windows (T, N, 1) with their targets (N, 1)."""
    table = pd.read_csv(path, parse_dates=["date"])
    closes = table["close"].to_numpy(np.float64)
    training_rows = int(0.8 * len(closes))
    low, high = closes[:training_rows].min(), closes[:training_rows].max()
    scaled = (closes - low) / (high - low)
    windows = np.lib.stride_tricks.sliding_window_view(scaled, LOOKBACK)[:-1]
    inputs = torch.from_numpy(np.ascontiguousarray(windows.T[:, :, None]))
    targets = torch.from_numpy(scaled[LOOKBACK:, None].copy())
    return table["date"], closes, training_rows - LOOKBACK, inputs, targets, (low, high)


def train(seed: int, inputs: torch.Tensor, targets: torch.Tensor, epochs: int):
    """A trained network and its record: a row per epoch of loss, global norm, and the norm of each parameter."""
    torch.manual_seed(seed)
    model = Forecaster().double()
    optimizer = torch.optim.SGD(model.parameters(), lr=LEARNING_RATE)
    parameters, rows = list(model.parameters()), []
    for epoch in range(epochs):
        optimizer.zero_grad()
        loss = 0.5 * nn.functional.mse_loss(model(inputs), targets)
        loss.backward()
        norms = [p.grad.norm().item() for p in parameters]
        norm = nn.utils.clip_grad_norm_(parameters, THRESHOLD)
        optimizer.step()
        rows.append((seed, epoch + 1, loss.item(), norm.item(), *norms))
    return model, rows


def plot(folder: Path, record: pd.DataFrame, dates, actual: np.ndarray, predicted: np.ndarray) -> None:
    by_epoch = record.groupby("epoch")
    figure, (above, below) = plt.subplots(2, 1, sharex=True)
    for axes, column in ((above, "loss"), (below, "norm")):
        middle, low, high = (by_epoch[column].quantile(q) for q in (0.5, 0.0, 1.0))
        axes.plot(middle.index, middle)
        axes.fill_between(middle.index, low, high, alpha=0.3)
        axes.set_ylabel(column)
    below.axhline(THRESHOLD, linestyle="--")
    below.set_xlabel("epoch")
    figure.savefig(folder / "training.png", dpi=150)

    figure, axes = plt.subplots()
    for column in record.columns[4:]:
        axes.semilogy(by_epoch[column].median(), label=column)
    axes.set_xlabel("epoch")
    axes.legend()
    figure.savefig(folder / "gradient_norms.png", dpi=150)

    figure, axes = plt.subplots()
    axes.plot(dates, actual, label="actual")
    axes.plot(dates, np.median(predicted, axis=0), label="predicted")
    axes.fill_between(dates, predicted.min(axis=0), predicted.max(axis=0), alpha=0.3)
    axes.legend()
    figure.autofmt_xdate()
    figure.savefig(folder / "forecast.png", dpi=150)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("prices", type=Path)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--epochs", type=int, default=300)
    chosen = parser.parse_args()
    chosen.folder.mkdir(parents=True, exist_ok=True)
    dates, closes, windows, inputs, targets, (low, high) = read(chosen.prices)

    rows, predicted = [], []
    began = time.perf_counter()
    for seed in range(chosen.seeds):
        model, record = train(seed, inputs[:, :windows], targets[:windows], chosen.epochs)
        rows += record
        with torch.no_grad():
            predicted.append(model(inputs[:, windows:]).numpy()[:, 0] * (high - low) + low)
    seconds = time.perf_counter() - began

    names = [name for name, _ in model.named_parameters()]
    record = pd.DataFrame(rows, columns=["seed", "epoch", "loss", "norm", *names])
    record.to_csv(chosen.folder / "metrics.csv", index=False)
    actual, predicted = closes[LOOKBACK + windows :], np.array(predicted)
    forecast = pd.DataFrame(predicted.T, columns=[f"seed {k}" for k in range(chosen.seeds)])
    forecast.insert(0, "date", dates.iloc[LOOKBACK + windows :].to_numpy())
    forecast.to_csv(chosen.folder / "predictions.csv", index=False)
    plot(chosen.folder, record, forecast["date"], actual, predicted)
    rmse = np.sqrt(np.mean((predicted - actual) ** 2, axis=1))
    print(json.dumps({"rmse": rmse.tolist(), "ms_per_epoch": 1e3 * seconds / chosen.epochs / chosen.seeds}))


if __name__ == "__main__":
    main()
