"""Checkpoints and records that somebody forged, with hashes that fit: what goes on from them says one sentence."""

import hashlib
import json
import shutil
from itertools import product
from pathlib import Path

import pytest

from rnnlab.errors import RnnlabError
from rnnlab.experiments.doctor import examine
from rnnlab.experiments.resume import resume
from rnnlab.experiments.sweep import members
from rnnlab.experiments.train import train
from rnnlab.experiments.verify import verify
from tests.experiments.sweeps import small_config, sweep
from tests.experiments.test_damaged_runs import VALUES, places, replaced
from tests.painting import nothing_painted

SETTINGS = ("training.updates=12", "training.checkpoint.every=4", "training.log_gradient_flow_every=3")
NOT_JSON = ("1e999", "NaN", "infinity", "too many digits", "deep list", "deep mapping")  # end before the hash is asked


class Stop:
    """True from the n-th call on."""

    def __init__(self, after: int) -> None:
        self.left = after

    def __call__(self) -> bool:
        self.left -= 1
        return self.left < 0


@pytest.fixture(scope="module")
def stopped(tmp_path_factory):
    """A training, a sweep within its slices, and one after some of them."""
    folder = tmp_path_factory.mktemp("stopped")
    with pytest.MonkeyPatch.context() as patch, nothing_painted():
        patch.setattr(members, "MOST_MODELS", 2)
        return {
            "train": train(small_config(*SETTINGS), runs_dir=folder, command=[], should_stop=Stop(9)).run,
            "slices": sweep(folder, [0.9, 1.2], *SETTINGS, should_stop=Stop(12)).run,
            "sweep": sweep(folder, [0.9, 1.2], *SETTINGS, should_stop=Stop(30)).run,
        }


@pytest.fixture(autouse=True)
def slices_of_two(monkeypatch):
    monkeypatch.setattr(members, "MOST_MODELS", 2)


def check_sentence(action) -> None:
    """Let it end well, or in the project's own sentence. Anything else, a warning included, fails the test."""
    try:
        action()
        return
    except RnnlabError as error:
        said = error
    assert said.exit_code == 2
    assert said.message.isprintable()
    assert len(said.message) < 700
    assert "-1 are there" not in said.message


def forge(path: Path, metadata: str) -> None:
    """Give a checkpoint these metadata, and a hash that fits where they have a canonical spelling."""
    try:
        canonical = json.dumps(json.loads(metadata), sort_keys=True, separators=(",", ":"), allow_nan=False)
    except (ValueError, RecursionError):
        canonical = metadata
    content = path.with_suffix(".npz").read_bytes() + canonical.encode("utf-8", "surrogatepass")
    path.write_text(f'{{"sha256": "{hashlib.sha256(content).hexdigest()}", "metadata": {metadata}}}')


def checkpoint_of(run: Path, kind: str) -> Path:
    """The checkpoint to forge; others beside it go, so that there is none to fall back on."""
    folder = next(run.glob("checkpoints/slice-*")) if kind == "slices" else run / "checkpoints"
    newest = max(folder.glob("*.json"))
    for path in set(folder.glob("*.json")) - {newest}:
        path.unlink()
    return newest


def look_at(run: Path, *actions) -> None:
    examine(run.parent)
    for action in actions or (verify, lambda run: resume(run, command=[])):
        check_sentence(lambda action=action: action(run))


@pytest.mark.parametrize("every", [31, pytest.param(8, marks=pytest.mark.slow)])
@pytest.mark.parametrize("kind", ["train", "slices", "sweep"])
def test_every_entry_of_a_checkpoint_replaced_by_every_kind_of_value(stopped, tmp_path, kind, every):
    first = shutil.copytree(stopped[kind], tmp_path / "first")
    metadata = json.loads(checkpoint_of(first, kind).read_text())["metadata"]
    values = [text for name, text in VALUES.items() if name not in NOT_JSON]
    changes = [replaced(metadata, entry, text) for entry, text in product(places(metadata), values)]
    changes += [json.dumps({key: value for key, value in metadata.items() if key != gone}) for gone in metadata]
    changes += [replaced(metadata, (), VALUES[name]) for name in NOT_JSON]
    shutil.rmtree(first)
    for number, change in enumerate(changes[::every]):
        run = shutil.copytree(stopped[kind], tmp_path / str(number) / stopped[kind].name)
        forge(checkpoint_of(run, kind), change)
        look_at(run, *([] if kind != "slices" else [lambda run: resume(run, command=[])]))
        shutil.rmtree(run.parent)


@pytest.mark.parametrize("every", [89, pytest.param(40, marks=pytest.mark.slow)])
@pytest.mark.parametrize("kind", ["train", "sweep"])
def test_what_a_record_says_of_its_files_replaced_by_every_kind_of_value(stopped, tmp_path, kind, every):
    whole = shutil.copytree(stopped[kind], tmp_path / "whole" / stopped[kind].name)
    resume(whole, command=[])
    record = json.loads((whole / "run.json").read_text())
    asked = ("tables", "files", "config", "resumed", "rhos", "exact")
    entries = [entry for entry in places(record) if entry and entry[0] in asked]
    changes = [replaced(record, entry, text) for entry, text in product(entries, VALUES.values())]
    for number, change in enumerate(changes[::every]):
        run = shutil.copytree(whole, tmp_path / str(number) / whole.name)
        (run / "run.json").write_text(change)
        look_at(run, verify)
        (run / "run.json").write_text(change.replace('"status": "completed"', '"status": "interrupted"'))
        look_at(run, lambda run: resume(run, command=[]))
        shutil.rmtree(run.parent)
