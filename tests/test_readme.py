"""The manual is true: its tables are fresh, its commands and options exist and run, its links lead somewhere."""

import os
import re
import shlex
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.main import get_command

from rnnlab.cli.app import app
from rnnlab.config import load
from rnnlab.config.reference import tables
from rnnlab.runs import read_table
from rnnlab.runs.record import STATUSES

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(\w*)\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)
GROUP: Any = get_command(app)
COMMANDS = GROUP.commands
OFFLINE = ("train", "gradcheck", "sweep-rho", "inspect", "compare")
NUMBER = re.compile(r"[+-]?(\d[\d,]*\.?\d*|\.\d+)(e[+-]?\d+)?")


def blocks(language):
    return [text for word, text in BLOCKS if word == language]


def command_lines():
    """Every `rnnlab ...` of the shell blocks and the sessions, without its remark."""
    lines = [line for text in blocks("sh") for line in text.splitlines()]
    lines += [line[2:] for text in blocks("console") for line in text.splitlines() if line.startswith("$ ")]
    return [line.partition("#")[0].strip() for line in lines if line.startswith("rnnlab ")]


def runs_offline(line):
    return shlex.split(line)[1] in OFFLINE


@pytest.fixture(scope="module")
def session(tmp_path_factory):
    """A folder with a copy of the configs; gives the finished process of a command line, run at most once."""
    folder = tmp_path_factory.mktemp("manual")
    shutil.copytree(ROOT / "configs", folder / "configs")
    environment = {name: value for name, value in os.environ.items() if not name.startswith("RNNLAB_")}
    environment |= {"NO_COLOR": "1", "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}

    @cache
    def run(line: str, inside: str = ".") -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            shlex.split(line),
            cwd=folder / inside,
            env=environment,
            capture_output=True,
            encoding="utf-8",
            check=False,
            timeout=300,
        )

    ready: Any = run
    ready.folder = folder
    return ready


def test_the_tables_of_keys_are_fresh():
    kept = re.search(r"<!-- keys -->\n(.*)<!-- /keys -->", README, re.DOTALL)
    assert kept is not None
    assert kept[1].strip() == tables().strip(), "python -m rnnlab.config.reference writes them anew"


def test_every_command_is_in_the_manual_and_the_other_way_round():
    assert set(COMMANDS) == set(re.findall(r"(?:`|^|^\$ )rnnlab ([a-z][a-z-]*)", README, re.MULTILINE))


def test_every_command_and_option_has_help():
    context = typer.Context(get_command(app))
    for name, command in COMMANDS.items():
        assert command.get_short_help_str(200).endswith("."), name
        for parameter in command.get_params(context):
            if parameter.param_type_name == "option":
                assert parameter.help, f"{name} {parameter.opts}"
        assert "Examples:" in (command.epilog or ""), name


def test_every_option_that_the_manual_names_exists():
    """Options stand in words like `--set`; each must belong to some command, or to `rnnlab` itself."""
    commands = [get_command(app), *COMMANDS.values()]
    known = {word for command in commands for parameter in command.params for word in parameter.opts} | {"--help"}
    ours = re.sub(r"`python -m [^`]*`", "", README)  # the benchmarks have options of their own
    assert set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", ours)) <= known


def test_every_variable_is_in_the_manual():
    source = "".join(file.read_text(encoding="utf-8") for file in (ROOT / "rnnlab").rglob("*.py"))
    used = set(re.findall(r"\bRNNLAB_[A-Z]+\b", source))
    told = set(re.findall(r"\bRNNLAB_[A-Z]+\b", README))
    addresses = {name for name in used if name.endswith("_URL")}  # told as a rule: RNNLAB_YAHOO_URL and so on
    assert used - addresses <= told


def test_every_status_is_in_the_manual():
    assert {status for status in (*STATUSES, "lost") if f"`{status}`" not in README} == set()


def test_links_lead_somewhere():
    links = re.findall(r"\]\(([^)\s]+)\)", README)
    local = [link for link in links if not link.startswith(("http://", "https://", "#"))]
    assert len(local) > 5
    assert [link for link in local if not (ROOT / link.partition("#")[0]).exists()] == []


@pytest.mark.parametrize("code", blocks("python"))
def test_the_python_of_the_manual_runs(code, tmp_path):
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert re.fullmatch(r"\d+\.\d+ \(16, 64\)\n", done.stdout)


@pytest.mark.parametrize("text", blocks("yaml"))
def test_the_configs_of_the_manual_are_right(text, tmp_path):
    (tmp_path / "config.yaml").write_text(text)
    assert load(tmp_path / "config.yaml").name == "config"


@pytest.mark.parametrize("setting", sorted(set(re.findall(r"--set ([a-z][^\s.]*(?:\.[^\s.]+)+?)`", README))))
def test_the_settings_of_the_manual_are_right(setting):
    assert load(ROOT / "configs" / "stock.yaml", overrides=[setting]) != load(ROOT / "configs" / "stock.yaml")


def test_the_error_of_the_manual_is_what_is_said(session):
    (shown,) = [text for text in blocks("") if text.startswith("error: ")]
    wrong = session.folder / "wrong"
    shutil.copytree(ROOT / "configs", wrong / "configs")
    stock = wrong / "configs" / "stock.yaml"
    stock.write_text(stock.read_text().replace("hidden_size: 16", "hiden_size: 16"))
    done = session("rnnlab train configs/stock.yaml", inside="wrong")
    assert done.returncode == 2
    assert done.stderr == shown


LINES = sorted({line for line in command_lines() if runs_offline(line)})
LONG = ("rnnlab sweep-rho 0.9 0.99 1.2",)


@pytest.mark.parametrize("line", [pytest.param(line, marks=pytest.mark.slow if line in LONG else ()) for line in LINES])
def test_the_commands_of_the_manual_run(session, line):
    done = session(line)
    assert done.returncode == 0, done.stderr


def test_some_commands_are_in_the_manual():
    assert "rnnlab train configs/stock.yaml" in command_lines()


SESSIONS = [text for text in blocks("console") if runs_offline(text.splitlines()[0][2:])]


@pytest.mark.parametrize("text", SESSIONS, ids=[text.splitlines()[0][2:] for text in SESSIONS])
def test_the_sessions_of_the_manual_are_what_is_said(session, text):
    """Line for line, but for numbers, which hang on the processor's last digits and the time of the day."""

    def form(text):
        return [" ".join(NUMBER.sub("0", line).split()) for line in text.strip().splitlines() if line.strip()]

    command, _, shown = text.partition("\n")
    said = session(command.removeprefix("$ ")).stdout
    paths = re.compile(r"runs/\S+")
    assert form(paths.sub("RUN", shown)) == form(paths.sub("RUN", said))


def test_the_results_that_the_manual_shows_of_the_stock_experiment_are_its_results(session):
    shown = [text for text in SESSIONS if text.startswith("$ rnnlab train configs/stock.yaml\n")]
    if not shown:
        pytest.skip("the manual shows no run of it")
    said = session("rnnlab train configs/stock.yaml").stdout
    for metric in ("RMSE", "MAE"):
        numbers = [
            [float(number[0].replace(",", "")) for number in NUMBER.finditer(line)]
            for text in (shown[0], said)
            for line in text.splitlines()
            if line.strip().startswith(f"{metric} (USD)")
        ]
        assert numbers[0] == pytest.approx(numbers[1], rel=0.02)


def test_the_tables_of_a_run_have_the_columns_that_the_manual_names(session):
    run = session.folder / session("rnnlab train configs/stock.yaml").stdout.split()[-1]
    for name in ("metrics.csv", "gradient_norms.csv", "predictions.csv"):
        told = re.search(rf"^\| `{name}` \| [^`|]*`([a-z_,]+)`", README, re.MULTILINE)
        assert told is not None, name
        columns = list(read_table(run / name))
        named = told[1].split(",")
        assert columns[: len(named)] == named
        assert len(columns) == len(named) or name == "gradient_norms.csv"
