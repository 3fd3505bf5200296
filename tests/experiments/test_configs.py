"""Every config that comes along trains, from its data to a completed run folder."""

import numpy as np
import pytest

from tests.experiments.shipped import CONFIGS, FILES, IDS, brief, is_ridge


@pytest.mark.parametrize("file", FILES, ids=IDS)
def test_every_config_trains(run_of, file, tmp_path):
    run = run_of(*brief(file, tmp_path), config=file, seeds="2")
    assert run.record["status"] == "completed"
    assert run.record["diverged"] == {}
    checkpoint = run.checkpoint()
    assert checkpoint is not None
    if is_ridge(file):
        assert run.table("metrics.csv")["update"].tolist() == [1, 1]
    else:
        norms = run.table("gradient_norms.csv")
        assert norms["update"].tolist() == [1, 1, 2, 2, 3, 3]
        assert (norms["total"] > 0).all()
        assert not np.array_equal(checkpoint.arrays["theta"], checkpoint.arrays["before"])
    for spread in run.record["metrics"].values():
        assert all(value is not None for value in spread["per_seed"])


@pytest.mark.parametrize("shape", ["one_to_one", "one_to_many", "many_to_one", "many_to_many"])
def test_each_shape_is_what_its_name_says(run_of, shape):
    from rnnlab.tasks.task import build_task

    config = run_of("training.epochs=null", "training.updates=1", config=CONFIGS / "shapes" / f"{shape}.yaml").config
    sequences = build_task(config).sequences
    comes_in, goes_out = shape.split("_to_")
    assert sequences.targets is not None
    inputs = np.abs(sequences.inputs).reshape(*sequences.inputs.shape[:2], -1).sum(axis=(1, 2))
    assert np.count_nonzero(inputs) == (1 if comes_in == "one" else sequences.steps)
    assert (config.model.readout == "every") == (goes_out == "many")
    assert (sequences.steps > 1) == (shape != "one_to_one")
