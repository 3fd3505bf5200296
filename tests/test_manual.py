"""The manual is true: its generated parts are fresh, its commands and examples run, its links lead somewhere."""

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

import rnnlab
from rnnlab import errors
from rnnlab.cli import home, manual
from rnnlab.cli.app import app
from rnnlab.config import bundled, load
from rnnlab.config.starters import SCHEMA
from rnnlab.config.vocabulary import FILE
from rnnlab.runs import read_table
from rnnlab.runs.record import STATUSES
from tests.equations import TABLES
from tests.manual import (
    BLOCK,
    CHAPTERS,
    DOCUMENTS,
    GENERATED,
    ROOT,
    Block,
    blocks,
    generated,
    has_plugins,
    stale,
)

TEXTS = {document.name: document.read_text(encoding="utf-8") for document in DOCUMENTS}
ALL = "\n".join(TEXTS.values())
README, COMMANDS_CHAPTER, RUNS_CHAPTER = TEXTS["README.md"], TEXTS["commands.md"], TEXTS["runs.md"]
GROUP: Any = get_command(app)
COMMANDS = GROUP.commands
NUMBER = re.compile(r"[+-]?(\d[\d,]*\.?\d*|\.\d+)(e[+-]?\d+)?")
# Lines that need a network, or set up an environment: tests of their own run them, or what does the same.
ONLINE = re.compile(r"rnnlab fetch (?!--list)")
# Trains for minutes (a test of its own does, in part), or needs what was fetched.
ELSEWHERE = re.compile(r"rnnlab (train|compare) .*('stock/\*'|data\.inputs=)")
SET_UP = re.compile(r"make [a-z]+$|pip install |python -c .*check_layer")
# What takes more than a few seconds.
LONG = re.compile(
    r"train benchmarks/|rnnlab sweep-rho (?!0\.9 1\.2 --seeds 5)|configs/remedies/\*|train gradients$|"
    r"train stock --s(?!et (model\.cell=lstm --set )?training\.epochs=)"
)
# What makes those of the chapters quick, and changes nothing about which words are understood.
BRIEF = {
    "train": "--set training.epochs=2 --set training.updates=null",
    "sweep-rho": "--seeds 2 --set training.updates=20",
}
STOCK = ("rnnlab train stock",)


def lines_of(block: Block) -> list[str]:
    """The commands of a shell block, or those that follow a `$` in a session, without their remarks."""
    if block.language == "console":
        return [line[2:] for line in block.text.splitlines() if line.startswith("$ ")]
    lines = block.text.replace("\\\n", " ").splitlines()
    return [bare for line in lines if (bare := line.partition(" #")[0].strip())]


def cases(language: str) -> list[Any]:
    """The blocks that have commands to run here, marked slow where they take long."""
    found = []
    for number, block in enumerate(blocks(language)):
        commands = [line for line in lines_of(block) if runs_here(line)]
        if commands:
            marks = pytest.mark.slow if any(LONG.search(line) for line in commands) else ()
            found.append(pytest.param(block, marks=marks, id=f"{block.document}-{number}-{commands[0]}"))
    return found


def shortened(line: str) -> str:
    """A command that takes long, with what makes it quick."""
    words = line.split()
    return f"{line} {BRIEF[words[1]]}" if LONG.search(line) and words[1] in BRIEF else line


def runs_here(line: str) -> bool:
    return not ONLINE.search(line) and not SET_UP.match(line) and not ELSEWHERE.match(line)


@pytest.fixture(scope="module")
def session(tmp_path_factory):
    """Gives the finished processes of commands, run one after the other in a folder of their own with the configs.

    The same commands run once.
    """
    environment = {name: value for name, value in os.environ.items() if not name.startswith("RNNLAB_")}
    environment |= {"NO_COLOR": "1", "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}

    @cache
    def run(*lines: str) -> tuple[Path, list[subprocess.CompletedProcess[str]]]:
        folder = tmp_path_factory.mktemp("manual")
        shutil.copytree(ROOT / "configs", folder / "configs")
        shutil.copy(folder / "configs" / "benchmarks" / "airline.csv", folder / "sales.csv")
        return folder, [
            subprocess.run(
                ["sh", "-c", line],
                cwd=folder,
                env=environment,
                capture_output=True,
                encoding="utf-8",
                check=False,
                timeout=300,
            )
            for line in lines
        ]

    return run


def test_what_is_generated_is_fresh():
    parts = [part[2] for text in TEXTS.values() for part in GENERATED.finditer(text)]
    assert "keys" in parts
    assert {part.removeprefix("options ") for part in parts if part.startswith("options ")} == set(COMMANDS)
    assert {part.removeprefix("lines ") for part in parts if part.startswith("lines ")} == set(TABLES)
    if has_plugins():
        pytest.skip("an installed package adds keys of its own")
    assert {FILE, ROOT / "configs" / SCHEMA} < set(generated())
    assert list(stale()) == [], "`make manual` rewrites them"


def test_every_chapter_is_linked_from_the_readme_and_listed():
    names = [chapter.stem for chapter in CHAPTERS]
    assert sorted(manual.chapters()) == names
    assert [name for name in names if f"(rnnlab/manual/{name}.md)" not in README] == []


def test_every_command_is_in_the_manual_and_the_other_way_round():
    code = [*re.findall(r"`([^`\n]+)`", ALL), *(line for block in blocks("sh", "console") for line in lines_of(block))]
    assert {name for text in code for name in re.findall(r"\brnnlab ([a-z][a-z-]*)", text)} == set(COMMANDS)
    for text in (README, COMMANDS_CHAPTER):
        assert set(re.findall(r"^\| \[?`rnnlab ([a-z-]+)", text, re.MULTILINE)) == set(COMMANDS)
        for name, told in re.findall(r"^\| \[?`rnnlab ([a-z-]+)[^|]*\| ([^|]+) \|", text, re.MULTILINE):
            assert re.split(r"[,:]", told)[0] == lowered(COMMANDS[name]), name
    assert set(re.findall(r"^## `rnnlab ([a-z-]+)`$", COMMANDS_CHAPTER, re.MULTILINE)) == set(COMMANDS)


def lowered(command) -> str:
    """What the home screen says of a command, within a sentence."""
    said = home.summary(command)
    return said[0].lower() + said[1:]


def test_every_command_and_option_has_help():
    context = typer.Context(get_command(app))
    for name, command in COMMANDS.items():
        assert command.get_short_help_str(200).endswith("."), name
        for parameter in command.get_params(context):
            if parameter.param_type_name == "option":
                assert parameter.help, f"{name} {parameter.opts}"
        assert "Examples:" in (command.epilog or ""), name


@pytest.mark.parametrize("document", TEXTS)
def test_every_option_that_the_manual_names_exists(document):
    """Options stand in words like `--set`; each must belong to some command, or to `rnnlab` itself."""
    commands = [get_command(app), *COMMANDS.values()]
    known = {word for command in commands for parameter in command.params for word in parameter.opts} | {"--help"}
    ours = re.sub(r"`python -m [^`]*`|^make .*$", "", TEXTS[document], flags=re.MULTILINE)  # they have their own
    assert set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", ours)) <= known


def test_every_variable_that_there_is_is_in_the_manual_and_the_other_way_round():
    source = "".join(file.read_text(encoding="utf-8") for file in (ROOT / "rnnlab").rglob("*.py"))
    pattern = r"\b(?:RNNLAB_[A-Z]+(?:_URL)?|[A-Z]+_API_?KEY|NO_COLOR|FORCE_COLOR)\b"
    told = set(re.findall(pattern, ALL))
    rows = set(re.findall(r"^\| (`[A-Z_, `]+`) \|", COMMANDS_CHAPTER, re.MULTILINE))
    assert {name for row in rows for name in re.findall(pattern, row)} == told
    used = set(re.findall(pattern, source))
    sources = {path.stem.upper() for path in (ROOT / "rnnlab/data/prices/sources").glob("*.py")}
    used |= {name for name in told if name.removeprefix("RNNLAB_").removesuffix("_URL") in sources}  # made by a rule
    assert told == used


def test_every_status_is_in_the_manual_and_the_other_way_round():
    told = re.findall(r"^\| `(\w+)` \|", RUNS_CHAPTER.partition("## Statuses")[2].partition("\n## ")[0], re.MULTILINE)
    assert set(told) == {*STATUSES, "lost"}


def test_every_exit_code_is_in_the_manual():
    rows = re.findall(r"^\| (\d[\d, ]*) \|", COMMANDS_CHAPTER.partition("## Exit codes")[2], re.MULTILINE)
    told = {int(code) for row in rows for code in row.split(", ")}
    raised = {one.exit_code for one in vars(errors).values() if isinstance(one, type) and hasattr(one, "exit_code")}
    assert raised <= told
    assert told == {*range(8), 129, 130, 143}


def anchors(file: Path) -> set[str]:
    """The anchors of the headings of a document, or of the lines of code, as repository pages make them."""
    text = file.read_text(encoding="utf-8")
    if file.suffix == ".py":
        return {f"L{number}" for number, _ in enumerate(text.splitlines(), 1)}
    headings = re.findall(r"^#+ (.+)$", BLOCK.sub("", text), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("document", DOCUMENTS, ids=list(TEXTS))
def test_links_lead_somewhere(document):
    lost = []
    for link in re.findall(r"\]\(([^)\s]+)\)", BLOCK.sub("", TEXTS[document.name])):
        if link.startswith(("http://", "https://")):
            continue
        path, _, anchor = link.partition("#")
        target = (document.parent / path).resolve() if path else document
        there = target.exists() and ROOT in (target, *target.parents)
        if not there or (anchor and anchor not in anchors(target)):
            lost.append(link)
    assert lost == []


def test_there_are_links_between_the_documents():
    assert len(re.findall(r"\]\((?!http)([^)\s]+)\)", ALL)) > 30


@pytest.mark.parametrize(
    "block", [pytest.param(one, id=f"{one.document}-{i}") for i, one in enumerate(blocks("python"))]
)
def test_the_python_of_the_manual_runs(block, tmp_path):
    """In an empty folder, without a warning; a `text` block behind it is what it prints, but for numbers."""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", block.text],
        cwd=tmp_path,
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert form(done.stdout) == form(block.output or "")


@pytest.mark.parametrize("text", [block.text for block in blocks("yaml")])
def test_the_configs_of_the_manual_are_right(text, tmp_path):
    (tmp_path / "config.yaml").write_text(text)
    assert load(tmp_path / "config.yaml").name == "config"


@pytest.mark.parametrize("setting", sorted(set(re.findall(r"--set ([a-z][^\s.]*(?:\.[^\s.]+)+?)`", ALL))))
def test_the_settings_of_the_manual_are_right(setting):
    if setting == "data.path=...":
        return
    assert load(ROOT / "configs" / "stock.yaml", overrides=[setting]) != load(ROOT / "configs" / "stock.yaml")


def test_the_error_of_the_manual_is_what_is_said(session):
    (shown,) = [block.text for block in blocks("") if block.text.startswith("error: configs/stock.yaml")]
    break_it = "sed -i.before 's/hidden_size: 16/hiden_size: 16/' configs/stock.yaml"
    _, (_, done) = session(break_it, "rnnlab train configs/stock.yaml")
    assert done.returncode == 2
    assert done.stderr == shown


@pytest.mark.parametrize("block", cases("sh"))
def test_the_commands_of_the_manual_run(session, block):
    lines = [line for line in lines_of(block) if runs_here(line)]
    if block.document != "README.md":
        lines = [shortened(line) for line in lines]
    _, done = session(*lines)
    assert [(line, one.returncode, one.stderr) for line, one in zip(lines, done, strict=True) if one.returncode] == []


def test_commands_that_need_a_network_or_minutes_are_read():
    """The parser takes each of them; nothing is fetched or trained."""
    every = [line for block in blocks("sh", "console") for line in lines_of(block)]
    lines = [line for line in every if ONLINE.match(line) or ELSEWHERE.match(line)]
    assert len([line for line in lines if ELSEWHERE.match(line)]) == 3
    assert len(lines) > 6
    for line in lines:
        _, name, *arguments = shlex.split(line)
        COMMANDS[name].make_context(name, arguments)


def test_the_stock_experiment_and_the_targets_of_make_are_in_the_manual():
    lines = [line for block in blocks("sh", "console") for line in lines_of(block)]
    assert STOCK[0] in lines
    targets = set(re.findall(r"(?:`|^)make ([a-z]+)", ALL, re.MULTILINE))
    assert {"train", "test"} <= targets
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    assert {target for target in targets if not re.search(rf"^{target}:", makefile, re.MULTILINE)} == set()


def form(text: str) -> list[str]:
    """The words of an output, with 0 for numbers, which depend on the processor, and RUN for the paths of runs."""
    return NUMBER.sub("0", re.sub(r"runs/\S+", "RUN", text)).split()


@pytest.mark.parametrize("block", cases("console"))
def test_the_sessions_of_the_manual_are_what_is_said(session, block):
    """Word for word, but for numbers and the names of runs; lines may be folded, three dots stand for the rest."""
    lines = lines_of(block)
    _, done = session(*lines)
    shown = re.split(r"^\$ .*\n", block.text, flags=re.MULTILINE)[1:]
    for line, text, one in zip(lines, shown, done, strict=True):
        assert one.returncode == 0, one.stderr
        words, said = form(text), form(one.stdout)
        if words[-1:] == ["..."]:
            words, said = words[:-1], said[: len(words) - 1]
        assert not text.strip() or (words and words == said), line


def test_the_results_that_the_manual_shows_of_the_stock_experiment_are_its_results(session):
    (shown,) = [block.text for block in blocks("console") if tuple(lines_of(block)) == STOCK]
    _, (done,) = session(*STOCK)
    for model in ("network, median forecast", "single seeds, median", "persistence", "exp. smoothing", "linear window"):
        numbers = [
            [float(number[0].replace(",", "")) for number in NUMBER.finditer(line.replace(model, ""))]
            for text in (shown, done.stdout)
            for line in text.splitlines()
            if line.strip().startswith(model)
        ]
        assert numbers[0]
        assert numbers[0][:3] == pytest.approx(numbers[1][:3], rel=0.02)


def reasons() -> list[tuple[str, ...]]:
    """The rows of the table of the five reasons: config, reason, settings, RMSE of the median forecast and so on."""
    section = TEXTS["forecasting.md"].partition("## The five reasons")[2].partition("\n## ")[0]
    lines = [line for line in section.splitlines() if line.startswith("| `stock")]
    return [tuple(cell.strip() for cell in line.strip("|").split("|")) for line in lines]


# The others take minutes, or differ in what these differ in.
TRAINED_AGAIN = ("stock", "stock/differences", "stock/log_returns", "stock/window_scaler", "stock/adam")


def test_the_five_reasons_have_a_row_for_each_config_with_what_it_sets():
    rows = {row[0].strip("`"): row for row in reasons()}
    assert rows.keys() == {"stock", *(name for name in bundled.configs() if name.startswith("stock/"))}
    for name, row in rows.items():
        settings = re.findall(r"`([^`]+)`", row[2])
        assert load("stock", overrides=settings, name=load(name).name) == load(name)
    assert {row[1] for row in rows.values()} == {"", "architecture", "capacity", "signal", "optimizer", "inputs"}


@pytest.mark.slow
@pytest.mark.parametrize(
    "row", [row for row in reasons() if row[0].strip("`") in TRAINED_AGAIN], ids=lambda row: row[0]
)
def test_the_numbers_of_the_five_reasons_are_measured(row):
    name, _, _, median, seeds, *_, beside = row
    run = rnnlab.train(name.strip("`"), progress=False)
    assert run.summary.combined["metrics"]["rmse"] == pytest.approx(float(median), rel=0.02)
    assert run.summary.metrics["rmse"].spread.median == pytest.approx(float(seeds.split()[0]), rel=0.02)
    claim = {"worse": "does not beat", "level": "is not distinguishable from"}[beside]
    assert run.summary.headline.startswith(f"The network {claim} persistence, the best baseline")


def test_the_tables_of_a_run_have_the_columns_that_the_manual_names(session):
    folder, (done,) = session(*STOCK)
    run = folder / done.stdout.split()[-1]
    for name in ("metrics.csv", "gradient_norms.csv", "predictions.csv"):
        told = re.search(rf"^\| `{name}` \| [^`|]*`([a-z_,]+)`", RUNS_CHAPTER, re.MULTILINE)
        assert told is not None, name
        columns = list(read_table(run / name))
        named = told[1].split(",")
        assert columns[: len(named)] == named
        assert len(columns) == len(named) or name == "gradient_norms.csv"
