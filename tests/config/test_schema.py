"""What a config may say, what is filled in, and that it stays as it is."""

from typing import Any

import pytest
from pydantic import ValidationError

from rnnlab.config import Config, schema_index

PRICES = {"kind": "prices", "symbol": "AAPL"}
TEXT = {"kind": "text", "text": "abc"}
KEYS: list[Any] = [
    pytest.param(kind, entry, id=f"{'.'.join(entry.path)} {kind}") for kind, entry in schema_index.every_key()
]


def synthetic(task):
    return {"kind": "synthetic", "task": task}


@pytest.mark.parametrize(("_kind", "entry"), KEYS)
def test_every_key_has_a_meaning_and_a_requirement(_kind, entry):
    assert entry.field.description
    assert entry.field.description[-1] != "."
    assert schema_index.requirement(entry)


@pytest.mark.parametrize(("_kind", "entry"), [case for case in KEYS if case.values[1].field.is_required()])
def test_every_key_that_must_be_given_has_an_example(_kind, entry):
    assert "example" in entry.extra


@pytest.mark.parametrize(
    ("data", "readout", "loss", "batch_size"),
    [
        (PRICES, "last", "half_squared_error", "full"),
        ({"kind": "csv", "path": "a.csv"}, "last", "half_squared_error", "full"),
        (TEXT, "every", "cross_entropy", 32),
        (synthetic("order"), "last", "cross_entropy", 32),
        (synthetic("adding"), "last", "half_squared_error", 32),
        (synthetic("echo"), "every", "half_squared_error", 32),
        (synthetic("sine"), "every", "half_squared_error", 32),
        (synthetic("logistic_map"), "last", "half_squared_error", 32),
    ],
)
def test_the_data_decide_what_is_left_out(data, readout, loss, batch_size):
    config = Config.model_validate({"data": data})
    assert config.model.readout == readout
    assert config.training.loss.kind == loss
    assert config.training.batch_size == batch_size
    assert (config.training.epochs, config.training.updates, config.training.shuffle) == (300, None, True)
    assert (config.name, config.seeds) == ("run", [0])


def test_a_carried_state_needs_order_and_single_chunks():
    config = Config.model_validate({"data": TEXT, "training": {"stateful": True, "updates": 5}})
    assert (config.training.batch_size, config.training.shuffle, config.training.epochs) == (1, False, None)


def test_rho_is_1_unless_std_is_given():
    init = {"W_hh": "normal", "W_xh": {"kind": "normal", "std": 0.1}}
    weights: Any = Config.model_validate({"data": PRICES, "model": {"init": init}}).model.init
    assert (weights.W_hh.rho, weights.W_hh.std) == (1.0, None)
    assert (weights.W_xh.rho, weights.W_xh.std) == (None, 0.1)


def test_a_number_for_the_forget_bias_is_a_constant():
    model = {"cell": "lstm", "init": {"forget_bias": 2}}
    bias: Any = Config.model_validate({"data": PRICES, "model": model}).model.init.forget_bias
    assert (bias.kind, bias.value) == ("constant", 2.0)


def test_whole_numbers_are_taken_for_numbers():
    training = Config.model_validate({"data": PRICES, "training": {"l2": 1}}).training
    assert (type(training.l2), training.l2) == (float, 1.0)


def test_a_config_cannot_be_changed():
    config = Config.model_validate({"data": PRICES})
    with pytest.raises(ValidationError):
        config.model.layers = 2
    with pytest.raises(ValidationError):
        config.name = "other"


def test_completing_a_config_leaves_the_sections_it_was_made_from_alone():
    first = Config.model_validate({"data": PRICES})
    bare = type(first.training)()
    config = Config(data=first.data, training=bare)
    assert (bare.epochs, config.training.epochs) == (None, 300)


def test_two_configs_that_say_the_same_are_equal():
    one = Config.model_validate({"data": PRICES, "training": {"optimizer": "adam", "clip": "norm"}})
    other = Config.model_validate({"data": PRICES, "training": {"clip": {"kind": "norm", "threshold": 5}}})
    assert one == other


@pytest.mark.parametrize(
    ("section", "given", "kind"),
    [
        ("optimizer", {"learning_rate": 0.1}, "adam"),
        ("clip", {"threshold": 2.0}, "norm"),
        ("schedule", {"warmup": 5}, "constant"),
    ],
)
def test_a_section_with_a_default_kind_may_leave_it_out(section, given, kind):
    config = Config.model_validate({"data": PRICES, "training": {section: given}})
    chosen = getattr(config.training, section)
    assert chosen.kind == kind
    assert {name: getattr(chosen, name) for name in given} == given
