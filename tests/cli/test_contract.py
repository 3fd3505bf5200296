"""What the outside world may rely on, of every command that there is, through the installed executable.

Streams, exit codes, `--json`, `--quiet`, `--debug`, colours and widths. A command that is added needs a line in
`WORKING`.
"""

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from datetime import date, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command

from rnnlab.cli import home
from rnnlab.cli.app import app
from rnnlab.cli.groups import GROUPS, OTHERS, grouped
from tests.command_line import run_process, watch_process

GROUP: Any = get_command(app)
COMMANDS = GROUP.commands
CONFIGS = Path(__file__).parents[2] / "configs"
CONFIG = """\
name: small
seeds: 2
data: {kind: text, text: the quick brown fox, repeat: 5, chunk: 5}
model: {hidden_size: 2}
training: {updates: 4}
"""
SERIES = "name: series\ndata: {kind: csv, path: prices.csv, lookback: 3}\ntraining: {epochs: 2}\n"
# The least that each command can be asked, in the folder that `place` makes.
WORKING = {
    "train": "small.yaml",
    "gradcheck": "small.yaml",
    "sweep-rho": "0.5 2 --config small.yaml",
    "inspect": "first",
    "compare": "first second",
    "why": "first second",
    "plot": "first training --out figures",
    "fetch": "AAPL --from-file prices.csv",
    "forecast": "prices.csv --steps 3 --seeds 2 --set training.epochs=10",
    "check": "small.yaml",
    "explain": "model.hidden_size",
    "schema": "",
    "init": "starters",
    "manual": "",
    "unroll": "small.yaml",
    "verify": "first",
    "resume": "stopped",
    "runs": "",
    "show": "first",
    "label": "first paper",
    "note": "first",
    "rm": "20200101T000000Z --runs-dir spare",
    "doctor": "",
}
ANSI = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
COLOUR = re.compile(r"\x1b\[[0-9;]*m")
WIDTHS = [60, pytest.param(80, marks=pytest.mark.slow), 200]
PLAIN = {"NO_COLOR": ({"NO_COLOR": "1"}, []), "dumb": ({"TERM": "dumb"}, []), "option": ({}, ["--no-color"])}
HEAVY = {"numpy", "pandas", "matplotlib", "requests", "pydantic", "yaml", "rich"}


def having(option):
    """The commands that have an option."""
    return [name for name, one in COMMANDS.items() if any(option in param.opts for param in one.params)]


def working(name):
    return [name, *shlex.split(WORKING[name])]


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A folder with a config, a run of it and a file of prices; and what a command line gave there, run once."""
    folder = tmp_path_factory.mktemp("contract")
    (folder / "small.yaml").write_text(CONFIG)
    days = "".join(f"2024-01-{day:02d},{100 + day % 7}\n" for day in range(1, 32))
    (folder / "prices.csv").write_text(f"date,close\n{days}")
    ready: Any = cache(lambda *words: prepared(folder) or run_process(folder, *words))
    (folder / "series.yaml").write_text(SERIES)
    assert ready("train", "series.yaml", "--quiet").returncode == 0
    for name in ("first", "second", "stopped"):
        assert ready("train", "small.yaml", "--quiet", "--name", name).returncode == 0
    ready.folder = folder
    return ready


def prepared(folder):
    """Take away what a command makes once only, interrupt what it completes, and make anew what it removes."""
    (folder / "spare" / "20200101T000000Z-old-0000").mkdir(parents=True, exist_ok=True)
    for made in ("starters", "data"):
        shutil.rmtree(folder / made, ignore_errors=True)
    interrupt(folder.glob("runs/*-stopped-*/run.json"))


def interrupt(records):
    for record in records:
        record.write_text(record.read_text().replace('"status": "completed"', '"status": "interrupted"'))


def screen(place, *words, columns=80, env=None):
    """Exit code of a command line on a terminal, and what its lines hold in the end."""
    prepared(place.folder)
    return watch_process(place.folder, *words, columns=columns, env=env)


def widest(said):
    """Columns of the widest line; a path with its label is not broken, whatever its length."""
    lines = re.split(r"[\r\n]+", ANSI.sub("", said))
    return max(len(line) for line in lines if not re.fullmatch(r"\w+ +\S*/\S*", line))


def test_every_command_is_tested_here():
    assert set(COMMANDS) - set(WORKING) == set(), "add a line for it to WORKING"


def test_every_command_has_a_group():
    assert OTHERS not in grouped(COMMANDS), "add it to rnnlab/cli/groups.py"
    members = [name for names in GROUPS.values() for name in names]
    assert len(members) == len(set(members))


@pytest.mark.parametrize("columns", [60, 80, 200])
@pytest.mark.parametrize("words", [[], ["--help"], *([name, "--help"] for name in COMMANDS)], ids=" ".join)
def test_help_fits_the_terminal(place, words, columns):
    code, said = screen(place, *words, columns=columns)
    assert code == 0
    assert widest(said) <= columns
    assert COLOUR.search(said)
    assert all(name in said for name in COMMANDS) or words[1:]


@pytest.mark.parametrize("words", [[], ["--help"], *([name, "--help"] for name in COMMANDS)], ids=" ".join)
def test_help_is_a_result(place, words):
    done = place(*words)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.strip()
    assert "\x1b" not in done.stdout


@pytest.mark.parametrize("name", COMMANDS)
def test_results_are_on_standard_output_and_progress_is_not(place, name):
    done = place(*working(name))
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip()
    assert "\x1b" not in done.stdout + done.stderr
    assert not re.search(r"^(error|warning|next|epoch|update)\b", done.stdout, re.MULTILINE)
    assert not re.search(r"Traceback|Warning|^error", done.stderr, re.MULTILINE)
    assert "next  " not in done.stderr


@pytest.mark.parametrize("name", having("--json"))
def test_json_is_one_document_with_its_version(place, name):
    done = place(*working(name), "--json")
    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout, parse_constant=pytest.fail)
    assert document["schema_version"] == 1
    assert len(document) > 1
    assert "{" not in done.stderr


@pytest.mark.parametrize("name", having("--json"))
def test_an_error_has_its_document_too(place, name):
    done = place(name, "--nonsense", "--json")
    document = json.loads(done.stdout)
    assert done.returncode == document["error"]["exit_code"] == 2
    assert document["schema_version"] == 1
    assert document["error"]["message"] == "no such option: --nonsense"
    assert done.stderr.startswith("error: no such option: --nonsense\n")


@pytest.mark.parametrize("name", having("--quiet"))
def test_quiet_leaves_the_run_folder(place, name):
    done = place(*working(name), "--quiet")
    assert (done.returncode, done.stderr, done.stdout.count("\n")) == (0, "", 1)
    assert (place.folder / done.stdout.strip() / "run.json").is_file()


def test_what_makes_a_run_has_quiet():
    assert {"train", "sweep-rho"} <= set(having("--quiet")) - {"resume"} == set(having("--name"))


@pytest.mark.parametrize("name", COMMANDS)
def test_a_mistake_is_one_message_and_exit_2(place, name):
    done = place(name, "--nonsense")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("error: no such option: --nonsense\n")
    assert len(done.stderr.splitlines()) <= 2
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("where", ["before", "after"])
@pytest.mark.parametrize("name", COMMANDS)
def test_debug_shows_where_a_mistake_was_found(place, name, where):
    words = ["--debug", name, "--nonsense"] if where == "before" else [name, "--nonsense", "--debug"]
    done = place(*words)
    assert done.returncode == 2
    assert "Traceback (most recent call last):" in done.stderr
    assert "error: no such option: --nonsense\n" in done.stderr


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["train", "nowhere.yaml"], 2),
        (["inspect", "nowhere"], 2),
        (["fetch", "../x"], 4),
        (
            ["train", "small.yaml", "--set", "data.kind=csv", "--set", "data.path=none.csv", "--set", "data.text=null"],
            2,
        ),
        (["train", "diverging.yaml"], 3),
        (["train", "small.yaml", "--runs-dir", "small.yaml/runs"], 6),
        (["nonsense"], 2),
    ],
)
def test_exit_codes(place, words, code):
    wild = "{updates: 30, optimizer: {learning_rate: 1e300}}"
    text = CONFIG.replace("{updates: 4}", wild).replace("hidden_size: 2", "hidden_size: 2, activation: relu")
    (place.folder / "diverging.yaml").write_text(text)
    done = place(*words)
    assert done.returncode == code, done.stderr
    assert re.search(r"^error: ", done.stderr, re.MULTILINE)
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("columns", WIDTHS)
@pytest.mark.parametrize("name", COMMANDS)
def test_a_screen_fits_the_terminal_and_ends_with_the_next_step(place, name, columns):
    code, said = screen(place, *working(name), columns=columns)
    assert code == 0, said
    assert widest(said) <= columns or name == "schema"  # a JSON document, whatever the width
    lines = [line.rstrip() for line in re.split(r"[\r\n]+", ANSI.sub("", said)) if line.strip()]
    assert any(re.match(r"next  \S", line) for line in lines[-3:]), lines[-3:]


@pytest.mark.parametrize("how", [pytest.param(one, marks=pytest.mark.slow) if one == "dumb" else one for one in PLAIN])
@pytest.mark.parametrize("name", COMMANDS)
def test_no_colour_where_none_is_wanted(place, name, how):
    env, options = PLAIN[how]
    code, said = screen(place, *working(name), *options, env=env)
    assert code == 0, said
    assert not COLOUR.search(said)


@pytest.mark.parametrize("how", PLAIN)
def test_no_colour_in_errors_and_help_where_none_is_wanted(place, how):
    env, options = PLAIN[how]
    for words in ([], ["--help"], ["train", "--help"], ["train", "nowhere.yaml"], ["nonsense"]):
        _, said = screen(place, *words, *options, env=env)
        assert said.strip()
        assert not COLOUR.search(said), words


@pytest.mark.parametrize(
    "words", [[], ["--help"], ["--version"], *([name, "--help"] for name in COMMANDS)], ids=" ".join
)
def test_help_and_home_import_nothing_heavy(executable, environment, place, words):
    done = subprocess.run(
        [sys.executable, "-X", "importtime", executable, *words],
        cwd=place.folder, env=environment(), capture_output=True, text=True, check=True,
    )  # fmt: skip
    imported = {line.rpartition("|")[2].strip().partition(".")[0] for line in done.stderr.splitlines()}
    assert "typer" in imported
    assert not imported & HEAVY


def examples():
    """Every line of the examples in help, and the commands that the home screen shows first."""
    lines = [command for command, _ in home.FIRST]
    for one in COMMANDS.values():
        lines += re.findall(r"^ *(rnnlab .*)$", one.epilog or "", re.MULTILINE)
    return list(dict.fromkeys(lines))


def first_ones():
    """An example of each command; the others are tried with the slow tests."""
    found = {}
    for line in examples():
        found.setdefault(shlex.split(line)[1], line)
    return set(found.values())


# What makes a training quick, and changes nothing about which words are understood.
BRIEF = {
    "train": "--seeds 1 --set training.epochs=null --set training.updates=1",
    "sweep-rho": "--seeds 1 --set training.updates=1",
}


@pytest.fixture(scope="module")
def tried(tmp_path_factory):
    """A folder in which the examples of help can work: the configs, a few runs, a file of prices, no network."""
    folder = tmp_path_factory.mktemp("examples")
    shutil.copytree(CONFIGS, folder / "configs")
    shutil.copy(CONFIGS / "stock.yaml", folder / "stock.yaml")
    shutil.copy(CONFIGS / "stock.yaml", folder / "my.yaml")
    for config in ("stock", "stock/adam", "stock/gru", "gradients"):
        words = ["train", f"configs/{config}.yaml", *shlex.split(BRIEF["train"]), "--quiet"]
        done = run_process(folder, *words)
        assert done.returncode == 0, done.stderr
    run = done.stdout.strip()
    os.rename(folder / run, folder / "runs" / "RUN")
    ids = ("20261121T170305Z-gradients-aaaa", "20261121T180305Z-lstm-bbbb")
    for run_id in ids:
        shutil.copytree(folder / "runs" / "RUN", folder / "runs" / run_id)
    (folder / "Downloads").mkdir()
    # Enough of them to train on: what is imported stands before the bundled prices from then on.
    rows = [f"{date(2023, 1, 2) + timedelta(days=day)},{100 + day % 7}\n" for day in range(400)]
    (folder / "Downloads" / "aapl_us_d.csv").write_text(f"Date,Close\n{''.join(rows)}")
    for name in ("sales.csv", "prices.csv"):
        (folder / name).write_text(f"date,close\n{''.join(rows[:60])}")
    return folder


@pytest.mark.parametrize(
    "line", [line if line in first_ones() else pytest.param(line, marks=pytest.mark.slow) for line in examples()]
)
def test_the_examples_of_help_work(tried, tmp_path, environment, executable, line):
    words = shlex.split(line)
    if words[1] == "fetch" and not {"--from-file", "--list"} & set(words):
        pytest.skip("asks the network: tests/cli/test_fetch.py asks a server of its own")
    if words[1] == "resume":
        interrupt(tried.glob("runs/*/run.json"))
    done = subprocess.run(
        ["bash", "-c", f"{line} {BRIEF.get(words[1], '')}".replace("rnnlab", shlex.quote(str(executable)), 1)],
        # `init` overwrites nothing; the others begin with the same runs each.
        cwd=tmp_path if words[1] == "init" else shutil.copytree(tried, tmp_path / "own"),
        env=environment({"HOME": str(tried)}), capture_output=True, encoding="utf-8", check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() or ">" in words or "nothing is kept in data" in done.stderr


def test_every_command_has_an_example():
    lines = examples()
    assert [name for name in COMMANDS if not any(shlex.split(line)[1] == name for line in lines)] == []
