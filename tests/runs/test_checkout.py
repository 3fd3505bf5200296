"""What git says of a folder: commit, patch and untracked names, of the part that is asked for and nothing else."""

import hashlib
import subprocess

import pytest

from rnnlab.runs import checkout


@pytest.fixture
def repository(tmp_path, monkeypatch):
    """A repository with one commit, untouched by the person's own git settings."""
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", "/dev/null")
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    (tmp_path / "part").mkdir()
    (tmp_path / "part" / "file").write_text("one\n")
    (tmp_path / "secret").write_text("one\n")
    who = ["-c", "user.name=a", "-c", "user.email=a@example.org"]
    for command in (["init", "-q"], ["add", "."], [*who, "commit", "-q", "-m", "One"]):
        subprocess.run(["git", *command], cwd=tmp_path, check=True)
    return tmp_path


def test_a_clean_checkout_has_no_patch(repository):
    found = checkout.look(repository, "part", "p.patch")
    assert found.record["git_dirty"] is False
    assert (found.record["untracked"], found.record["patch"], found.files) == ([], None, {})


def test_the_patch_gives_the_changes_back(repository):
    (repository / "part" / "file").write_text("two\n")
    (repository / "part" / "new é.py").write_text("pass\n")
    found = checkout.look(repository, "part", "p.patch")
    assert found.record["git_dirty"] is True
    assert found.record["untracked"] == ["part/new é.py"]
    patch = found.files["p.patch"]
    expected = {"file": "p.patch", "sha256": hashlib.sha256(patch).hexdigest(), "bytes": len(patch), "cut": False}
    assert found.record["patch"] == expected
    subprocess.run(["git", "checkout", "-q", "part"], cwd=repository, check=True)
    subprocess.run(["git", "apply"], cwd=repository, input=patch, check=True)
    assert (repository / "part" / "file").read_text() == "two\n"


def test_an_untracked_file_alone_makes_it_dirty(repository):
    (repository / "part" / "new.py").write_text("pass\n")
    found = checkout.look(repository, "part", "p.patch")
    assert (found.record["git_dirty"], found.record["patch"]) == (True, None)


def test_what_lies_beside_the_part_stays_unread(repository):
    (repository / "secret").write_text("password\n")
    (repository / "token").write_text("password\n")
    assert checkout.look(repository, "part", "p.patch").record["git_dirty"] is False


def test_a_long_patch_is_cut_and_says_so(repository):
    (repository / "part" / "file").write_text("".join(f"line {n}\n" for n in range(40_000)))
    found = checkout.look(repository, "part", "p.patch")
    patch, record = found.files["p.patch"], found.record["patch"]
    assert isinstance(record, dict)
    assert record["cut"] is True
    assert record["bytes"] > checkout.MOST_BYTES >= len(patch) - 100
    kept, last = patch.rsplit(b"\n", 2)[:2]
    left = record["bytes"] - len(kept) - 1
    assert last == b"# cut: %d of %d bytes are left out" % (left, record["bytes"])


def test_a_repository_without_a_commit_is_unknown(tmp_path):
    subprocess.run(["git", "init", "-q"], cwd=tmp_path, check=True)
    assert checkout.look(tmp_path, ".", "p.patch") == checkout.UNKNOWN
