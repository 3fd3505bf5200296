"""`rnnlab inspect`: table, document, refusals."""

import json
import re
import shutil

import pytest

from tests.command_line import run_here
from tests.painting import nothing_painted

CONFIG = """\
name: small
seeds: 3
data: {kind: text, text: the quick brown fox, repeat: 4, chunk: 12}
model: {hidden_size: 6, cell: lstm}
training: {updates: 4, batch_size: 2, checkpoint: {every: 2, keep: 99}}
"""


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A folder with one finished run, to be copied."""
    folder = tmp_path_factory.mktemp("trained")
    (folder / "small.yaml").write_text(CONFIG)
    with nothing_painted():
        assert run_here(folder, "train", "small.yaml", "--quiet").returncode == 0
    return folder


@pytest.fixture
def run(trained, tmp_path):
    shutil.copytree(trained, tmp_path, dirs_exist_ok=True)
    (path,) = (tmp_path / "runs").iterdir()
    return f"runs/{path.name}"


@pytest.mark.usefixtures("run")
def test_a_table_before_against_after(rnnlab, tmp_path):
    done = rnnlab("inspect", "latest")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("small: 3 seeds, update 4 (checkpoint 0002), 12 steps\n")
    rows = {line[2:25].strip(): line for line in done.stdout.splitlines() if line.startswith("  ")}
    assert re.search(r"before training +after$", done.stdout.splitlines()[2])
    assert re.search(r"-\d\.\d{3} \[-\d\.\d\d, -\d\.\d\d\] +-\d\.\d{3} \[", rows["growth rate (nats/step)"])
    assert re.search(r" 0\.49\d \[.* 0\.49\d \[", rows["gate f, openness"])
    assert "On the first 2 training sequences. Medians of the seeds" in done.stdout
    for line in done.stdout.splitlines():
        if line.startswith("plot"):
            assert (tmp_path / line.split()[1]).is_file()


def test_json_is_one_document(rnnlab, run):
    content = json.loads(rnnlab("inspect", run, "--checkpoint", "1", "--json").stdout)
    assert (content["update"], content["sample"]) == (2, "the first 2 training sequences")
    assert set(content["recurrences"]["layer0"]) == {"before", "after"}


@pytest.mark.usefixtures("run")
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("nothing",), "There is no run 'nothing' in 'runs'"),
        (("latest", "--checkpoint", "9"), "--checkpoint must name a checkpoint of 'runs/"),
    ],
)
def test_what_is_not_there_is_said(rnnlab, arguments, message):
    done = rnnlab("inspect", *arguments)
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.startswith(f"error: {message}")


@pytest.mark.usefixtures("run")
def test_the_table_fits_a_narrow_terminal(on_terminal):
    code, screen = on_terminal("inspect", "latest", columns=80)
    text = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", screen)
    lines = [line for line in text.replace("\r\n", "\n").splitlines() if not line.startswith("plot")]
    assert code == 0
    assert max(map(len, lines)) <= 80
    assert text.count("verdict") == 1
