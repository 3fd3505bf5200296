"""The configs that come with the package: all load, and two are the report's experiments to the letter."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from rnnlab.config import dump, load
from rnnlab.config.starters import SCHEMA

CONFIGS = Path(__file__).parents[2] / "configs"
FILES = sorted(CONFIGS.rglob("*.yaml"))


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(CONFIGS)))
def test_every_config_loads_and_survives_writing(file, tmp_path):
    config = load(file)
    copy = tmp_path / "config.yaml"
    copy.write_text(dump(config), encoding="utf-8")
    assert load(copy) == config


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_the_first_line_leads_an_editor_to_the_schema_and_the_next_says_what_the_config_is(file):
    first, second, *_ = file.read_text(encoding="utf-8").splitlines()
    assert first.startswith("# yaml-language-server: $schema=")
    assert (file.parent / first.partition("=")[2]).samefile(CONFIGS / SCHEMA)
    assert second.startswith("# ")
    assert max(map(len, file.read_text(encoding="utf-8").splitlines())) <= 120


def test_the_stock_experiment_is_the_report_to_the_letter():
    config = load(CONFIGS / "stock.yaml")
    assert (config.name, config.seeds) == ("stock", [0, 1, 2, 3, 4])
    data: Any = config.data
    model, training = config.model, config.training
    assert (data.kind, data.symbol, data.column) == ("prices", "AAPL", "close")
    assert (data.lookback, data.horizon, data.target) == (20, 1, "price")
    assert (data.train_fraction, data.scaler, data.start, data.end) == (0.8, "minmax", None, None)
    assert (model.cell.kind, model.hidden_size, model.layers, model.bidirectional) == ("rnn", 16, 1, False)
    assert (model.initial_state, model.activation, model.readout, model.dtype) == (
        "zero",
        "tanh",
        "last",
        "float64",
    )
    assert {model.init.W_xh.kind, model.init.W_hh.kind, model.init.W_ho.kind} == {"uniform"}
    assert training.loss.kind == "half_squared_error"
    assert training.optimizer.model_dump() == {
        "kind": "sgd", "learning_rate": 0.01, "momentum": 0.0, "nesterov": False
    }  # fmt: skip
    assert (training.batch_size, training.epochs, training.updates) == ("full", 300, None)
    assert training.clip.model_dump() == {"kind": "norm", "threshold": 5.0}
    assert (training.l2, training.omega, training.early_stopping, training.tbptt_steps) == (
        0.0,
        None,
        None,
        None,
    )


def test_the_gradient_experiment_is_the_report_to_the_letter():
    config = load(CONFIGS / "gradients.yaml")
    assert (config.name, config.seeds) == ("gradients", list(range(10)))
    data: Any = config.data
    model, training = config.model, config.training
    assert data.text == "the quick brown fox jumps over the lazy dog"
    assert (data.repeat, data.chunk, data.train_fraction) == (200, 50, 1.0)
    assert (model.cell.kind, model.hidden_size, model.activation, model.readout) == ("rnn", 50, "relu", "every")
    assert model.init.W_hh.model_dump() == {"kind": "normal", "rho": 1.0, "std": None}
    assert training.loss.kind == "cross_entropy"
    assert (training.optimizer.kind, training.optimizer.learning_rate) == ("sgd", 1e-4)
    assert (training.batch_size, training.updates, training.epochs) == (1, 200, None)
    assert (training.stateful, training.shuffle, training.clip.kind) == (True, False, "none")


@pytest.mark.parametrize("file", sorted((CONFIGS / "remedies").glob("*.yaml")), ids=lambda file: file.stem)
def test_a_remedy_is_the_gradient_experiment_but_for_the_remedy(file):
    remedy, plain = load(file), load(CONFIGS / "gradients.yaml")
    assert remedy.name.replace("-", "_") == file.stem
    assert (remedy.data, remedy.seeds) == (plain.data, plain.seeds)
    assert remedy.training.optimizer == plain.training.optimizer
    assert remedy.training.updates == plain.training.updates
    assert (remedy.model, remedy.training.clip) != (plain.model, plain.training.clip)


# Of each variant of the stock experiment what it changes; a kind brings keys of its own.
STOCK_VARIANTS = {
    "lstm": {"model.cell.kind": "lstm"},
    "gru": {"model.cell.kind": "gru"},
    "hidden_8": {"model.hidden_size": 8},
    "hidden_128": {"model.hidden_size": 128},
    "layers_2": {"model.layers": 2},
    "every_step": {"model.readout": "every"},
    "adam": {"training.optimizer.kind": "adam"},
    "adam_cosine": {"training.optimizer.kind": "adam", "training.schedule.kind": "cosine"},
    "early_stopping": {"training.early_stopping": {"patience": 20, "validation_fraction": 0.1, "min_delta": 0.0}},
    "differences": {"data.target": "difference"},
    "log_returns": {"data.target": "log_return"},
    "calendar": {"data.calendar": ["weekday", "month"]},
    "window_scaler": {"data.scaler": "window"},
}
OF_A_KIND = {
    "adam": ("momentum", "nesterov", "beta1", "beta2", "epsilon"),
    "adam_cosine": ("momentum", "nesterov", "beta1", "beta2", "epsilon", "final_factor"),
}


def flat(values: Any, path: str = "") -> dict[str, Any]:
    """The values of a config by their paths; lists, null and what may be null as a whole."""
    if not isinstance(values, dict) or path == "training.early_stopping":
        return {path: values}
    return {key: value for name, one in values.items() for key, value in flat(one, f"{path}.{name}".strip(".")).items()}


@pytest.mark.parametrize("file", sorted((CONFIGS / "stock").glob("*.yaml")), ids=lambda file: file.stem)
def test_a_variant_of_the_stock_experiment_changes_what_it_claims_and_its_name(file):
    variant, plain = (flat(load(one).model_dump()) for one in (file, CONFIGS / "stock.yaml"))
    changed = {key: variant.get(key) for key in variant.keys() | plain.keys() if variant.get(key) != plain.get(key)}
    of_a_kind = {key for key in changed if key.rpartition(".")[2] in OF_A_KIND.get(file.stem, ())}
    assert {key: value for key, value in changed.items() if key not in of_a_kind} == {
        "name": f"stock-{file.stem.replace('_', '-')}",
        **STOCK_VARIANTS[file.stem],
    }
    assert all((key in variant) != (key in plain) for key in of_a_kind)
    assert "Reason " in file.read_text(encoding="utf-8").splitlines()[1]


def test_the_variants_of_the_stock_experiment_test_all_five_reasons():
    files = sorted((CONFIGS / "stock").glob("*.yaml"))
    assert {file.stem for file in files} == STOCK_VARIANTS.keys()
    told = {file.read_text(encoding="utf-8").splitlines()[1].split(":")[0] for file in files}
    assert told == {f"# Reason {number}, {what}" for number, what in
                    enumerate(("architecture", "capacity", "signal", "optimizer", "inputs"), 1)}  # fmt: skip


def test_reading_a_config_imports_nothing_heavy():
    code = (
        "import sys, rnnlab.config\n"
        "assert 'pydantic' not in sys.modules\n"
        "rnnlab.config.load(sys.argv[1])\n"
        "assert not {'numpy', 'pandas', 'matplotlib', 'requests'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code, str(CONFIGS / "stock.yaml")], check=True)


def test_an_unknown_name_is_no_attribute_of_the_package():
    import rnnlab.config

    with pytest.raises(AttributeError, match="has no attribute 'laod'"):
        _ = rnnlab.config.laod
