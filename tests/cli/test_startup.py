import subprocess
import sys

import pytest

HEAVY = {"numpy", "pandas", "matplotlib", "requests", "pydantic", "yaml", "rich"}


@pytest.mark.parametrize("arguments", [("--help",), ("train", "--help"), ("manual",), ("manual", "configs")])
def test_help_and_the_manual_import_nothing_heavy(executable, tmp_path, arguments):
    done = subprocess.run(
        [sys.executable, "-X", "importtime", executable, *arguments],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    imported = {line.rpartition("|")[2].strip().partition(".")[0] for line in done.stderr.splitlines()}
    assert "typer" in imported
    assert not imported & HEAVY
