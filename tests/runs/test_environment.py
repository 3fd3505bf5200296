"""What a run was computed on is recorded, from rnnlab's own checkout and nobody else's."""

import platform
import subprocess

import numpy as np
import pytest

import rnnlab
from rnnlab.runs import environment


@pytest.fixture
def checkout(tmp_path, monkeypatch):
    """A repository with one commit, untouched by the person's own git settings."""
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", "/dev/null")
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    (tmp_path / "file").write_text("one")
    who = ["-c", "user.name=a", "-c", "user.email=a@example.org"]
    for command in (["init", "-q"], ["add", "file"], [*who, "commit", "-q", "-m", "One"]):
        subprocess.run(["git", *command], cwd=tmp_path, check=True)
    return tmp_path


def head(checkout):
    return subprocess.check_output(["git", "rev-parse", "HEAD"], cwd=checkout, text=True).strip()


def test_the_commit_of_a_checkout_and_whether_it_was_changed(checkout):
    expected = {"version": rnnlab.__version__, "git_commit": head(checkout), "git_dirty": False}
    assert environment.code(checkout) == expected
    (checkout / "file").write_text("two")
    assert environment.code(checkout) == {**expected, "git_dirty": True}


def test_a_repository_around_the_source_is_not_its_own(checkout):
    inner = checkout / "site-packages"
    inner.mkdir()
    assert environment.code(inner) == {
        "version": rnnlab.__version__,
        "git_commit": None,
        "git_dirty": None,
    }


def test_a_hook_of_another_repository_does_not_mislead(checkout, tmp_path_factory, monkeypatch):
    expected = head(checkout)
    monkeypatch.setenv("GIT_DIR", str(tmp_path_factory.mktemp("other") / ".git"))
    assert environment.code(checkout)["git_commit"] == expected


def test_without_git_the_commit_is_unknown(checkout, monkeypatch):
    monkeypatch.setenv("PATH", "")
    assert environment.code(checkout)["git_commit"] is None


def test_the_environment_names_what_rounding_depends_on():
    found = environment.describe()
    assert found["python"] == platform.python_version()
    assert found["numpy"] == np.__version__
    assert found["cpu"]
    for pool in found["blas"]:
        assert pool["library"]
        assert pool["threads"] >= 1
