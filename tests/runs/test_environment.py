"""What a run was computed on is recorded, from rnnlab's own checkout and nobody else's."""

import platform
import subprocess
import tomllib
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pytest

import rnnlab
from rnnlab.runs import environment
from rnnlab.runs.schema import RunRecord

UNKNOWN = {"version": rnnlab.__version__, "git_commit": None, "git_dirty": None, "untracked": [], "patch": None}


@pytest.fixture
def checkout(tmp_path, monkeypatch):
    """A repository with one commit, untouched by the person's own git settings."""
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", "/dev/null")
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    (tmp_path / "rnnlab").mkdir()
    (tmp_path / "rnnlab" / "file").write_text("one\n")
    who = ["-c", "user.name=a", "-c", "user.email=a@example.org"]
    for command in (["init", "-q"], ["add", "rnnlab"], [*who, "commit", "-q", "-m", "One"]):
        subprocess.run(["git", *command], cwd=tmp_path, check=True)
    return tmp_path


def head(checkout):
    return subprocess.check_output(["git", "rev-parse", "HEAD"], cwd=checkout, text=True).strip()


def test_the_commit_of_a_checkout_and_whether_it_was_changed(checkout):
    found = environment.code(checkout)
    assert found.record == UNKNOWN | {"git_commit": head(checkout), "git_dirty": False}
    (checkout / "rnnlab" / "file").write_text("two\n")
    found = environment.code(checkout)
    assert found.record["git_dirty"] is True
    assert b"+two" in found.files["code.patch"]


def test_files_of_the_person_beside_the_package_are_not_read(checkout):
    (checkout / "password.txt").write_text("secret")
    assert environment.code(checkout).record["git_dirty"] is False


def test_a_repository_around_the_source_is_not_its_own(checkout):
    inner = checkout / "site-packages"
    inner.mkdir()
    assert environment.code(inner).record == UNKNOWN


def test_a_hook_of_another_repository_does_not_mislead(checkout, tmp_path_factory, monkeypatch):
    expected = head(checkout)
    monkeypatch.setenv("GIT_DIR", str(tmp_path_factory.mktemp("other") / ".git"))
    assert environment.code(checkout).record["git_commit"] == expected


def test_without_git_the_commit_is_unknown(checkout, monkeypatch):
    monkeypatch.setenv("PATH", "")
    assert environment.code(checkout).record["git_commit"] is None


def test_the_working_folder_is_recorded_only_where_it_is_asked_for(checkout, monkeypatch):
    (checkout / "rnnlab" / "file").write_text("two\n")
    monkeypatch.chdir(checkout)
    assert environment.folder() is None
    monkeypatch.setenv("RNNLAB_RECORD_FOLDER", "1")
    found = environment.folder()
    assert found is not None
    assert (found.record["path"], found.record["git_commit"]) == (str(checkout), head(checkout))
    assert b"+two" in found.files["folder.patch"]


def test_the_environment_names_what_rounding_depends_on():
    found = environment.describe()
    assert found["python"] == platform.python_version()
    assert found["numpy"] == np.__version__
    assert found["cpu"]
    for pool in found["blas"]:
        assert pool["library"]
        assert pool["threads"] >= 1
        assert pool["kernel"] or pool["library"] != "openblas"


def test_the_versions_of_all_dependencies_are_recorded():
    project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    names = [needed.partition(">")[0] for needed in project["dependencies"]]
    found = environment.describe()["packages"]
    assert {name: found.get(name) for name in names} == {name: version(name) for name in names}


def record_of(**changes):
    """A record made here, with entries of its environment changed."""
    made = {"code": environment.code().record, "environment": environment.describe() | changes}
    return RunRecord.of({"name": "x", "kind": "text", "status": "completed", "started_at": "", **made})


def test_here_and_now_nothing_differs():
    assert environment.differences(record_of()) == []


@pytest.mark.parametrize(
    ("changes", "what"),
    [
        ({"cpu": "Z80"}, "CPU"),
        ({"python": "3.0.0"}, "Python"),
        ({"packages": {"numpy": "1.0"}}, "numpy"),
        ({"packages": {**environment.describe()["packages"], "rich": "1.0"}}, None),  # decides about no digit
    ],
)
def test_what_decides_about_the_last_digits_is_compared(changes, what):
    assert [one.what for one in environment.differences(record_of(**changes))] == ([what] if what else [])


def test_another_kernel_is_named_with_how_to_use_it():
    pools = [pool | {"library": "openblas", "kernel": "Prescott"} for pool in environment.describe()["blas"]]
    found = environment.differences(record_of(blas=pools))
    assert "kernel of openblas" in [one.what for one in found]
    assert "OPENBLAS_CORETYPE=Prescott" in str(environment.kernel_hint(found))


def test_what_an_old_run_did_not_record_counts_as_different():
    old = RunRecord.of({"name": "x", "kind": "text", "status": "completed", "started_at": ""})
    found = environment.differences(old)
    assert {"CPU", "numpy", "Python"} <= {one.what for one in found}
    assert {one.recorded for one in found} == {"not recorded"}
    assert environment.kernel_hint(found) is None
