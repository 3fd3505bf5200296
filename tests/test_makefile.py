"""The set-up explains itself where it cannot work. (That it works is what CI shows from a bare clone.)"""

import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
TOOLS = ("make", "sh", "dirname", "env", "touch")

pytestmark = pytest.mark.skipif(shutil.which("make") is None, reason="make is not installed")


@pytest.fixture
def make_train(tmp_path):
    """Run `make train` in a copy whose path has a space, on a machine with just the given Pythons."""
    checkout, tools = tmp_path / "a check out", tmp_path / "bin"
    checkout.mkdir()
    tools.mkdir()
    for name in ("Makefile", "pyproject.toml", "requirements.lock"):
        shutil.copy(ROOT / name, checkout)
    for tool in TOOLS:
        (tools / tool).symlink_to(shutil.which(tool) or pytest.skip(f"{tool} is not installed"))

    def run(**pythons: str) -> subprocess.CompletedProcess[str]:
        for name, script in pythons.items():
            (tools / name).write_text(f"#!/bin/sh\n{script}\n")
            (tools / name).chmod(0o755)
        answer = subprocess.run(
            ["make", "train"],
            cwd=checkout,
            env={"PATH": str(tools)},
            capture_output=True,
            text=True,
            check=False,
        )
        assert answer.returncode != 0
        assert not (checkout / ".venv" / "ready").exists()
        return answer

    return run


def first_line(answer: subprocess.CompletedProcess[str]) -> str:
    return answer.stderr.splitlines()[0]


def test_without_python_it_says_what_to_install(make_train):
    line = first_line(make_train())
    assert line.startswith("error: rnnlab needs Python 3.11 to 3.14; install it: apt install python3 python3-venv")


def test_an_old_python_is_named(make_train):
    line = first_line(make_train(python3="echo 3.10"))
    assert line.startswith("error: rnnlab needs Python 3.11 to 3.14; only 3.10 is here; install it: apt install")


def test_a_shim_without_its_python_is_passed_over(make_train):
    """A version manager leaves commands in the path whose Python is not installed."""
    line = first_line(make_train(**{"python3.13": "exit 127", "python3": "echo 3.9"}))
    assert "only 3.9 is here" in line


def test_a_python_without_venv_names_its_package(make_train):
    script = 'case "$2" in *ensurepip*) exit 1;; *) echo 3.12;; esac'
    line = first_line(make_train(python3=script))
    assert line == (
        "error: Python 3.12 is here without its venv module; install that: "
        "apt install python3.12-venv (Debian, Ubuntu)."
    )


def test_help_names_every_command():
    answer = subprocess.run(["make", "-s"], cwd=ROOT, capture_output=True, text=True, check=True)
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = makefile.partition(".PHONY: help ")[2].partition("\n")[0].split()
    assert [target for target in targets if f"make {target}" not in answer.stdout] == []
