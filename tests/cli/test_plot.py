"""`rnnlab plot`: what it prints, and how it ends."""

import json
import shutil
from pathlib import Path

import pytest

CONFIG = """\
name: small
data: {kind: csv, path: series.csv, lookback: 4}
model: {hidden_size: 3}
training: {epochs: 4}
"""


@pytest.fixture
def run(rnnlab, tmp_path) -> Path:
    """A run of which nothing is left but its record, its config and its tables."""
    rows = [f"2020-{1 + k // 28:02d}-{1 + k % 28:02d},{20 + k % 7}" for k in range(60)]
    (tmp_path / "series.csv").write_text("\n".join(["date,value", *rows, ""]))
    (tmp_path / "small.yaml").write_text(CONFIG)
    path = tmp_path / rnnlab("train", "small.yaml", "--seeds", "2", "--quiet").stdout.strip()
    for gone in ("plots", "checkpoints"):
        shutil.rmtree(path / gone)
    (tmp_path / "series.csv").unlink()
    return path


def test_the_files_are_printed(rnnlab, run):
    done = rnnlab("plot", "latest")
    assert (done.returncode, done.stderr) == (0, "")
    names = ["training.png", "gradient_norms.png", "forecast.png"]
    assert done.stdout.splitlines() == [f"plot  runs/{run.name}/plots/{name}" for name in names]
    assert sorted(path.name for path in (run / "plots").iterdir()) == sorted(names)


def test_json_lists_the_files_and_the_warnings(rnnlab, run):
    (run / "gradient_norms.csv").unlink()
    done = rnnlab("plot", "latest", "--format", "svg", "--out", "figures", "--json")
    said = json.loads(done.stdout)
    assert done.returncode == 0
    assert said["files"] == ["figures/forecast.svg"]
    assert [one.partition(": ")[0] for one in said["warnings"]] == [
        "training.svg could not be drawn", "gradient_norms.svg could not be drawn",
    ]  # fmt: skip
    assert done.stderr.count("warning: ") == 2


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["forcast"], 2, "no such plot: forcast; did you mean forecast"),
        (["--format", "bmp"], 2, "the format must be one of png, pdf, svg; got bmp."),
        (["--out", "small.yaml/below"], 6, "a part of the path is a file, not a folder"),
        (["--out", "small.yaml"], 6, "a file"),
    ],
)
@pytest.mark.usefixtures("run")
def test_what_cannot_be_done_ends_with_a_sentence(rnnlab, arguments, code, said):
    done = rnnlab("plot", "latest", *arguments)
    assert (done.returncode, done.stdout) == (code, "")
    assert said in done.stderr.replace("\n", " ")
    assert "Traceback" not in done.stderr


def test_where_no_plot_can_be_drawn_it_is_an_error(rnnlab, run):
    for table in run.glob("*.csv"):
        table.write_text("")
    done = rnnlab("plot", "latest")
    assert (done.returncode, done.stdout) == (2, "")
    assert "none of its plots could be drawn" in done.stderr
