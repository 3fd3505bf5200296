"""`rnnlab fetch` as its users meet it: the installed executable against the replay server."""

import json
import os
import signal
import subprocess
import time

import pytest

from rnnlab.cli import app, console
from rnnlab.data.prices import load_prices
from tests.data.prices.replay import KEYS, History, Replay, Reply
from tests.data.prices.test_sources import UNKNOWN
from tests.data.prices.test_update import NOT_FOUND

HISTORY = History()
SECRET = "s3cr3t-key"


@pytest.fixture
def replay():
    server = Replay()
    server.scenes.update(
        {name: getattr(HISTORY, name) for name in ("yahoo", "nasdaq", "stooq", "tiingo", "twelvedata")}
    )
    yield server
    server.close()


@pytest.fixture
def settings(replay):
    """Every source on loopback, and no key."""
    return {**replay.environment(), **dict.fromkeys(KEYS, "")}


@pytest.fixture
def fetch(settings, tmp_path, monkeypatch, capsys):
    """Carry out `rnnlab fetch ARGUMENTS...` in this process: a new one each time takes most of a second."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments, env=None):
        with monkeypatch.context() as patched:
            patched.setattr(console, "_documents", 0)
            for name, value in {**settings, **(env or {})}.items():
                patched.setenv(name, value)
            code = app.run(["fetch", *arguments])
        captured = capsys.readouterr()
        return subprocess.CompletedProcess(arguments, code, captured.out, captured.err)

    return run


def test_the_installed_command(rnnlab, settings, tmp_path):
    done = rnnlab("fetch", "AAPL", "../x", "--end", "2024-03-29", env=settings)
    assert done.returncode == 4
    assert done.stdout.startswith("AAPL: 65 days, 2024-01-01 to 2024-03-29, new\n")
    assert done.stderr.startswith("error: A symbol is made of letters")
    assert sorted(os.listdir(tmp_path / "data")) == ["AAPL.csv", "AAPL.json"]


def test_a_fetch_says_what_is_kept_and_where(fetch, tmp_path):
    done = fetch("aapl", "--start", "2024-01-08", "--end", "2024-01-31")
    assert done.returncode == 0
    assert done.stderr == ""
    assert done.stdout == (
        "AAPL: 18 days, 2024-01-08 to 2024-01-31, new\n      yahoo, adjusted for splits, USD: data/AAPL.csv\n"
    )
    assert sorted(os.listdir(tmp_path / "data")) == ["AAPL.csv", "AAPL.json"]
    again = fetch("AAPL", "--end", "2024-02-02")
    assert "AAPL: 20 days, 2024-01-08 to 2024-02-02, 2 added\n" in again.stdout
    assert "nothing new" in fetch("AAPL", "--end", "2024-02-02").stdout


def test_training_takes_what_was_fetched(fetch, tmp_path):
    assert fetch("AAPL", "--end", "2024-03-29").returncode == 0
    series = load_prices("AAPL")
    origin = json.loads((tmp_path / "data" / "AAPL.json").read_text())
    assert (series.source, series.rows, series.sha256) == ("yahoo", 65, origin["sha256"])


def test_several_symbols_go_on_after_one_failed(fetch, replay):
    replay.scenes.update(
        yahoo=lambda asked: NOT_FOUND if "AAPX" in asked.path else HISTORY.yahoo(asked), nasdaq=Reply(UNKNOWN)
    )
    done = fetch("AAPX", "MSFT", "MSFT", "--end", "2024-03-29")
    assert done.returncode == 4
    assert done.stdout.startswith("MSFT: 65 days")
    assert done.stdout.count("MSFT") == 2  # the second is the path
    assert "error: yahoo and nasdaq: know no symbol 'AAPX'." in done.stderr


def test_auto_prints_why_a_source_was_skipped(fetch, replay):
    replay.scenes["yahoo"] = Reply("Too Many Requests", 429, {"Retry-After": "90"})
    done = fetch("AAPL", "--end", "2024-03-29")
    assert done.returncode == 0
    assert "AAPL: skipped yahoo: says that there were too many requests (status 429)" in done.stderr
    assert "wait 90 seconds" in done.stderr
    assert "nasdaq, adjusted for splits, USD:" in done.stdout


FAILURES = {
    "key": (
        "stooq",
        Reply("Get your apikey: ..."),
        "stooq: wants a key.",
        "https://stooq.com/q/d/?s=spy.us&get_apikey",
    ),
    "blocked": (
        "stooq",
        Reply("<p>requires JavaScript to verify your browser"),
        "anti-bot page",
        "--from-file FILE",
    ),
    "limited": ("yahoo", Reply("", 429, {"Retry-After": "3600"}), "60 minutes", "Try again in 60 minutes"),
    "unknown": ("yahoo", NOT_FOUND, "yahoo: knows no symbol 'SPY'.", "At hand: AAPL, GOOG"),
    "empty": ("stooq", Reply("No data"), "has no day of SPY from 2024-01-02", "--start and --end"),
    "unexpected": ("tiingo", Reply("\x1b[2J\x07<b>What?</b>"), "it begins '<b>What?</b>'.", "--source"),
    "server": (
        "yahoo",
        Reply("<html>Bad Gateway", 502, {"Retry-After": "0"}),
        "fails with status 502",
        "Try again later",
    ),
}


@pytest.mark.parametrize("name", FAILURES)
def test_every_failure_has_its_sentence_its_next_step_and_exit_4(fetch, replay, tmp_path, name):
    source, reply, sentence, step = FAILURES[name]
    replay.scenes[source] = reply
    key = ["--api-key", SECRET] if source == "tiingo" else []
    done = fetch("SPY", "--source", source, "--start", "2024-01-02", *key)
    assert (done.returncode, done.stdout) == (4, "")
    assert done.stderr.startswith(f"error: {source}: ")
    assert sentence in done.stderr
    assert step in done.stderr
    assert "Traceback" not in done.stderr
    assert "\x1b" not in done.stderr
    assert SECRET not in done.stderr
    assert not (tmp_path / "data").exists()


def test_a_network_that_is_down(fetch, replay):
    replay.close()
    done = fetch("SPY", "--source", "nasdaq", env={"RNNLAB_NASDAQ_URL": "http://127.0.0.1:9"})
    assert done.returncode == 4
    assert "nasdaq: is out of reach at 127.0.0.1:9: the connection was refused" in done.stderr


@pytest.mark.parametrize(
    "symbol", ["../../etc/passwd", "a b", "", "A" * 10_000, "%0d%0a", "https://example.org/", "\x1b[2J", "é"]
)
def test_hostile_symbols(fetch, replay, tmp_path, symbol):
    done = fetch(symbol)
    assert (done.returncode, done.stdout) == (4, "")
    assert done.stderr.startswith("error: A symbol ")
    assert len(done.stderr) < 300
    assert "\x1b" not in done.stderr
    assert not replay.asked
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "Name at least one symbol"),
        (["A", "--source", "google"], "--source must be auto or one of yahoo, nasdaq"),
        (["A", "--adjust", "x"], "--adjust must be one of split, total, raw"),
        (["A", "--start", "2024-13-01"], "--start must be a day such as 2019-01-02; got '2024-13-01'"),
        (["A", "--start", "2024-02-01", "--end", "2024-01-01"], "--start must not be after --end"),
        (["A", "--api-key", SECRET], "--api-key needs the --source it is for"),
        (["A", "B", "--from-file", "x.csv"], "--from-file holds one symbol; got 2: A, B"),
        (["A", "--from-file", "x.csv", "--source", "yahoo"], "--from-file asks no source"),
        (["A", "--date-format", "DD/MM/YYYY"], "about the file of --from-file"),
        (["A", "--from-file", "x.csv", "--decimal", "dot"], "--decimal must be point or comma"),
        (["A", "--list"], "--list shows everything that is kept"),
    ],
)
def test_usage_errors(fetch, replay, arguments, message):
    done = fetch(*arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert message in done.stderr
    assert SECRET not in done.stderr
    assert not replay.asked


def test_keys_are_nowhere(fetch, replay, tmp_path):
    for source, variable in (
        ("tiingo", "TIINGO_API_KEY"),
        ("twelvedata", "TWELVEDATA_API_KEY"),
        ("stooq", "STOOQ_APIKEY"),
    ):
        done = fetch("AAPL", "--source", source, "--end", "2024-03-29", "--json", env={variable: SECRET})
        assert done.returncode == 0
        kept = "".join(path.read_text() for path in (tmp_path / "data").iterdir())
        assert SECRET not in done.stdout + done.stderr + kept
    assert SECRET in replay.asked[0].headers["authorization"]
    assert [asked.query.get("apikey") for asked in replay.asked] == [None, SECRET, SECRET]


def test_json_is_one_document(fetch, replay):
    replay.scenes["yahoo"] = lambda asked: NOT_FOUND if "AAPX" in asked.path else HISTORY.yahoo(asked)
    done = fetch("AAPL", "AAPX", "--json", "--end", "2024-03-29", "--source", "yahoo")
    assert done.returncode == 4
    document = json.loads(done.stdout)
    (fetched,) = document["fetched"]
    assert fetched["change"] == "new"
    assert fetched["path"] == "data/AAPL.csv"
    assert (fetched["source"], fetched["adjustment"], fetched["rows"]) == ("yahoo", "split", 65)
    (failed,) = document["failed"]
    assert (failed["symbol"], failed["kind"], failed["exit_code"]) == ("AAPX", "NoSuchSymbol", 4)
    assert document["skipped"] == []


def test_the_list(fetch, tmp_path):
    nothing = fetch("--list")
    assert (nothing.returncode, nothing.stdout) == (0, "")
    assert nothing.stderr == "nothing is kept in data; bundled with rnnlab: AAPL, GOOG\n"
    fetch("MSFT", "--end", "2024-03-29")
    (tmp_path / "data" / "BAD.csv").write_text("rubbish")
    (tmp_path / "data" / "BYHAND.csv").write_text("date,close\n2024-01-02,1\n2024-01-03,2\n")
    done = fetch("--list")
    header, *lines = done.stdout.splitlines()
    assert header.split() == ["symbol", "source", "adjusted", "days", "first", "last", "age"]
    assert [line.split()[:6] for line in lines] == [
        ["BYHAND", "unknown", "unknown", "2", "2024-01-02", "2024-01-03"],
        ["MSFT", "yahoo", "split", "65", "2024-01-01", "2024-03-29"],
    ]
    assert "warning: data/BAD.csv: holds one line and no rows under it" in done.stderr
    document = json.loads(fetch("--list", "--json").stdout)
    assert [entry["symbol"] for entry in document["kept"]] == ["BAD", "BYHAND", "MSFT"]
    assert document["bundled"] == ["AAPL", "GOOG"]


def test_the_list_does_not_let_a_file_drive_the_terminal(fetch, tmp_path):
    fetch("MSFT", "--end", "2024-03-29")
    described = tmp_path / "data" / "MSFT.json"
    described.write_text(described.read_text().replace('"yahoo"', '"\\u001b[2Jme"'))
    done = fetch("--list")
    assert "\\x1b[2Jme" in done.stdout
    assert "\x1b" not in done.stdout


def test_a_file_from_a_browser(fetch, tmp_path):
    (tmp_path / "down.csv").write_text("Date,Close\n01/02/2024,1\n02/02/2024,1.1\n")
    question = fetch("XYZ", "--from-file", "down.csv")
    assert question.returncode == 4
    assert "'01/02/2024' could be 1 Feb 2024 or 2 Jan 2024" in question.stderr
    assert "--date-format" in question.stderr
    done = fetch("XYZ", "--from-file", "down.csv", "--date-format", "DD/MM/YYYY", "--adjust", "raw")
    assert done.returncode == 0
    assert done.stdout == (
        "XYZ: 2 days, 2024-02-01 to 2024-02-02, new\n     file down.csv, not adjusted: data/XYZ.csv\n"
    )


def test_the_environment_names_the_folder_and_the_flag_goes_before_it(fetch, tmp_path):
    assert fetch("A", "--end", "2024-03-29", env={"RNNLAB_DATA": "elsewhere"}).returncode == 0
    assert (tmp_path / "elsewhere" / "A.csv").exists()
    assert fetch("B", "--data-dir", "flag", "--end", "2024-03-29", env={"RNNLAB_DATA": "elsewhere"}).returncode == 0
    assert (tmp_path / "flag" / "B.csv").exists()


def test_a_terminal_shows_which_source_is_asked(on_terminal, replay):
    code, screen = on_terminal("fetch", "AAPL", "--end", "2024-03-29", env=replay.environment())
    assert code == 0
    assert "AAPL: asking yahoo ..." in screen
    shown = screen.replace("\r\n", "\n").split("\n")[0].rsplit("\r", 1)[-1]
    assert shown == "AAPL: 65 days, 2024-01-01 to 2024-03-29, new"


def test_an_interrupt_leaves_nothing(executable, environment, replay, tmp_path):
    replay.scenes["yahoo"] = Reply("x", wait=30)
    process = subprocess.Popen(
        [executable, "fetch", "AAPL"],
        cwd=tmp_path,
        env=environment(replay.environment()),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    deadline = time.monotonic() + 30
    while not replay.asked and time.monotonic() < deadline:
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=30)
    assert (process.returncode, out) == (130, "")
    assert "Traceback" not in err
    assert not (tmp_path / "data").exists()
