"""Completion by its protocol, and in the shells that are installed."""

import os
import re
import select
import shutil
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import typer

import rnnlab
from rnnlab.cli import completion, fetch, shells
from rnnlab.cli.app import app
from rnnlab.config.registry import OWN_LAYERS, OWN_TASKS
from rnnlab.config.vocabulary import from_schema, vocabulary
from rnnlab.data.prices.sources import SOURCES
from rnnlab.data.prices.sources.source import ADJUSTMENTS
from rnnlab.errors import UsageError
from rnnlab.runs import RunFolder
from tests.command_line import open_terminal

COMMAND: Any = typer.main.get_command(app)
NOW = datetime(2026, 11, 21, 17, 3, 5, tzinfo=UTC)
IDS = ["20261121T170305Z-stock-aaaa", "20261121T170310Z-my-text-cccc", "20261121T170315Z-stock-bbbb"]
CONFIG = "data: {kind: text, text: the quick brown fox, chunk: 5}\nmodel: {hidden_size: 2}\ntraining: {updates: 2}\n"


def words(*before_and_current):
    *before, current = before_and_current
    return [word for word, _ in completion.candidates(COMMAND, before, current)]


def make_runs(place):
    """Three runs, a config beside a folder, and a price file."""
    for run_id, seconds in zip(IDS, (0, 5, 10), strict=True):
        _, name, digits = re.fullmatch(r"(\w+)-(.+)-(\w+)", run_id).groups()
        now = NOW + timedelta(seconds=seconds)
        run = RunFolder.create(place / "runs", name, now=now, digits=lambda digits=digits: digits)
        run.finish("completed", now)
    (place / "small.yaml").write_text(CONFIG)
    (place / "more").mkdir()
    (place / "more" / "large.yml").write_text(CONFIG)
    (place / "notes.txt").touch()
    (place / "data").mkdir()
    (place / "data" / "MSFT.csv").write_text("date,close\n2024-01-02,1\n")
    return place


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(make_runs(tmp_path))
    return tmp_path


def test_every_command_is_offered():
    assert sorted(words("")) == sorted(name for name, one in COMMAND.commands.items() if not one.hidden)
    assert words("tr") == ["train"]
    assert words("--no-color", "tr") == ["train"]
    assert words("nonsense", "") == []


@pytest.mark.parametrize("name", COMMAND.commands)
def test_every_option_of_every_command_is_offered(name):
    found = set(words(name, "--"))
    own = {word for param in COMMAND.commands[name].params for word in param.opts if word.startswith("--")}
    assert own | {"--help", "--debug", "--no-color"} == found


def test_an_option_that_is_there_is_not_offered_again_unless_it_repeats():
    assert "--name" not in words("train", "x", "--name", "a", "--")
    assert "--set" in words("train", "x", "--set", "seeds=2", "--")
    assert words("train", "x", "--", "--na") == []


def test_configs_are_files_and_folders(folder):
    assert [word for word in words("train", "") if word not in rnnlab_bundled()] == [
        "data/", "more/", "runs/", "small.yaml",
    ]  # fmt: skip
    assert words("train", "more/") == ["more/large.yml"]
    assert words("sweep-rho", "1", "--config", "sm") == ["small.yaml"]
    assert words("train", f"{folder}/sm") == [f"{folder}/small.yaml"]
    assert words("train", "nowhere/") == []


def rnnlab_bundled():
    from rnnlab.api.completions import _bundled

    return [name for name, _ in _bundled()]


def test_a_file_at_home_is_offered_as_it_was_typed(folder, monkeypatch):
    monkeypatch.setenv("HOME", str(folder))
    assert words("train", "~/sm") == ["~/small.yaml"]


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize("command", ["inspect", "compare"])
def test_runs_are_names_and_ids_the_newest_first(command):
    assert words(command, "") == ["latest", "stock", "my-text", *reversed(IDS)]
    assert words(command, "20261121T17031") == [IDS[2], IDS[1]]
    assert words(command, "la") == ["latest"]


@pytest.mark.usefixtures("folder")
def test_a_further_run_is_offered_where_a_command_takes_several():
    assert words("compare", "latest", "my") == ["my-text"]
    assert words("inspect", "latest", "my") == []


@pytest.mark.usefixtures("folder")
def test_runs_are_looked_for_where_the_command_looks(monkeypatch):
    os.rename("runs", "elsewhere")
    assert words("inspect", "") == []
    assert words("inspect", "--runs-dir", "elsewhere", "st") == ["stock"]
    assert words("inspect", "--runs-dir=elsewhere", "st") == ["stock"]
    monkeypatch.setenv("RNNLAB_RUNS", "elsewhere")
    assert words("inspect", "st") == ["stock"]


def test_keys_are_offered_a_part_at_a_time():
    assert words("train", "x", "--set", "") == [
        "name=",
        "seeds=",
        "data=",
        "data.",
        "model.",
        "training.",
        "evaluation=",
        "evaluation.",
    ]
    assert words("train", "x", "--set", "model.ce") == ["model.cell=", "model.cell."]
    assert "training.optimizer.learning_rate=" in words("train", "x", "--set", "training.optimizer.")
    assert words("train", "x", "--set=training.cl") == ["--set=training.clip=", "--set=training.clip."]
    assert words("train", "x", "--set", "nonsense.") == []


@pytest.mark.parametrize(
    ("setting", "values"),
    [
        ("model.cell=", [entry.name for entry in OWN_LAYERS]),
        ("data=", list(dict.fromkeys(entry.kind for entry in OWN_TASKS))),
        ("data.task=", [entry.name for entry in OWN_TASKS if entry.kind == "synthetic"]),
        ("model.activation=s", ["sigmoid"]),
        ("model.bidirectional=", ["true", "false"]),
        ("training.optimizer.kind=ad", ["adagrad", "adam", "adamw"]),
        ("training.batch_size=", ["full"]),
        ("training.epochs=", []),
        ("model.nonsense=", []),
    ],
)
def test_values_are_offered_behind_the_equals_sign(setting, values):
    key = setting.partition("=")[0]
    assert words("train", "x", "--set", setting) == [f"{key}={value}" for value in values]


@pytest.mark.usefixtures("folder")
def test_symbols_are_the_kept_and_the_bundled_ones():
    assert words("fetch", "") == ["MSFT", "AAPL", "GOOG"]
    assert words("fetch", "AAPL", "M") == ["MSFT"]
    assert words("train", "x", "--set", "data.symbol=M") == ["data.symbol=MSFT"]


def test_options_with_a_few_values_offer_them():
    assert words("sweep-rho", "1", "--cell", "") == ["rnn", "lstm", "gru"]
    assert words("sweep-rho", "1", "--cell", "g") == ["gru"]
    assert words("sweep-rho", "1", "--activation=s") == ["--activation=sigmoid"]
    assert sorted(words("fetch", "A", "--source", "")) == sorted(["auto", *SOURCES])
    assert sorted(words("fetch", "A", "--adjust", "")) == sorted(ADJUSTMENTS)
    assert list(fetch.SOURCES[1:]) == [name for name in fetch.SOURCES if name in SOURCES]


def test_the_kept_vocabulary_is_that_of_the_schema():
    assert vocabulary() == from_schema()


@pytest.mark.usefixtures("folder")
def test_the_face_lists_what_may_stand_in_a_place():
    assert rnnlab.completions("RUN", "st") == [("stock", "the newest run of this name")]
    assert rnnlab.completions("RUN", "st", "elsewhere") == []
    meaning = vocabulary()["model.hidden_size"]["meaning"]
    assert rnnlab.completions("KEY", "model.hid") == [("model.hidden_size", meaning)]
    assert rnnlab.completions("NONSENSE") == []


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize(("shell", "tab"), [("bash", ""), ("zsh", "\t"), ("fish", "\t")])
def test_each_shell_has_its_lines(rnnlab, shell, tab):
    env = {"_RNNLAB_COMPLETE": f"complete_{shell}"}
    done = rnnlab("inspect", "st", env=env)
    meaning = f"{tab}the newest run of this name" if tab else ""
    assert (done.returncode, done.stdout, done.stderr) == (0, f"stock{meaning}\n", "")
    assert rnnlab("train", "", "--no-color", "x", "y", env=env).stdout == ""


@pytest.mark.parametrize("instruction", ["", "nonsense", "complete_csh", "source", "complete"])
def test_an_instruction_that_there_is_not_is_answered_by_nothing(rnnlab, instruction):
    done = rnnlab("tr", env={"_RNNLAB_COMPLETE": instruction})
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@pytest.mark.skipif(os.name != "posix", reason="names of bytes")
@pytest.mark.parametrize("shell", shells.SCRIPTS)
def test_what_has_no_line_of_its_own_is_not_offered(rnnlab, tmp_path, shell):
    """A shell reads a candidate per line, and shows it on the terminal."""
    for name in (b"a\nb.yaml", b"\x1b[2J.yaml", b"a\tb.yaml", b"\xff.yaml", b"$(true).yaml"):
        try:
            (tmp_path / os.fsdecode(name)).touch()
        except OSError:  # a file system of texts alone
            assert name == b"\xff.yaml"
    run = tmp_path / "runs" / "20261121T170305Z-a\nb-aaaa"
    run.mkdir(parents=True)
    (run / "run.json").touch()
    ask = {"_RNNLAB_COMPLETE": f"complete_{shell}"}
    files = [line for line in rnnlab("train", "", env=ask).stdout.split("\n") if line.endswith(".yaml")]
    assert files == ["$(true).yaml" if shell == "fish" else r"\$\(true\).yaml"]
    assert not any("a\\" in line for line in rnnlab("inspect", "", env=ask).stdout.split("\n"))


def test_a_runs_folder_that_cannot_be_read_is_no_error_while_one_types(rnnlab, tmp_path):
    (tmp_path / "runs").touch()
    done = rnnlab("inspect", "", env={"_RNNLAB_COMPLETE": "complete_bash"})
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize("line", [("train", "--set", "model."), ("inspect", ""), ("fetch", ""), ("train", ""), ("",)])
def test_nothing_heavy_is_imported(executable, environment, line):
    done = subprocess.run(
        [sys.executable, "-X", "importtime", executable, *line],
        env=environment({"_RNNLAB_COMPLETE": "complete_bash"}), capture_output=True, text=True, check=True,
    )  # fmt: skip
    imported = {line.rpartition("|")[2].strip().partition(".")[0] for line in done.stderr.splitlines()}
    assert done.stdout
    assert not imported & {"numpy", "pandas", "matplotlib", "requests", "pydantic", "yaml", "rich"}


class Terminal:
    """An interactive bash on a pseudo-terminal."""

    def __init__(self, folder, env):
        self.screen, terminal = open_terminal(200)
        streams = {"stdin": terminal, "stdout": terminal, "stderr": terminal}
        self.process = subprocess.Popen(
            ["bash", "--norc", "-i"], cwd=folder, env=env, start_new_session=True, **streams
        )
        os.close(terminal)

    def read(self, until, timeout=20):
        """What the screen is sent until a pattern has come."""
        said, end = "", time.monotonic() + timeout
        while not re.search(until, said):
            if not select.select([self.screen], [], [], max(0, end - time.monotonic()))[0]:
                pytest.fail(f"no {until!r} on the screen: {said!r}")
            said += os.read(self.screen, 4096).decode()
        return said

    def write(self, text):
        os.write(self.screen, text.encode())

    def close(self):
        os.close(self.screen)
        self.process.wait(timeout=20)


@pytest.fixture(scope="module")
def bash(executable, environment, tmp_path_factory):
    if shutil.which("bash") is None:
        pytest.skip("bash is not installed")
    folder = make_runs(tmp_path_factory.mktemp("bash"))
    (folder / ".inputrc").write_text("set enable-bracketed-paste off\nset bell-style none\n")
    path = f"{executable.parent}{os.pathsep}{os.environ['PATH']}"
    terminal = Terminal(
        folder, environment({"PATH": path, "PS1": "@ ", "HOME": str(folder), "INPUTRC": f"{folder}/.inputrc"})
    )
    terminal.read("@ ")
    terminal.write('source <(_RNNLAB_COMPLETE=source_bash rnnlab); echo c""d\n')
    terminal.read(r"\ncd\r\n@ ")
    yield terminal
    terminal.close()


@pytest.mark.parametrize(
    ("typed", "completed"),
    [
        ("rnnlab tra", "rnnlab train "),
        ("rnnlab train sm", "rnnlab train small.yaml "),
        ("rnnlab train ~/sm", "rnnlab train ~/small.yaml "),
        ("rnnlab train small.yaml --set mod", "rnnlab train small.yaml --set model."),
        ("rnnlab train small.yaml --set model.hid", "rnnlab train small.yaml --set model.hidden_size="),
        ("rnnlab train small.yaml --set model.cell=ls", "rnnlab train small.yaml --set model.cell=lstm "),
        ("rnnlab train x --set seeds=2 --set model.act", "rnnlab train x --set seeds=2 --set model.activation="),
        ("rnnlab train x --set=model.cell=l", "rnnlab train x --set=model.cell=lstm "),
        ("rnnlab train 'a b' --set model.dtype=float3", "rnnlab train 'a b' --set model.dtype=float32 "),
        ("rnnlab sweep-rho 1 --activation=s", "rnnlab sweep-rho 1 --activation=sigmoid "),
        ("rnnlab inspect my", "rnnlab inspect my-text "),
        ("rnnlab fetch MS", "rnnlab fetch MSFT "),
        ("rnnlab train x --quie", "rnnlab train x --quiet "),
    ],
)  # fmt: skip
def test_bash_completes(bash, typed, completed):
    bash.write(f"{typed}\t")
    bash.read(re.escape(completed))
    bash.write("\x15")  # and take the line away, so that nothing is carried out


def test_bash_completes_behind_an_equals_sign_that_nothing_follows(bash):
    bash.write("rnnlab train x --set model.bidirectional=\t\t")
    assert re.search(r"\r\ntrue +false|\r\nfalse +true", bash.read(r"(true|false) +(true|false)"))
    bash.write("\x15")


@pytest.mark.parametrize("shell", shells.SCRIPTS)
def test_the_script_is_installed_once(tmp_path, monkeypatch, shell):
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in ("XDG_DATA_HOME", "XDG_CONFIG_HOME", "ZDOTDIR"):
        monkeypatch.delenv(name, raising=False)
    startup = {"bash": tmp_path / ".bashrc", "zsh": tmp_path / ".zshrc"}.get(shell)
    if startup is not None:
        startup.write_text("alias ll='ls -l'")
    script, changed = shells.install(shell)
    assert script.read_text() == shells.SCRIPTS[shell]
    assert tmp_path in script.parents
    assert changed == startup
    if startup is not None:
        assert startup.read_text().startswith("alias ll='ls -l'\n")
        assert startup.read_text().count(str(script)) == 1
    assert shells.install(shell) == (script, None)
    assert startup is None or startup.read_text().count(str(script)) == 1
    if shutil.which(shell):
        subprocess.run([shell, "-n", script], check=True)


def test_the_installed_script_is_read_by_a_new_shell(executable, environment, tmp_path):
    env = environment({"HOME": str(tmp_path), "PATH": f"{executable.parent}{os.pathsep}{os.environ['PATH']}"})
    for name in ("XDG_DATA_HOME", "XDG_CONFIG_HOME"):
        env.pop(name, None)
    line = "rnnlab --install-completion; source ~/.bashrc; complete -p rnnlab"
    done = subprocess.run(["bash", "-c", line], env=env, capture_output=True, text=True, check=True)
    script = tmp_path / ".local/share/rnnlab/completion.bash"
    assert done.stdout.splitlines()[:2] == [f"completion  {script}", f"read by     {tmp_path}/.bashrc"]
    assert "-F _rnnlab rnnlab" in done.stdout
    assert done.stderr == ""


def test_a_shell_that_is_not_known_is_said(monkeypatch):
    monkeypatch.setenv("SHELL", "/bin/csh")
    monkeypatch.setattr(shells.os, "getppid", lambda: 1)
    with pytest.raises(UsageError, match="Completion works in bash, zsh and fish; this is csh"):
        shells.shell_in_use()


def test_without_ps_the_shell_is_that_of_the_account(rnnlab, tmp_path):
    done = rnnlab("--show-completion", env={"PATH": str(tmp_path), "SHELL": "/bin/zsh"})
    assert (done.returncode, done.stdout, done.stderr) == (0, shells.ZSH, "")


def test_the_source_instruction_prints_the_script(rnnlab):
    for shell, script in shells.SCRIPTS.items():
        assert rnnlab(env={"_RNNLAB_COMPLETE": f"source_{shell}"}).stdout == script


def test_a_home_folder_that_cannot_be_written_is_one_line(installed, tmp_path):
    (tmp_path / "home").write_text("a file")
    env = {"HOME": str(tmp_path / "home"), "XDG_DATA_HOME": "", "SHELL": "/bin/bash"}
    done = installed("--install-completion", env=env)
    assert done.returncode == 6
    assert re.fullmatch(r"error: cannot write .*\n", done.stderr)
