"""Whatever is typed, or stands in a config: an answer or an error, never a traceback, a hang or a library's warning.

The examples are few by default, thousands with the slow tests, and others each time with FUZZ=random.
"""

import re
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from typer.main import get_command

from rnnlab.cli import meant
from rnnlab.cli.app import app
from rnnlab.config.vocabulary import vocabulary
from tests.command_line import run_here, run_process

GROUP: Any = get_command(app)
CONFIGS = sorted((Path(__file__).parents[2] / "configs").rglob("*.yaml"))
SMALL = "data: {kind: text, text: the quick brown fox, chunk: 5}\nmodel: {hidden_size: 2}\ntraining: {updates: 2}\n"
EXITS = {0, 2, 3, 4, 5, 6, 7}
LONGEST = 60  # seconds that one command line may take
FEW, MANY = 60, 800

# ---------------------------------------------------------------------------------------------------- what is typed
KEYS = sorted(vocabulary())
VALUES = sorted({value for words in vocabulary().values() for value in words["values"]})
NUMBERS = [
    "0",
    "-1",
    "1",
    "2",
    "3",
    "1e-3",
    "1e300",
    "nan",
    "inf",
    "0.5",
    "007",
    "0x10",
    "1_000",
    "99999999999999999999",
]
JUNK = ["", " ", "-", "--", "=", "{", "[", "]", "é", "\x1b[2J", "\udcff", "a b", "*", "~", "~nobody", "null",
        "none", ".", "..", "/", "/dev/null", "%s", "{0}", "latest", "runs", "'", '"', "日本", "a" * 300,
        "d/" * 3000]  # fmt: skip
FILES = ["small.yaml", "nowhere.yaml", "folder", "bytes.yaml", "first", "-"]
FOREIGN = [name for names, _ in meant.OPTIONS for name in names] + [
    word for words, _ in meant.COMMANDS for word in words
]
# They write into the home folder, ask which shell is in use, or show a traceback on purpose.
UNTRIED = ("--install-completion", "--show-completion", "--debug")
OPTIONS = sorted({name for one in [GROUP, *GROUP.commands.values()] for param in one.params for name in param.opts})
OPTIONS = [name for name in OPTIONS if name.startswith("-") and name not in UNTRIED]

junk = st.sampled_from(JUNK) | st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=6)
values = st.sampled_from(VALUES) | st.sampled_from(NUMBERS) | junk
assignments = st.builds("{}={}".format, st.sampled_from(KEYS) | junk, values)
words = st.one_of(
    st.sampled_from(list(GROUP.commands)), st.sampled_from(OPTIONS), st.sampled_from(FOREIGN), st.sampled_from(FILES),
    assignments, values, st.builds("{}={}".format, st.sampled_from(OPTIONS), values),
)  # fmt: skip
# A command first, as people type, and a config or a run where it may be one; or anything.
lines = st.lists(words, max_size=6) | st.builds(
    lambda command, file, rest: [command, file, *rest],
    st.sampled_from(list(GROUP.commands)), st.sampled_from(FILES), st.lists(words, max_size=5),
)  # fmt: skip


def harmless(line):
    """Leave out what would train for long or ask the network: sizes and counts by themselves are tested elsewhere."""
    large = re.compile(
        r"(hidden_size|layers|seeds|updates|epochs|repeat|length|sequences|chunk|num)\W*(1e300|9{6,}|1_000)"
    )
    return not large.search(" ".join(line)) and not (
        "fetch" in line and "--from-file" not in line and "--list" not in line
    )


# ------------------------------------------------------------------------------------------------------- the configs
FRAGMENTS = ["\t", ":", ": ", "- ", "{", "}", "[", "]", "&a ", "*a", "!!int ", "|", ">", "'", '"', "#", "---", "...",
             "<<: ", "%", "@", "? ", "\0", "\x85", "\u2028", "\ufeff", "\r", "é", "日", "0x", "1e999", ".nan", "kind: ",
             "null", "~", "2" * 30, "-", "0", "extends: bad.yaml\n"]  # fmt: skip


names = st.sampled_from(sorted({key.rpartition(".")[2] for key in KEYS}))


@st.composite
def mutated(draw):
    """A valid config with pieces cut out, doubled, exchanged or replaced."""
    text = draw(st.sampled_from([SMALL, *(path.read_text(encoding="utf-8") for path in CONFIGS)]))
    for _ in range(draw(st.integers(1, 5))):
        rows = text.splitlines(keepends=True) or [""]
        row, other = draw(st.integers(0, len(rows) - 1)), draw(st.integers(0, len(rows) - 1))
        start = draw(st.integers(0, len(text)))
        end = min(len(text), start + draw(st.integers(0, 15)))
        piece = draw(
            st.sampled_from(FRAGMENTS) | st.sampled_from(VALUES) | st.sampled_from(NUMBERS) | st.text(max_size=4)
        )
        text = draw(
            st.sampled_from([
                text[:start] + piece + text[end:],
                re.sub(r"(?<=: )[\w.]+", piece.replace("\\", ""), text, count=draw(st.integers(1, 6))),
                "".join(rows[:row] + rows[row + 1 :]),
                "".join([*rows[:row], rows[other], *rows[row:]]),
                text.replace(draw(names), draw(names), 1),
            ])
        )  # fmt: skip
    return text.encode("utf-8", "surrogatepass")


contents = mutated() | st.binary(max_size=60) | st.text(max_size=60).map(lambda text: text.encode("utf-8", "replace"))


def many(count, **strategies):
    """Try a function with so many drawn arguments, at once."""
    chosen = settings(max_examples=count, suppress_health_check=list(HealthCheck))
    return lambda check: chosen(given(**strategies)(check))()


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A folder with a run, a config, a folder and a file of bytes."""
    folder = tmp_path_factory.mktemp("fuzz")
    (folder / "small.yaml").write_text(SMALL)
    (folder / "bytes.yaml").write_bytes(bytes(range(256)))
    (folder / "folder").mkdir()
    assert run_here(folder, "train", "small.yaml", "--name", "first", "--quiet").returncode == 0
    return folder


@pytest.fixture(autouse=True)
def reports(tmp_path, monkeypatch):
    """Where the report of a bug would be written: it stays empty."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


def hold(done, reports):
    """One of the documented exits, and on the streams nothing of the machinery's own."""
    said = done.stdout + done.stderr
    assert done.returncode in EXITS, (done.args, said)
    assert not re.search(r"Traceback \(|a bug in rnnlab|\w+Warning\b|site-packages", said), (done.args, said)
    assert list(reports.iterdir()) == [], (done.args, said)
    assert done.returncode in (0, 7) or re.search(r"^error: ", done.stderr, re.MULTILINE), (done.args, said)


def try_line(run: Callable[..., Any], place, reports, line):
    before = set((place / "runs").iterdir())
    try:
        hold(run(place, *line, timeout=LONGEST), reports)
    finally:
        for report in reports.iterdir():
            report.unlink()
        for made in set((place / "runs").iterdir()) - before:
            shutil.rmtree(made)


def try_config(place, reports, content, command):
    (place / "fuzzed.yaml").write_bytes(content)
    brief = ["--set", "training.epochs=null", "--set", "training.updates=1"]
    try_line(run_here, place, reports, [command, "fuzzed.yaml", *brief])


COUNTS = [FEW, pytest.param(MANY, marks=pytest.mark.slow)]


@pytest.mark.parametrize("count", COUNTS)
def test_any_command_line_is_answered(place, reports, count):
    @many(count, line=lines.filter(harmless))
    def check(line):
        try_line(run_here, place, reports, line)


@pytest.mark.parametrize("count", COUNTS)
def test_any_config_is_answered(place, reports, count):
    @many(count, content=contents, command=st.sampled_from(["gradcheck", "gradcheck", "train"]))
    def check(content, command):
        try_config(place, reports, content, command)


@pytest.mark.parametrize("count", [8, pytest.param(60, marks=pytest.mark.slow)])
def test_any_command_line_is_answered_by_the_executable(place, reports, count):
    @many(count, line=lines.filter(harmless))
    def check(line):
        try_line(lambda *a, **k: run_process(*a, env={"TMPDIR": str(reports)}, **k), place, reports, line)


@pytest.mark.parametrize("count", COUNTS)
def test_any_line_is_completed_in_silence(place, count):
    @many(count, line=st.lists(words, max_size=5), shell=st.sampled_from(["bash", "zsh", "fish"]))
    def check(line, shell):
        done = run_here(place, *line, env={"_RNNLAB_COMPLETE": f"complete_{shell}"})
        assert (done.returncode, done.stderr) == (0, ""), (line, done.stderr)
