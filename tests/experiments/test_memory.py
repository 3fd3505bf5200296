"""What would not fit is refused before anything is made, with how much it would need."""

import re

import pytest

from rnnlab.engine.architecture import Architecture
from rnnlab.errors import ConfigError
from rnnlab.experiments import memory
from rnnlab.experiments.memory import check_memory, needed_bytes
from rnnlab.memory import available_bytes, check_data


def test_parameters_are_counted_as_the_layout_counts_them():
    for cell in ("rnn", "gru", "lstm"):
        a = Architecture(3, 4, 2, cell=cell, layers=2, bidirectional=True, initial_state="learned")
        needed = needed_bytes(a, models=3, steps=0, itemsize=8, threads=1)
        assert needed == memory.COPIES * 3 * 8 * a.layout().size


def test_steps_and_threads_count():
    a = Architecture(1, 10, 1)
    sizes = [needed_bytes(a, models=1, steps=T, itemsize=8, threads=k) for T, k in ((1000, 1), (2000, 1), (1000, 2))]
    assert sizes[1] == sizes[2]
    assert sizes[1] - sizes[0] > 1000 * 2 * 10 * 8


def test_this_machine_has_memory():
    available = available_bytes()
    assert available is None or 2**26 < available < 2**50


@pytest.mark.parametrize(
    ("hidden_size", "unit"), [(30_000, "GiB"), (1_000_000, "TiB"), (10**7, "PiB"), (10**399, "over 1,024 PiB")]
)
def test_a_network_that_is_too_large_says_how_large(monkeypatch, hidden_size, unit):
    monkeypatch.setattr(memory, "available_bytes", lambda: 2**33)
    with pytest.raises(ConfigError) as caught:
        check_memory(Architecture(1, hidden_size, 1), models=2, steps=20, itemsize=8, threads=2)
    message = caught.value.message
    assert f"{unit} of memory; 8.0 GiB are free" in message
    assert "model.hidden_size" in message
    assert "2 models" in message
    assert "model.hidden_size" in caught.value.hint


def test_a_network_that_fits_passes(monkeypatch):
    a = Architecture(1, 1000, 1)
    needed = needed_bytes(a, models=1, steps=20, itemsize=8, threads=1)
    for available in (needed, None):
        monkeypatch.setattr(memory, "available_bytes", lambda available=available: available)
        check_memory(a, models=1, steps=20, itemsize=8, threads=1)
    monkeypatch.setattr(memory, "available_bytes", lambda: needed - 1)
    with pytest.raises(ConfigError):
        check_memory(a, models=1, steps=20, itemsize=8, threads=1)


def test_data_that_are_too_large_say_how_large(monkeypatch):
    monkeypatch.setattr("rnnlab.memory.available_bytes", lambda: 8 * 1000)
    check_data(1000, "data.repeat")
    with pytest.raises(
        ConfigError, match=r"data\.repeat is too large .* 7\.8 KiB of memory; 7\.8 KiB are free"
    ) as caught:
        check_data(1001, "data.repeat")
    assert "smaller data.repeat" in caught.value.hint


@pytest.mark.parametrize(
    ("size", "text"),
    [
        (0, "0 bytes"),
        (1023, "1023 bytes"),
        (1024, "1.0 KiB"),
        (1536, "1.5 KiB"),
        (2**40, "1.0 TiB"),
        (1000 * 2**50, "1,000.0 PiB"),
        (10**500, "over 1,024 PiB"),
    ],
)
def test_sizes_are_readable(monkeypatch, size, text):
    monkeypatch.setattr("rnnlab.memory.available_bytes", lambda: -1)
    with pytest.raises(ConfigError, match=rf"would need {re.escape(text)} of memory"):
        check_data(size // 8 if size % 8 == 0 else size / 8, "data.repeat")


def test_sequences_of_a_block_and_what_blocks_leave_behind_count():
    a = Architecture(1, 16, 1)
    one, block, many = (
        needed_bytes(a, models=1, steps=20, itemsize=8, threads=1, sequences=B) for B in (1, 64, 1_000_000)
    )
    assert block > one + 63 * 20 * 2 * 16 * 8
    assert block < many < 1_000_000 * 20 * 2 * 16 * 8  # a block at a time, not all sequences at once


@pytest.mark.parametrize("layers", [1, 2, 3, 7])
@pytest.mark.parametrize("bidirectional", [False, True])
def test_parameters_are_counted_without_naming_them(layers, bidirectional):
    a = Architecture(3, 4, 2, cell="gru", layers=layers, bidirectional=bidirectional, initial_state="learned")
    assert memory.parameters(a) == a.layout().size


def test_python_objects_of_many_layers_count(monkeypatch):
    """A million layers of one unit hold few numbers, and an object for every step of each."""
    monkeypatch.setattr(memory, "available_bytes", lambda: 2**34)
    with pytest.raises(ConfigError) as caught:
        check_memory(Architecture(1, 1, 1, layers=1_000_000), models=1, steps=20, itemsize=8, threads=1)
    assert caught.value.message.startswith("1 model with model.layers 1000000 would need at least ")
    assert "model.layers" in caught.value.hint


def test_more_than_can_be_named_is_not_at_least_that(monkeypatch):
    monkeypatch.setattr(memory, "available_bytes", lambda: 2**34)
    with pytest.raises(ConfigError, match=r"would need over 1,024 PiB of memory; 16\.0 GiB are free"):
        check_memory(Architecture(1, 10**18, 1), models=1, steps=20, itemsize=8, threads=1)
