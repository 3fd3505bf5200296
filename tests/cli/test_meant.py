"""What is told to those who come from other tools."""

import re
from typing import Any

import pytest
import yaml
from typer.main import get_command

from rnnlab.cli import meant
from rnnlab.cli.app import app

GROUP: Any = get_command(app)
COMMANDS = GROUP.commands
PARAMETERS = [param for one in COMMANDS.values() for param in one.params]
EVERYTHING = {"-", *COMMANDS}.union(*(param.opts for param in PARAMETERS))
EVERYTHING |= {(param.metavar or "").rstrip(".") for param in PARAMETERS}
# Commands that are to come: what stands in the tables for them is told from then on.
TO_COME = {"forecast", "sample", "sweep"}


@pytest.mark.parametrize(
    ("word", "command"),
    [
        ("predict", "forecast"), ("generate", "train"), ("ls", "runs"), ("fit", "train"), ("run", "train"),
        ("evaluate", "train"), ("graph", "plot"), ("tune", "sweep-rho"),
        ("new", "init"), ("download", "fetch"),
        ("describe", "show"), ("diff", "compare"), ("gradients", "sweep-rho"), ("validate", "check"),
        ("PREDICT", "forecast"), ("docs", "manual"), ("trace", "unroll"), ("settings", "explain"),
    ],
)  # fmt: skip
def test_a_command_of_another_tool_names_one_of_ours(rnnlab, word, command):
    done = rnnlab(word)
    assert (done.returncode, done.stdout) == (2, "")
    first, hint = done.stderr.splitlines()
    assert first.startswith(f"error: no such command: {word}")
    assert re.search(rf"`rnnlab {command}[ `]", hint)


@pytest.mark.parametrize("word", sorted({word for words, _ in meant.COMMANDS for word in words} - set(COMMANDS)))
def test_every_known_word_is_answered_with_a_command_that_there_is(rnnlab, word):
    hint = rnnlab(word).stderr.partition(" hint: ")[2]
    named = re.findall(r"`rnnlab ([a-z][a-z-]*)", hint)
    assert hint.strip()
    assert set(named) <= set(COMMANDS)
    assert named or "`rnnlab --" in hint


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("evaluate my.yaml", "`rnnlab train my.yaml`"),
        ("predict latest", "`rnnlab forecast latest`"),
        ("describe latest", "`rnnlab show latest`"),
        ("download MSFT", "`rnnlab fetch MSFT`"),
        ("diff latest", "`rnnlab compare RUN RUN`"),
        ("fit --name x", "`rnnlab train CONFIG`"),
    ],
)
def test_what_was_typed_is_in_the_line_to_copy(line, told):
    word, following, *_ = line.split()
    assert told in meant.command(word, following, ["train", "show", "fetch", "forecast", "compare", "gradcheck"])


def test_no_word_and_no_option_is_in_a_table_twice():
    for table in (meant.COMMANDS, meant.OPTIONS):
        words = [word for names, _ in table for word in names]
        assert sorted(words) == sorted(set(words))


def test_the_tables_name_what_there_is():
    for table in (meant.COMMANDS, meant.OPTIONS):
        needed = {one for _, lines in table for one, _ in lines}
        assert needed - EVERYTHING <= TO_COME


def test_a_config_or_a_run_by_itself_names_the_command(rnnlab, tmp_path):
    assert "`rnnlab train stock.yaml`" in rnnlab("stock.yaml").stderr
    (tmp_path / "runs" / "one").mkdir(parents=True)
    (tmp_path / "runs" / "one" / "run.json").touch()
    assert "`rnnlab show runs/one`" in rnnlab("runs/one").stderr


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("train x --epochs 10", "--set training.epochs=10 sets it"),
        ("train x --num-epochs=10", "--set training.epochs=10 sets it"),
        ("train x --lr 0.1", "--set training.optimizer.learning_rate=0.1 sets it"),
        ("train x --learning-rate 0.1", "--set training.optimizer.learning_rate=0.1 sets it"),
        ("train x --batch-size 32", "--set training.batch_size=32 sets it"),
        ("train x --hidden 64", "--set model.hidden_size=64 sets it"),
        ("train x --hidden-dim 64", "--set model.hidden_size=64 sets it"),
        ("train x --bs 32", "--set training.batch_size=32 sets it"),
        ("train x --optim adam", "--set training.optimizer=adam sets it"),
        ("train x --max-steps 9", "--set training.updates=9 sets it"),
        ("train x --weight-decay 0.1", "--set training.optimizer.weight_decay=0.1 sets it"),
        ("train x --num-layers 2", "--set model.layers=2 sets it"),
        ("train x --model lstm", "--set model.cell=lstm sets the key model.cell"),
        ("train x --lstm", "--set model.cell=lstm sets the key model.cell"),
        ("sweep-rho 1 --model lstm", "--cell lstm"),
        ("train x --seed 3", "--set seeds=[3] trains the one model with that seed"),
        ("train x --gpu", "rnnlab computes on the CPU"),
        ("train x --device cuda", "rnnlab computes on the CPU"),
        ("train x --output there", "--runs-dir there"),
        ("train x -o there", "--runs-dir there"),
        ("fetch AAPL -o there", "--data-dir there"),
        ("gradcheck x -o there", "> there"),
        ("train x -v", "--debug shows the traceback"),
        ("train x --verbose", "--debug shows the traceback"),
        ("--verbose", "--debug shows the traceback"),
        ("train --config my.yaml", "`rnnlab train my.yaml`"),
        ("gradcheck -c my.yaml", "`rnnlab gradcheck my.yaml`"),
        ("train x --dry-run", "CONFIG`"),
        ("train x --resume 2026", "2026"),
        ("fetch --ticker AAPL", "`rnnlab fetch AAPL`"),
        ("fetch AAPL --since 2020-01-01", "--start 2020-01-01 is the first day"),
        ("fetch AAPL --period 1y", "prices are daily"),
        ("inspect latest --format json", "--json makes standard output one JSON document"),
        ("train x --tag mine", "--name mine"),
        ("train x --version", "`rnnlab --version`"),
    ],
)
def test_an_option_of_another_tool_is_answered_with_a_line_to_copy(rnnlab, line, told):
    done = rnnlab(*line.split())
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("error: no such option: -")
    assert told in done.stderr.partition(" hint: ")[2]


@pytest.mark.parametrize("value", ["10", "0.1"])
def test_what_is_told_to_be_typed_is_understood(rnnlab, tmp_path, value):
    (tmp_path / "small.yaml").write_text(
        yaml.safe_dump({"data": {"kind": "text", "text": "the quick fox", "chunk": 5}, "training": {"updates": 2}})
    )
    option = {"10": "--hidden", "0.1": "--lr"}[value]
    hint = rnnlab("train", "small.yaml", option, value).stderr.partition(" hint: ")[2]
    setting = re.match(r"--set (\S+) sets it", hint)[1]
    assert rnnlab("train", "small.yaml", "--set", setting, "--quiet").returncode == 0
    done = rnnlab("train", "small.yaml", "--seed", "3")
    setting = re.search(r"--set (\S+) ", done.stderr)[1]
    done = rnnlab("train", "small.yaml", "--set", setting, "--json")
    assert '"seeds": [\n    3\n  ]' in done.stdout
