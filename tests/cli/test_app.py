import json
import re
import subprocess
import sys
from typing import Any

import pytest
import typer

from rnnlab import __version__
from rnnlab.cli import home
from rnnlab.cli.app import app
from rnnlab.cli.groups import grouped

COLOUR = "\x1b["
GROUP: Any = typer.main.get_command(app)
COMMANDS = GROUP.commands


def test_version(installed):
    done = installed("--version")
    assert (done.returncode, done.stdout, done.stderr) == (0, f"rnnlab {__version__}\n", "")


def test_module_is_the_command(tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", "rnnlab", "--version"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == f"rnnlab {__version__}\n"


def test_help_lists_every_command_once(rnnlab):
    done = rnnlab("--help")
    assert (done.returncode, done.stderr) == (0, "")
    listed = re.findall(r"^  ([a-z][a-z-]*)  ", done.stdout, re.MULTILINE)
    assert sorted(listed) == sorted(COMMANDS)
    assert "..." not in done.stdout.partition("Start here:")[2]


def test_the_home_screen_groups_every_command(rnnlab):
    done = rnnlab()
    assert (done.returncode, done.stderr) == (0, "")
    titles = re.findall(r"^([A-Z].*)$", done.stdout, re.MULTILINE)
    assert titles == ["The first three commands", *grouped(COMMANDS), "Next"]
    assert re.findall(r"^  rnnlab .*?(?=  )", done.stdout, re.MULTILINE)[:3] == [f"  {line}" for line, _ in home.FIRST]
    listed = re.findall(r"^  ([a-z-]+)  +[A-Z]", done.stdout, re.MULTILINE)
    assert sorted(listed) == sorted(COMMANDS)
    assert rnnlab("--no-color").stdout == done.stdout


def test_a_command_without_a_group_is_shown_too():
    assert list(grouped(["train", "brandnew"]).items()) == [("Start here", ["train"]), ("More", ["brandnew"])]


def test_the_home_screen_folds_where_there_is_little_room(on_terminal):
    code, screen = on_terminal(columns=40, env={"NO_COLOR": "1"})
    assert code == 0
    assert "  rnnlab sweep-rho 0.9 0.99 1.2\r\n    watch gradients vanish and explode\r\n" in screen
    assert max(map(len, screen.splitlines())) <= 40


@pytest.mark.parametrize("words", [["-h"], ["train", "-h"], ["train", "x", "--help"], ["train", "--nonsense", "-h"]])
def test_help_is_told_wherever_it_is_asked_for(rnnlab, words):
    done = rnnlab(*words)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == rnnlab(*words[: len(words) > 1], "--help").stdout


@pytest.mark.parametrize("name", COMMANDS)
def test_everything_has_help(name):
    command = COMMANDS[name]
    assert command.help
    assert [param.name for param in command.params if not param.help] == []


@pytest.mark.parametrize(("name", "usage"), [("train", "CONFIG..."), ("fetch", "[SYMBOL...]")])
def test_usage_line(rnnlab, name, usage):
    assert rnnlab(name, "--help").stdout.startswith(f"Usage: rnnlab {name} [OPTIONS] {usage}\n")


@pytest.mark.parametrize("name", COMMANDS)
@pytest.mark.parametrize("columns", [60, 80])
def test_help_fits_the_terminal(on_terminal, name, columns):
    code, screen = on_terminal(name, "--help", columns=columns)
    assert code == 0
    assert max(len(line) for line in re.sub(r"\x1b\[[0-9;]*m", "", screen).splitlines()) <= columns


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["trian", "x.yaml"], "error: no such command: trian; did you mean train?"),
        (["zzz"], "error: no such command: zzz\n"),
        (["train", "x.yaml", "--sedes", "3"], "error: no such option: --sedes; did you mean --seeds?"),
        (["train"], "error: missing argument 'CONFIG...'"),
        (["check", "x.yaml", "y.yaml"], "error: unexpected argument: y.yaml\n"),
        (
            ["train", "x.yaml", "training.epochs=3"],
            "error: unexpected argument: training.epochs=3\n hint: `--set training.epochs=3` sets a key of the config",
        ),
        (
            ["train", "x.yaml", "--epochs", "10"],
            "error: no such option: --epochs; training.epochs is a key of the config.\n"
            " hint: --set training.epochs=10 sets it\n",
        ),
        (
            ["gradcheck", "x.yaml", "--lr=0.1"],
            "error: no such option: --lr; training.optimizer.learning_rate is a key of the config.\n"
            " hint: --set training.optimizer.learning_rate=0.1 sets it\n",
        ),
        (
            ["sweep-rho", "1", "--hidden-size", "8"],
            "error: no such option: --hidden-size; model.hidden_size is a key of the config.\n"
            " hint: --set model.hidden_size=8 sets it\n",
        ),
        (["train", "x.yaml", "--plot"], "error: no such option: --plot\n"),
        (["sweep-rho", "1", "--plot"], "error: no such option: --plot\n"),
        (["train", "x.yaml", "--device", "cuda"], "error: no such option: --device\n"),
        (["inspect", "latest", "--epochs", "3"], "error: no such option: --epochs\n"),
        (["train", "--seeds"], "error: option '--seeds' requires an argument\n hint: `rnnlab train --help` shows"),
        (
            ["predict"],
            "error: no such command: predict\n hint: `rnnlab forecast RUN` forecasts a run's series, or a CSV file",
        ),
        (["ls"], "error: no such command: ls\n hint: `rnnlab runs` lists the runs"),
        (["sweep"], "error: no such command: sweep; did you mean sweep-rho?"),
        (["train", "x.yaml", "--name"], "error: option '--name' requires an argument"),
        (["tr\x1b[2Jain"], r"error: no such command: tr\x1b[2Jain"),
    ],
)
def test_usage_errors(rnnlab, arguments, message):
    done = rnnlab(*arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(message)
    assert done.stderr.count("error:") == 1
    assert COLOUR not in done.stderr


def test_usage_error_as_json(rnnlab):
    done = rnnlab("train", "--json")
    problem = json.loads(done.stdout)["error"]
    assert (done.returncode, problem["exit_code"], problem["kind"]) == (2, 2, "UsageError")
    assert problem["message"] in done.stderr


@pytest.mark.parametrize(
    ("arguments", "env", "coloured"),
    [
        (["trian"], {}, True),
        (["trian"], {"NO_COLOR": "1"}, False),
        (["trian"], {"NO_COLOR": ""}, True),
        (["trian"], {"TERM": "dumb"}, False),
        (["--no-color", "trian"], {}, False),
        (["trian", "--no-color"], {}, False),
        (["--help"], {}, True),
        (["--help"], {"NO_COLOR": "1"}, False),
        (["--help", "--no-color"], {}, False),
    ],
)
def test_colour_on_a_terminal(on_terminal, arguments, env, coloured):
    _, screen = on_terminal(*arguments, env=env)
    assert (COLOUR in screen) == coloured


@pytest.mark.parametrize("arguments", [["trian"], ["--help"]])
def test_colour_off_a_terminal(rnnlab, arguments):
    plain = rnnlab(*arguments)
    assert COLOUR not in plain.stdout + plain.stderr
    forced = rnnlab(*arguments, env={"FORCE_COLOR": "1"})
    assert COLOUR in forced.stdout + forced.stderr
    both = rnnlab(*arguments, env={"FORCE_COLOR": "1", "NO_COLOR": "1"})
    assert (both.stdout, both.stderr) == (plain.stdout, plain.stderr)


def test_a_reader_that_went_away_is_no_error(executable, environment, tmp_path):
    process = subprocess.Popen(
        [executable, "--help"],
        cwd=tmp_path,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    process.stdout.close()
    with process.stderr as stderr:
        assert stderr.read() == ""
    assert process.wait(timeout=30) == 0


@pytest.mark.skipif(sys.platform != "linux", reason="/dev/full is a device of Linux")
def test_a_full_disk_is_one_line(executable, environment, tmp_path):
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            [executable, "--version"],
            cwd=tmp_path,
            env=environment(),
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    assert (done.returncode, done.stderr) == (
        6,
        "error: cannot write to standard output: No space left on device\n",
    )


def test_closed_standard_output(executable, environment, tmp_path):
    done = subprocess.run(
        f"'{executable}' --version >&-",
        shell=True,
        cwd=tmp_path,
        env=environment(),
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (6, "error: cannot write to standard output: it is closed\n")
