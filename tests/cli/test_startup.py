import subprocess
import sys

HEAVY = {"numpy", "pandas", "matplotlib", "requests", "pydantic", "yaml", "rich"}


def test_help_imports_nothing_heavy(executable, tmp_path):
    done = subprocess.run(
        [sys.executable, "-X", "importtime", executable, "--help"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    imported = {line.rpartition("|")[2].strip().partition(".")[0] for line in done.stderr.splitlines()}
    assert "typer" in imported
    assert not imported & HEAVY
