"""Run folders damaged in every way that we could think of: each ends in a sentence, and none takes memory or time."""

import hashlib
import io
import json
import os
import random
import shutil
import subprocess
import warnings
import zipfile
from itertools import product

import numpy as np
import pytest

from rnnlab.cli import comparison_table as compare_screen
from rnnlab.cli import inspect as inspect_screen
from rnnlab.cli import why as why_screen
from rnnlab.errors import RnnlabError, RunFolderError
from rnnlab.experiments import trained as taking
from rnnlab.experiments.comparison import trainings as comparing
from rnnlab.experiments.comparison.compare import compare
from rnnlab.experiments.comparison.why import why
from rnnlab.experiments.inspect import inspect
from rnnlab.experiments.train import train
from rnnlab.experiments.trained import load_run
from rnnlab.plain import plain
from rnnlab.runs import checkpoints, list_runs, read_table, resolve
from rnnlab.runs.record import load_record
from tests.experiments.sweeps import small_config
from tests.painting import nothing_painted

DEEP = 100_000
# As JSON text, because some of them are no JSON.
VALUES = {
    "null": "null",
    "true": "true",
    "zero": "0",
    "negative": "-1",
    "huge": "1" + "0" * 400,
    "too many digits": "1" + "0" * 5000,
    "1e30": "1e30",
    "1e308": "1e308",
    "1e999": "1e999",
    "NaN": "NaN",
    "infinity": "-Infinity",
    "text": '"word"',
    "empty text": '""',
    "long text": json.dumps("x" * 100_000),
    "hostile text": json.dumps("\x1b[2J\x9b\u202e\ud800\n\x00"),
    "empty list": "[]",
    "list": '[1, "a", null, {}]',
    "deep list": "[" * DEEP + "]" * DEEP,
    "empty mapping": "{}",
    "mapping": '{"a": {"b": [1]}}',
    "deep mapping": '{"a":' * DEEP + "1" + "}" * DEEP,
}
PLACE = "\x00here"


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """Two small runs; the second has three checkpoints."""
    runs_dir = tmp_path_factory.mktemp("runs")
    config = small_config("training.checkpoint.every=2", "training.log_gradient_flow_every=3")
    with nothing_painted():
        return [train(config, runs_dir=runs_dir, command=["rnnlab"]).run for _ in range(2)]


@pytest.fixture
def damaged(whole, tmp_path, monkeypatch):
    """A copy of the second run; what does not depend on the damage is worked out once."""
    for module, name in ((comparing, "measure"), (taking, "load"), (taking, "build_task"), (taking, "build_setup")):
        monkeypatch.setattr(module, name, once(getattr(module, name)))
    return shutil.copytree(whole[1], tmp_path / whole[1].name)


def once(function):
    """The function, which keeps its first result."""
    kept = []

    def keeping(*arguments):
        if not kept:
            kept.append(function(*arguments))
        return kept[0]

    return keeping


def outcome(action):
    """What became of it: None, or the project's own sentence. Anything else, a warning included, fails the test."""
    with warnings.catch_warnings(action="error"):
        try:
            action()
        except RnnlabError as error:
            said = error
        else:
            return None
    assert isinstance(said, RunFolderError)
    assert said.exit_code == 2
    assert said.message.isprintable()
    assert len(said.message) < 1500
    return said.message


def places(value, path=()):
    """The path of every entry of a JSON document, and of the document itself."""
    yield path
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        yield from places(item, (*path, key))


def replaced(content, path, text):
    """The JSON text of a document with one entry replaced."""
    if not path:
        return text
    copy = json.loads(json.dumps(content))
    inside = copy
    for key in path[:-1]:
        inside = inside[key]
    inside[path[-1]] = PLACE
    return json.dumps(copy).replace(json.dumps(PLACE), text)


def look_at(run, whole):
    """The readers, the look-ups, and what compares runs, up to what is printed."""
    messages = [outcome(lambda: load_record(run))]
    assert resolve("latest", run.parent) if messages[0] is None else True
    assert [one.id for one in list_runs(run.parent)] == [run.name]

    said = []

    def side_by_side():
        found = compare([whole[0], run])
        said.extend(warning for warning in found.warnings if "its losses are unknown" in warning)
        compare_screen.show(found)
        json.dumps(plain(found.plain()))

    def explained():
        found = why(whole[0], run)
        why_screen.show(found)
        json.dumps(plain(found.plain()))

    messages.append(outcome(side_by_side) or next(iter(said), None))
    assert outcome(explained) is None, "what is damaged must be left out"
    return messages


@pytest.mark.parametrize("every", [20, pytest.param(7, marks=pytest.mark.slow)])
def test_every_entry_of_the_record_replaced_by_every_kind_of_value(damaged, whole, capsys, every):
    path = damaged / "run.json"
    record = json.loads(path.read_text())
    record["data"].pop("vocabulary")
    entries = [entry for entry in places(record) if not entry or entry[0] not in ("environment", "command")]
    refused = cases = 0
    chance = random.Random(0)
    large = ("deep list", "deep mapping", "long text", "too many digits")
    replacements = [
        (entry, name, text)
        for entry, (name, text) in product(entries, VALUES.items())
        if name not in large or chance.random() >= 0.8
    ]
    for entry, name, text in replacements[::every]:
        path.write_text(replaced(record, entry, text))
        messages = look_at(damaged, whole)
        refused += any(messages)
        cases += 1
        if name in ("NaN", "infinity", "1e999", "deep list", "deep mapping", "too many digits"):
            assert all(messages), (entry, name)
        assert len(capsys.readouterr().out) < 20_000
    assert cases > 600 / every
    assert refused > cases / 3


def test_one_run_that_cannot_be_read_stands_in_the_way_of_no_other(whole, tmp_path):
    first = shutil.copytree(whole[0], tmp_path / whole[0].name)
    second = shutil.copytree(whole[1], tmp_path / "29991231T235959Z-later-0000")  # both began in the same second or not
    (second / "run.json").write_text("[" * DEEP)
    told = []
    assert resolve("latest", tmp_path, told.append) == first
    assert told == [f"latest passes over {second.name}, which cannot be read."]
    assert resolve(first.name[:-1], tmp_path) == first
    assert resolve(second.name, tmp_path) == second
    assert {run.id: run.status for run in list_runs(tmp_path)} == {first.name: "completed", second.name: "unreadable"}
    with pytest.raises(RunFolderError, match="nested too deeply"):
        inspect(second)
    (first / "run.json").write_text("{}")
    with pytest.raises(RunFolderError, match=r"No run in .* can be read"):
        resolve("latest", tmp_path)
    with pytest.raises(RunFolderError, match="it has no schema_version") as caught:
        load_record(first)
    assert caught.value.hint is None


@pytest.mark.parametrize("places", [2, pytest.param(10, marks=pytest.mark.slow)])
@pytest.mark.parametrize("name", ["run.json", "metrics.csv", "checkpoints/0003.json", "checkpoints/0003.npz"])
@pytest.mark.usefixtures("capsys")
def test_files_cut_short_and_bytes_flipped(damaged, whole, name, places):
    path = damaged / name
    content = path.read_bytes()
    chance = random.Random(name)
    for _ in range(places):
        place, bit = chance.randrange(len(content)), 1 << chance.randrange(8)
        flipped = bytearray(content)
        flipped[place] ^= bit
        for damage in (bytes(flipped), content[:place], content[:place] + bytes(64) + content[place + 64 :]):
            path.write_bytes(damage)
            messages = look_at(damaged, whole)
            if name.startswith("checkpoints") and damage != content:
                trained = load_run(damaged)
                assert messages == [None, None]
                # Spaces between the words of the JSON are not covered by the hash, and mean nothing.
                assert trained.checkpoint == "0002" or trained.warnings == ()
    path.unlink()
    look_at(damaged, whole)
    path.mkdir()
    look_at(damaged, whole)


def npz(members):
    """An .npz of (name, bytes of the member, flags of zipfile)."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content, compression in members:
            archive.writestr(zipfile.ZipInfo(name), content, compress_type=compression)
    return buffer.getvalue()


def npy(array):
    buffer = io.BytesIO()
    np.lib.format.write_array(buffer, array, allow_pickle=True)
    return buffer.getvalue()


def header(text, version=b"\x01\x00", data=b""):
    text = text.encode() + b"\n"
    return b"\x93NUMPY" + version + len(text).to_bytes(2 if version == b"\x01\x00" else 4, "little") + text + data


def of_type(kind, shape="(3, 531)"):
    return header(f"{{'descr': {kind}, 'fortran_order': False, 'shape': {shape}, }}", data=bytes(3 * 531 * 8))


STORED, DEFLATED = zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED
THETA = np.zeros((3, 531))
MEMBERS = {
    "no zip": b"not a zip",
    "empty file": b"",
    "empty zip": npz([]),
    "empty member": npz([("theta.npy", b"", STORED)]),
    "no npy": npz([("theta.npy", b"hello", STORED)]),
    "magic alone": npz([("theta.npy", b"\x93NUMPY", STORED)]),
    "version 9": npz([("theta.npy", b"\x93NUMPY\x09\x00" + bytes(99), STORED)]),
    "another name": npz([("other.npy", npy(THETA), STORED)]),
    "compressed": npz([("theta.npy", npy(THETA), DEFLATED)]),
    "bzip2": npz([("theta.npy", npy(THETA), zipfile.ZIP_BZIP2)]),
    "a bomb": npz([("theta.npy", npy(np.zeros(200_000_000, np.int8)), DEFLATED)]),
    "objects": npz([("theta.npy", npy(np.array([{}, 1], object)), STORED)]),
    "text": npz([("theta.npy", npy(np.full((3, 531), "ab")), STORED)]),
    "whole numbers": npz([("theta.npy", npy(np.zeros((3, 531), int)), STORED)]),
    "float32": npz([("theta.npy", npy(np.zeros((3, 531), np.float32)), STORED)]),
    "complex": npz([("theta.npy", npy(np.zeros((3, 531), complex)), STORED)]),
    "dates": npz([("theta.npy", npy(np.zeros((3, 531), "M8[s]")), STORED)]),
    "other byte order": npz([("theta.npy", npy(THETA.astype(">f8")), STORED)]),
    "another shape": npz([("theta.npy", npy(THETA.T), STORED)]),
    "a scalar": npz([("theta.npy", npy(np.array(1.0)), STORED)]),
    "NaN": npz([("theta.npy", npy(THETA * np.nan), STORED)]),
    "infinite": npz([("theta.npy", npy(THETA + np.inf), STORED)]),
    "void": npz([("theta.npy", of_type("'V8'"), STORED)]),
    "void of no size": npz([("theta.npy", of_type("'V0'"), STORED)]),
    "a structure": npz([("theta.npy", of_type("[('a', '<f8')]"), STORED)]),
    "unknown type": npz([("theta.npy", of_type("'<q9'"), STORED)]),
    "type is a number": npz([("theta.npy", of_type("3"), STORED)]),
    "a shape of petabytes": npz([("theta.npy", of_type("'<f8'", "(1000000, 1000000000)"), STORED)]),
    "a shape of digits": npz([("theta.npy", of_type("'<f8'", f"({'9' * 4000},)"), STORED)]),
    "a negative shape": npz([("theta.npy", of_type("'<f8'", "(-3, -531)"), STORED)]),
    "a deep shape": npz([("theta.npy", of_type("'<f8'", "(" * 190 + ")" * 190), STORED)]),
    "a shape of words": npz([("theta.npy", of_type("'<f8'", "('a', None)"), STORED)]),
    "an escape that warns": npz([("theta.npy", of_type(r"'\d'"), STORED)]),
    "an old long integer": npz([("theta.npy", of_type("'<f8'", "(3L, 531L)"), STORED)]),
    "a header of code": npz([("theta.npy", header("__import__('os').abort()"), STORED)]),
    "a huge header": npz([("theta.npy", header("{" + " " * 60_000 + "}"), STORED)]),
    "a folder": npz([("theta.npy/", b"", STORED)]),
}


def sealed(path, content, metadata=None):
    """Write a checkpoint whose hash is right, whatever it holds."""
    metadata = {"update": 6, "tables": {}} if metadata is None else metadata
    canonical = json.dumps(metadata, sort_keys=True, separators=(",", ":"))
    digest = hashlib.sha256(content + canonical.encode()).hexdigest()
    path.write_text(json.dumps({"sha256": digest, "metadata": metadata}))
    path.with_suffix(".npz").write_bytes(content)


@pytest.mark.parametrize("kind", [*MEMBERS, "encrypted", "unknown compression", "a size that is not its own"])
def test_a_checkpoint_that_holds_something_else_is_passed_over_by_name(damaged, kind):
    path = damaged / "checkpoints" / "0003.json"
    content = MEMBERS.get(kind, npz([("theta.npy", npy(THETA), STORED)]))
    fields = {"encrypted": (8, 6, b"\x01\x00"), "unknown compression": (10, 8, b"\x63\x00")}
    fields |= {"a size that is not its own": (24, 22, b"\xff\xff\xff\x7f")}
    if kind in fields:
        central, local, value = fields[kind]
        start, changed = content.rindex(b"PK\x01\x02"), bytearray(content)
        changed[start + central : start + central + len(value)] = value
        changed[local : local + len(value)] = value
        content = bytes(changed)
    sealed(path, content)
    with measured_memory() as most:
        trained = load_run(damaged)
        assert outcome(lambda: load_run(damaged, "3"))
        outcome(lambda: checkpoints.load(path))
    assert most() < 40_000_000
    assert trained.checkpoint == "0002"
    (warning,) = trained.warnings
    assert "0003" in warning
    assert warning.endswith("An earlier checkpoint is used instead.")


class measured_memory:  # noqa: N801
    """The most that Python and NumPy took within the block."""

    def __enter__(self):
        import tracemalloc

        tracemalloc.start()
        return lambda: tracemalloc.get_traced_memory()[1]

    def __exit__(self, *task):
        import tracemalloc

        tracemalloc.stop()


def test_members_that_nobody_asked_for_are_skipped(damaged):
    content = npz([("a.txt", b"hello", STORED), ("x.npy", b"", DEFLATED), ("theta.npy", npy(THETA), STORED)])
    sealed(damaged / "checkpoints" / "0003.json", content)
    trained = load_run(damaged)
    assert (trained.checkpoint, trained.warnings) == ("0003", ())
    np.testing.assert_array_equal(trained.theta, THETA)


def test_every_entry_of_a_checkpoints_json_replaced_by_every_kind_of_value(damaged):
    path = damaged / "checkpoints" / "0003.json"
    content, arrays = json.loads(path.read_text()), path.with_suffix(".npz").read_bytes()
    cases = 0
    for entry, (name, text) in product(list(places(content)), VALUES.items()):
        changed = replaced(content, entry, text)
        path.write_text(changed)
        assert outcome(lambda: checkpoints.latest(path.parent)) is None, (entry, name)
        try:
            metadata = json.loads(changed)["metadata"]
            sealed(path, arrays, metadata)
        except (ValueError, TypeError, KeyError, RecursionError):
            continue
        found = checkpoints.latest(path.parent)
        assert found is not None
        assert found.path.stem == "0002" or isinstance(found.metadata.get("update", 0), int)
        cases += 1
    assert cases > 50


def test_a_checkpoint_named_by_any_number_of_digits(damaged):
    assert load_run(damaged, "0" * 5000 + "2").checkpoint == "0002"
    for word in ("9" * 5000, "\u0662", "", "../0001", "a\x00b", "\udcff", "x" * 100_000):
        assert outcome(lambda word=word: load_run(damaged, word)).startswith("--checkpoint must name a checkpoint")


CELLS = {
    "empty": "",
    "text": "word",
    "NaN": "nan",
    "infinite": "inf",
    "1e999": "1e999",
    "huge": "9" * 400,
    "too many digits": "9" * 5000,
    "long": "x" * 131_000,
    "too long": "x" * 132_000,
    "a quote": '"',
    "two cells": "1,2",
    "a line break": "\n",
    "a lone return": "\r",
    "a zero byte": "\0",
    "an escape": "\x1b[2J",
}


@pytest.mark.usefixtures("capsys")
@pytest.mark.parametrize("every", [11, pytest.param(3, marks=pytest.mark.slow)])
def test_cells_of_the_table_damaged(damaged, whole, every):
    path = damaged / "metrics.csv"
    lines = path.read_text().splitlines()
    cells = [line.split(",") for line in lines]
    cases = 0
    replacements = list(product((0, len(cells) - 1), range(len(cells[0])), CELLS.items()))
    for row, column, (name, text) in replacements[::every]:
        changed = [list(line) for line in cells]
        changed[row][column] = text
        path.write_text("\n".join(map(",".join, changed)) + "\n", newline="")
        outcome(lambda: read_table(path))
        message = look_at(damaged, whole)[1]
        if cells[0][column] in ("epoch", "train_loss") and name in ("text", "long", "an escape"):
            assert message is not None, (row, column, name)
        cases += 1
    assert cases > 200 / every
    for gone in ("epoch", "train_loss"):
        keep = [place for place, name in enumerate(cells[0]) if name != gone]
        path.write_text("".join(",".join(line[place] for place in keep) + "\n" for line in cells))
        assert f"must have a column {gone}" in look_at(damaged, whole)[1]
    for content in (b"", b"\n", b"\xff\xfe", lines[0].encode(), b"\xef\xbb\xbf" + path.read_bytes(), b"epoch\n" * 9):
        path.write_bytes(content)
        look_at(damaged, whole)


def test_a_long_cell_takes_no_memory_for_the_other_rows(tmp_path):
    (tmp_path / "t.csv").write_text("a\n" + "x" * 100_000 + "\n" + "y\n" * 20_000)
    with measured_memory() as most:
        assert "100,000 characters is too long" in outcome(lambda: read_table(tmp_path / "t.csv"))
    assert most() < 20_000_000


@pytest.mark.parametrize("factor", [1e150, 1e300, 1e-300])
def test_parameters_that_are_finite_and_absurd_are_measured_without_a_warning(damaged, factor, monkeypatch):
    monkeypatch.setattr("rnnlab.experiments.inspect.inspection_figures", lambda _run: {})
    theta = np.random.default_rng(0).normal(size=(3, 531)) * factor
    sealed(damaged / "checkpoints" / "0003.json", npz([("theta.npy", npy(theta), STORED)]))
    with warnings.catch_warnings(action="error"):
        inspect_screen.show(inspect(damaged))


@pytest.mark.parametrize("name", ["a\x1b[2J\x9b31m\u202eb\nc", "x" * 100_000])
def test_names_cannot_drive_the_terminal_nor_fill_it(whole, tmp_path, capsys, monkeypatch, name):
    monkeypatch.setattr("rnnlab.experiments.inspect.inspection_figures", lambda _run: {})
    run = shutil.copytree(whole[1], tmp_path / ("a\x1b[2J\u202e\n" + whole[1].name))
    record = json.loads((run / "run.json").read_text())
    record["name"] = name
    record["metrics"] = {name: record["metrics"]["accuracy"]}
    record["baselines"] = {name: {name: 1.0}}
    (run / "run.json").write_text(json.dumps(record))
    inspect_screen.show(inspect(run))
    compare_screen.show(compare([whole[0], run]))
    said = capsys.readouterr().out
    assert all(character.isprintable() or character == "\n" for character in said)
    assert len(said) < 6000
    assert not [line for line in said.split("\n") if line.startswith("c")]


def test_what_cannot_be_kept_is_shown_all_the_same(damaged, capsys):
    shutil.rmtree(damaged / "plots")
    (damaged / "plots").touch()  # a file where a folder must be
    found = inspect(damaged)
    names = ("inspect_transport.png", "inspect_spectrum.png")
    assert [warning.partition(": ")[0] for warning in found.warnings] == [
        f"plots/{name} could not be drawn" for name in names
    ]
    assert found.plain()["warnings"] == found.warnings
    inspect_screen.show(found)
    assert "growth rate" in capsys.readouterr().out


def test_the_command_ends_well_where_nothing_can_be_kept(damaged, executable):
    limited = f"ulimit -f 0; '{executable}' inspect '{damaged}' --json | cat"
    done = subprocess.run(["bash", "-o", "pipefail", "-c", limited], capture_output=True, text=True, check=False)
    assert done.returncode == 0
    assert "verdict" in done.stdout
    assert done.stderr.count("warning: Not all plots and numbers are kept: ") == 1


def test_a_pipe_in_place_of_the_config_is_not_waited_for(whole, tmp_path):
    run = shutil.copytree(whole[0], tmp_path / whole[0].name)
    (run / "config.yaml").unlink()
    os.mkfifo(run / "config.yaml")
    with pytest.raises(RunFolderError, match=r"config\.yaml' must be a file; it is a folder, a pipe"):
        load_run(run)


def test_a_record_nested_deeper_than_it_could_be_written_is_refused(whole, tmp_path):
    run = shutil.copytree(whole[0], tmp_path / whole[0].name)
    record = json.loads((run / "run.json").read_text())
    (run / "run.json").write_text(json.dumps(record | {"zz": json.loads("[" * 520 + "]" * 520)}))
    with pytest.raises(RunFolderError, match="nested too deeply"):
        load_record(run)
