"""Paths that no file can have, and folders that hold anything: one sentence, the right exit code, no waiting."""

import errno
import os
import shutil
import stat
import subprocess

import pytest

from rnnlab.cli import failures

CONFIG = "data: {kind: text, text: abcabcabcabc, chunk: 3}\nmodel: {hidden_size: 2}\ntraining: {updates: 1}\n"
LONG = "x" * 300
DEEP = "d/" * 3000


@pytest.fixture
def odd(tmp_path):
    """A runs folder without a run, and with everything that might be taken for one."""
    runs = tmp_path / "runs"
    for name in ("fifo", "dangling", "folder", "empty"):
        (runs / name).mkdir(parents=True)
    os.mkfifo(runs / "fifo" / "run.json")
    (runs / "dangling" / "run.json").symlink_to("nowhere")
    (runs / "folder" / "run.json").mkdir()
    (runs / "loop").symlink_to("loop")
    (runs / "nowhere").symlink_to("nothing")
    (runs / "file").touch()
    (tmp_path / "c.yaml").write_text(CONFIG)
    return runs


def sentence(done, code):
    """One error, no traceback, nothing else."""
    assert done.returncode == code, done.stderr
    assert done.stderr.count("error: ") == 1
    assert "Traceback" not in done.stderr
    assert "bug" not in done.stderr
    assert len(done.stderr) < 1500


@pytest.mark.usefixtures("odd")
@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["inspect", "latest"], 2),
        (["inspect", "fifo"], 2),
        (["inspect", "runs/fifo"], 2),
        (["inspect", "runs/loop"], 2),
        (["compare", LONG, "dangling"], 2),
        (["inspect", "a\nb\x1b[2J"], 2),
        (["inspect", os.fsdecode(b"\xff\xfe")], 2),
        (["inspect", "latest", "--runs-dir", LONG], 2),
        (["inspect", "latest", "--runs-dir", "runs/loop"], 2),
        (["inspect", "latest", "--runs-dir", "c.yaml"], 2),
        (["train", "c.yaml", "--runs-dir", LONG], 6),
        (["train", "c.yaml", "--runs-dir", DEEP], 6),
        *[
            ([command, name], 2)
            for command in ("train", "check", "gradcheck", "unroll", "compare", "inspect")
            for name in (LONG, f"{LONG}/b.yaml", DEEP)
        ],
        (["train", "c.yaml", "--runs-dir", "c.yaml"], 6),
        (["train", "c.yaml", "--runs-dir", "runs/loop/a"], 6),
    ],
)
def test_a_path_that_cannot_be(rnnlab, arguments, code):
    sentence(rnnlab(*arguments), code)


@pytest.mark.usefixtures("odd")
def test_the_variable_is_a_path_too(rnnlab):
    sentence(rnnlab("inspect", "latest", env={"RNNLAB_RUNS": LONG}), 2)


def test_a_config_that_extends_no_path(rnnlab, odd):
    (odd.parent / "e.yaml").write_text('extends: "\\0"\n')
    done = rnnlab("train", "e.yaml")
    sentence(done, 2)
    assert "this is no path" in done.stderr


def test_a_working_folder_that_is_gone(executable, environment, odd):
    for line, code in (("inspect latest", 2), (f"train '{odd.parent / 'c.yaml'}'", 6)):
        command = f"mkdir gone; cd gone; rmdir ../gone; '{executable}' {line}"
        done = subprocess.run(
            ["bash", "-c", command],
            cwd=odd.parent, env=environment(), capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip
        sentence(done, code)


def test_too_many_open_files_are_no_bug(capsys):
    assert failures.report(OSError(errno.EMFILE, "Too many open files", "a"), ["train"]) == 2
    assert capsys.readouterr().err.startswith("error: too many open files\n")


@pytest.mark.skipif(os.geteuid() != 0 or not shutil.which("setpriv"), reason="needs root, to become somebody else")
def test_a_run_folder_that_may_not_be_entered(executable, environment, odd):
    closed = odd / "20260101T000000Z-closed-0000"
    closed.mkdir()
    for folder in odd.parents:
        if not folder.stat().st_mode & stat.S_IXOTH:
            folder.chmod(0o755)
        if folder.name.startswith("pytest-of"):
            break
    closed.chmod(0)

    def as_nobody(*command: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", *command],
            cwd=odd.parent,
            env=environment(),
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    if as_nobody(executable, "--version").returncode != 0:
        pytest.skip("this interpreter is root's alone")
    done = as_nobody(executable, "inspect", closed.name)
    sentence(done, 2)
    assert "there is no permission to read there" in done.stderr
