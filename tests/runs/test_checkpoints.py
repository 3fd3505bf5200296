"""A checkpoint comes back exactly, or is known to be damaged."""

import os

import numpy as np
import pytest

from rnnlab.errors import RunFolderError
from rnnlab.runs import checkpoints

ARRAYS = {
    "parameters": np.linspace(-1, 1, 7),
    "layer0.h": np.zeros((2, 3), np.float32),
    "fired": np.array([True]),
}


def test_arrays_and_metadata_come_back(tmp_path):
    rng = np.random.default_rng(3)
    checkpoints.save(tmp_path / "c", ARRAYS, {"update": 40, "rng": rng.bit_generator.state, "loss": np.nan})
    found = checkpoints.latest(tmp_path / "c")
    assert found is not None
    assert found.skipped == ()
    assert found.metadata == {"update": 40, "rng": rng.bit_generator.state, "loss": None}
    assert found.arrays.keys() == ARRAYS.keys()
    for name, array in ARRAYS.items():
        assert found.arrays[name].dtype == array.dtype
        np.testing.assert_array_equal(found.arrays[name], array)


def test_each_has_a_new_name_and_the_newest_is_found(tmp_path):
    paths = [checkpoints.save(tmp_path, {"x": np.array(i)}, {"update": i}) for i in range(11)]
    assert len(set(paths)) == 11
    found = checkpoints.latest(tmp_path)
    assert found is not None
    assert (found.path, found.metadata["update"], int(found.arrays["x"])) == (paths[10], 10, 10)
    assert {path.suffix for path in tmp_path.iterdir()} == {".npz", ".json"}


def flip_a_bit(path):
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


DAMAGE = {
    "a bit of the arrays": lambda path: flip_a_bit(path.with_suffix(".npz")),
    "arrays cut short": lambda path: os.truncate(path.with_suffix(".npz"), 100),
    "arrays missing": lambda path: path.with_suffix(".npz").unlink(),
    "JSON cut short": lambda path: os.truncate(path, 20),
    "a number in the JSON": lambda path: path.write_text(path.read_text().replace('"update": 2', '"update": 3')),
    "JSON of another kind": lambda path: path.write_text("{}"),
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_a_damaged_one_is_passed_over_and_named(tmp_path, damage):
    checkpoints.save(tmp_path, ARRAYS, {"update": 1})
    newest = checkpoints.save(tmp_path, ARRAYS, {"update": 2})
    DAMAGE[damage](newest)
    with pytest.raises(RunFolderError):
        checkpoints.load(newest)
    found = checkpoints.latest(tmp_path)
    assert found is not None
    assert found.metadata == {"update": 1}
    assert len(found.skipped) == 1
    assert "0002" in found.skipped[0]
    third = checkpoints.save(tmp_path, ARRAYS, {"update": 3})
    assert third.stem == "0003"


def test_arrays_without_their_json_do_not_count(tmp_path):
    checkpoints.save(tmp_path, ARRAYS, {"update": 1})
    (tmp_path / "0002.npz").write_bytes(b"half a check")
    found = checkpoints.latest(tmp_path)
    assert found is not None
    assert found.metadata == {"update": 1}
    assert found.skipped == ()
    assert checkpoints.save(tmp_path, ARRAYS, {"update": 2}).stem == "0003"


def test_none_is_none(tmp_path):
    assert checkpoints.latest(tmp_path / "checkpoints") is None


def test_objects_are_refused_because_reading_them_would_run_code(tmp_path):
    with pytest.raises(ValueError, match="Object arrays"):
        checkpoints.save(tmp_path, {"x": np.array([{}])}, {})
    assert checkpoints.latest(tmp_path) is None


@pytest.mark.parametrize("kind", ["file", "dangling link", "link to itself"])
def test_a_folder_that_cannot_be_read_is_not_taken_for_one_without_checkpoints(tmp_path, kind):
    folder = tmp_path / "checkpoints"
    assert checkpoints.latest(folder) is None
    if kind == "file":
        folder.write_text("")
    else:
        folder.symlink_to("nowhere" if kind == "dangling link" else folder.name)
    with pytest.raises(RunFolderError, match=r"checkpoints' could not be read: .*\.$"):
        checkpoints.latest(folder)


def test_nothing_is_removed_where_the_folder_is_a_link(tmp_path):
    elsewhere = tmp_path / "elsewhere"
    for update in range(5):
        checkpoints.save(elsewhere, {"w": np.zeros(1)}, {"update": update})
    before = sorted(elsewhere.iterdir())
    (tmp_path / "checkpoints").symlink_to(elsewhere)
    checkpoints.prune(tmp_path / "checkpoints", 1, False)
    assert sorted(elsewhere.iterdir()) == before
    checkpoints.prune(elsewhere, 1, False)
    assert len(list(elsewhere.iterdir())) == 2
