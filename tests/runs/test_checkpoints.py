"""A checkpoint comes back exactly, or is known to be damaged."""

import os

import numpy as np
import pytest

from rnnlab.errors import RunFolderError, RunWriteError
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
    "a number in the JSON": lambda path: path.write_text(path.read_text().replace('"update": ', '"update": 7')),
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
    with pytest.raises(RunWriteError, match="must be a folder; it is a link"):
        checkpoints.cut(tmp_path / "checkpoints", 1)
    with pytest.raises(RunWriteError, match="must be a folder; it is a link"):
        checkpoints.save(tmp_path / "checkpoints", ARRAYS, {})
    assert sorted(elsewhere.iterdir()) == before
    checkpoints.prune(elsewhere, 1, False)
    assert len(list(elsewhere.iterdir())) == 2


def saved(folder, losses):
    return [checkpoints.save(folder, ARRAYS, {"update": n, "loss": loss}) for n, loss in enumerate(losses, start=1)]


@pytest.mark.parametrize("damage", DAMAGE)
def test_damaged_ones_are_not_counted_among_those_that_are_kept(tmp_path, damage):
    paths = saved(tmp_path, [2.0, 2.0, 1.0, 2.0, 2.0, 2.0])
    for path in (paths[2], paths[4]):
        DAMAGE[damage](path)
    checkpoints.prune(tmp_path, 3, best=False)
    there = {path.stem for path in tmp_path.glob("*.json")}
    assert there == {"0002", "0003", "0004", "0005", "0006"}
    checkpoints.prune(tmp_path, 1, best=True)
    assert {path.stem for path in tmp_path.glob("*.json")} == {"0002", "0006"}  # the best that is whole


def test_what_is_known_to_be_whole_is_not_hashed_again(tmp_path, monkeypatch):
    saved(tmp_path, [1.0] * 5)
    checkpoints._WHOLE.clear()  # as in another process, which goes on
    hashed = []
    digest = checkpoints._digest
    monkeypatch.setattr(checkpoints, "_digest", lambda *what: hashed.append(what) or digest(*what))
    for _ in range(4):
        checkpoints.save(tmp_path, ARRAYS, {})
        checkpoints.prune(tmp_path, 3, best=False)
    assert len(hashed) == 4 + 2  # each as it is written, and once those that were there
    assert {path.stem for path in tmp_path.glob("*.json")} == {"0007", "0008", "0009"}


def test_arrays_that_never_got_their_json_are_removed_however_few_there_are(tmp_path):
    saved(tmp_path, [1.0])
    (tmp_path / "0002.npz").write_bytes(b"half a check")
    checkpoints.prune(tmp_path, 3, best=True)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["0001.json", "0001.npz"]
