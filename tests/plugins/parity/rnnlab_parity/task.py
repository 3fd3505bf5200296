"""Parity: after each bit, whether the ones so far are even or odd."""

import numpy as np

from rnnlab.engine.batch import Batch
from rnnlab.tasks.task import Evaluation, Task


class Parity(Task):
    """Random strings of bits."""

    def __init__(self, config) -> None:
        super().__init__(config)
        data = config.data
        bits = np.random.default_rng(0).integers(0, 2, (data.bits, data.strings))
        self.bits, self.odd = bits, bits.cumsum(axis=0) % 2
        self.sequences = Batch(bits, self.odd if self.every else self.odd[-1])
        self.input_size = self.output_size = 2
        self.record = {"source": "parity", "sha256": None, "rows": data.strings, "first": None, "last": None}
        self.description = f"parity of {data.strings} strings of {data.bits} bits."

    def evaluate(self, network, theta) -> Evaluation:
        """Share of wrong answers, beside that of a coin."""
        outputs, _ = network.outputs(theta, self.sequences)
        wrong = outputs.argmax(axis=-1) != np.expand_dims(self.sequences.targets, -2)
        share = wrong.mean(axis=(0, -1) if self.every else -1)
        return Evaluation({"wrong": share}, {}, {"coin": {"wrong": 0.5}}, f"{np.median(share):.0%} are wrong.")
