"""`rnnlab fetch` as its users meet it, against the replay server."""

import json
import os
import re
import signal
import subprocess
import sys
import time

import pytest

from rnnlab.cli import app
from rnnlab.data.prices import load_prices
from rnnlab.display import console
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


def test_the_installed_command(installed, settings, tmp_path):
    done = installed("fetch", "AAPL", "../x", "--end", "2024-03-29", env=settings)
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
        "     read as 2 rows, daily, 2024-02-01 to 2024-02-02, closes from 'Close', decimal point\n"
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


HOSTILE_TEXT = "a\x1b[31mb\x9b2Jc\x07d\u202ee\u2028f"
ACTING = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]")


def harmless(done):
    """Nothing that a terminal acts upon, nothing of the machinery, one message."""
    assert not ACTING.search(done.stdout + done.stderr), repr(done.stdout + done.stderr)
    assert "Traceback" not in done.stderr
    assert "Warning" not in done.stderr
    return done


@pytest.mark.parametrize(
    "content",
    [
        f"date,{HOSTILE_TEXT}\n2024-01-02,x\n",
        f"{HOSTILE_TEXT},close\n2024-01-02,x\n",
        f"date,close\n2024-01-02,{HOSTILE_TEXT}\n",
        f"date,close\n{HOSTILE_TEXT},1\n",
        f"date,a,b\n2024-01-02,{HOSTILE_TEXT},1\n",
        f"date,close,symbol\n2024-01-02,1,{HOSTILE_TEXT}\n2024-01-03,1,{HOSTILE_TEXT}\n",
        f"date,close,symbol\n2024-01-02,1,{HOSTILE_TEXT}\n2024-01-03,1,Y\n",
        f"date,{HOSTILE_TEXT},{HOSTILE_TEXT}\n2024-01-02,1,2\n",
        f"Price,Close,High\nTicker,{HOSTILE_TEXT},Y\nDate,,\n2024-01-02,1,2\n",
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8", "latin-1"])
def test_a_file_does_not_drive_the_terminal(fetch, tmp_path, content, encoding):
    content = "".join(c for c in content if c != "\x1b" and c != "\x07")  # those are refused as binary
    (tmp_path / "x.csv").write_bytes(content.encode(encoding, "ignore"))
    harmless(fetch("A", "--from-file", "x.csv"))
    harmless(fetch("A", "--from-file", "x.csv", "--json"))
    harmless(fetch("--list"))


@pytest.mark.parametrize("name", [HOSTILE_TEXT, "a\nb", "x" * 200, os.fsdecode(b"\xff\x9b"), "a b'c"])
@pytest.mark.parametrize("content", ["rubbish", "date,close\n2024-01-02,1\n2024-01-03,1\n"])
def test_the_name_of_a_file_or_folder_does_not_drive_the_terminal(fetch, tmp_path, name, content):
    (tmp_path / name).mkdir()
    (tmp_path / name / f"{name[:50]}.csv").write_text(content)
    (tmp_path / name / "B.csv").write_text(content)
    for arguments in (
        ("A", "--from-file", f"{name}/{name[:50]}.csv"),
        ("A", "--from-file", f"{name}/{name[:49]}.csv"),
        ("A", "--from-file", name),
        ("A", "--from-file", f"{name}{name}/x.csv"),
        ("B", "--data-dir", name),
        ("--list", "--data-dir", name),
        ("--list", "--json", "--data-dir", name),
        ("A", "--data-dir", f"{name}/B.csv"),
        ("A", "--source", "yahoo", "--data-dir", name),
    ):
        done = harmless(fetch(*arguments))
        assert len(done.stderr.splitlines()) <= 3, done.stderr


@pytest.mark.parametrize("text", ["AAPL\x9b2J", "\u202eLPAA", "A\x1b[2J", "A\u2028B", "\udcff"])
def test_a_symbol_or_an_option_does_not_drive_the_terminal(fetch, text):
    for arguments in (
        (text,),
        ("A", "--source", text),
        ("A", "--adjust", text),
        ("A", "--start", text),
        ("A", "--from-file", "x.csv", "--decimal", text),
        ("A", "--date-format", text, "--from-file", "x.csv"),
        (text, text + "B", "--from-file", "x.csv"),
    ):
        assert harmless(fetch(*arguments)).returncode in (2, 4)


@pytest.mark.parametrize("source", ["yahoo", "nasdaq", "stooq", "tiingo", "twelvedata"])
@pytest.mark.parametrize("status", [200, 302, 400, 404, 418])
def test_an_answer_does_not_drive_the_terminal(fetch, replay, source, status):
    code = {"code": HOSTILE_TEXT, "description": HOSTILE_TEXT, "errorMessage": HOSTILE_TEXT}
    bodies = (
        HOSTILE_TEXT,
        json.dumps(HOSTILE_TEXT, ensure_ascii=False),
        json.dumps({"detail": HOSTILE_TEXT, "status": "error", "code": HOSTILE_TEXT, "message": HOSTILE_TEXT}),
        json.dumps({"chart": {"error": code}, "status": {"rCode": HOSTILE_TEXT, "bCodeMessage": [code]}}),
        json.dumps({"data": {"symbol": HOSTILE_TEXT, "tradesTable": {}}, "status": {"rCode": 200}}),
        json.dumps({"meta": {"symbol": HOSTILE_TEXT}, "values": [{"datetime": HOSTILE_TEXT}]}),
        json.dumps([{"date": HOSTILE_TEXT, "close": 1}]),
        json.dumps([{"date": "2024-01-02", "close": HOSTILE_TEXT}]),
        f"Date,Close\n2024-01-02,{HOSTILE_TEXT}\n",
    )
    for body in bodies:
        replay.scenes[source] = Reply(body, status, {"Location": "https://a%1b%9b/\u202e".encode().decode("latin-1")})
        for json_too in ([], ["--json"]) if status == 200 else (["--json"],):  # which says it twice, in words too
            done = harmless(fetch("A", "--source", source, *json_too, env={f"{source.upper()}_API_KEY": "k"}))
            assert done.returncode == 4


@pytest.mark.usefixtures("replay")
@pytest.mark.parametrize(
    "make",
    [
        lambda path: os.mkfifo(path),
        lambda path: path.mkdir(),
        lambda path: path.symlink_to("/dev/zero"),
        lambda path: path.symlink_to(path.name),
        lambda path: path.symlink_to("nowhere"),
        lambda path: path.write_bytes(b"\x89PNG\r\n"),
    ],
    ids=["pipe", "folder", "device", "loop", "dangling", "picture"],
)
def test_what_is_no_file_is_refused_wherever_a_file_is_needed(rnnlab, settings, tmp_path, make):
    """A pipe would be waited for without end: each command has a minute."""
    make(tmp_path / "x.csv")
    (tmp_path / "data").mkdir()
    make(tmp_path / "data" / "B.csv")
    data = "data={kind: csv, path: x.csv, lookback: 2}"
    text = "data={kind: text, path: x.csv}"
    for arguments, code in (
        (("fetch", "A", "--from-file", "x.csv"), 4),
        (("fetch", "B", "--source", "yahoo", "--end", "2024-03-29"), 4),
        (("fetch", "--list"), 0),
        (("train", "stock.yaml", "--set", data), 4),
        (("train", "stock.yaml", "--set", text), 4),
    ):
        (tmp_path / "stock.yaml").write_text("data: {kind: prices, symbol: B}\ntraining: {epochs: 1}\n")
        done = harmless(rnnlab(*arguments, env=settings, timeout=60))
        is_nothing = arguments[1] == "B" and not (tmp_path / "x.csv").exists()  # a link to nothing is replaced
        assert done.returncode == (0 if is_nothing else code), (arguments, done.stderr)
        assert done.stderr.count("a CSV file is needed") <= 1


@pytest.mark.usefixtures("replay")
@pytest.mark.parametrize(
    ("name", "make"),
    [
        *((name, os.mkfifo) for name in ("B.json", ".B.lock", ".B.csv.new", ".B.json.new", ".")),
        *((name, os.mkdir) for name in ("B.json", ".B.lock", ".B.csv.new")),
        *((name, lambda path: os.symlink("/dev/zero", path)) for name in (".B.lock", ".B.json.new", ".")),
    ],
)
def test_what_is_no_file_among_the_stored_ones_is_survived(rnnlab, settings, tmp_path, name, make):
    (tmp_path / "data").mkdir()
    if name != ".":
        make(tmp_path / "data" / name)
    else:
        (tmp_path / "data").rmdir()
        make(tmp_path / "data")
    done = harmless(rnnlab("fetch", "B", "--source", "yahoo", "--end", "2024-03-29", env=settings, timeout=60))
    assert done.returncode in (0, 4)
    assert done.stderr.count("\n") == (2 if done.returncode else 0), done.stderr
    assert harmless(rnnlab("fetch", "--list", env=settings, timeout=60)).returncode in (0, 4)


LONG_NAME = "n" * 300


@pytest.mark.parametrize(
    ("arguments", "env"),
    [
        (("fetch", "A", "--from-file", f"{LONG_NAME}/x.csv"), {}),
        (("fetch", "A", "--from-file", f"x/{LONG_NAME}"), {}),
        (("fetch", "A", "--from-file", "x/" * 3000), {}),
        (("fetch", "A", "--data-dir", LONG_NAME), {}),
        (("fetch", "--list", "--data-dir", f"{LONG_NAME}/x"), {}),
        (("fetch", "--list"), {"RNNLAB_DATA": LONG_NAME}),
        (("fetch", "A"), {"RNNLAB_DATA": f"a/{LONG_NAME}/b"}),
        (("train", "c.yaml"), {"RNNLAB_DATA": LONG_NAME}),
        (("train", "c.yaml", "--set", f"data={{kind: csv, path: {LONG_NAME}, lookback: 2}}"), {}),
        (("train", "c.yaml", "--set", f"data={{kind: text, path: a/{LONG_NAME}}}"), {}),
        (("fetch", "A", "--data-dir", "c.yaml"), {}),
        (("fetch", "A", "--data-dir", "c.yaml/x"), {}),
        (("fetch", "A", "--from-file", "c.yaml/x"), {}),
        (("fetch", "A", "--data-dir", "/proc/nothing"), {}),
        (("fetch", "A", "--data-dir", "/dev/null"), {}),
        (("fetch", "A", "--from-file", "/dev/full"), {}),
        (("fetch", "A", "--from-file", "/proc/self/mem"), {}),
        (("fetch", "A", "--from-file", ""), {}),
        (("train", "c.yaml", "--set", "data.path=/proc/self/mem", "--set", "data.kind=csv"), {}),
    ],
)
def test_a_path_that_cannot_be_used_is_one_sentence(rnnlab, settings, tmp_path, arguments, env):
    (tmp_path / "c.yaml").write_text("data: {kind: prices, symbol: B}\ntraining: {epochs: 1}\n")
    done = harmless(rnnlab(*arguments, env={**settings, **env}))
    assert done.returncode in (2, 4), done.stderr
    assert done.stderr.startswith("error: ")
    assert done.stderr.count("error: ") == 1
    assert len(done.stderr) < 900
    assert "a bug in rnnlab" not in done.stderr


@pytest.mark.parametrize("arguments", [("A",), ("A", "--data-dir", "."), ("A", "--from-file", "x.csv"), ("--list",)])
def test_a_working_folder_that_is_gone(executable, environment, settings, tmp_path, arguments):
    (tmp_path / "gone").mkdir()
    code = "import os, sys; os.rmdir(os.getcwd()); os.execv(sys.argv[1], sys.argv[1:])"
    done = subprocess.run(
        [sys.executable, "-c", code, executable, "fetch", *arguments],
        cwd=tmp_path / "gone",
        env=environment(settings),
        capture_output=True,
        text=True,
        timeout=60,
    )
    harmless(done)
    assert done.returncode == (0 if arguments == ("--list",) else 4), done.stderr
    assert "a bug in rnnlab" not in done.stderr


@pytest.mark.parametrize(
    ("arguments", "env"),
    [
        (("A", "--data-dir", "~/prices"), {}),
        (("A",), {"RNNLAB_DATA": "~/prices"}),
        (("A", "--from-file", "~/x.csv", "--data-dir", "~/prices"), {}),
    ],
)
def test_a_tilde_is_the_home_folder(rnnlab, settings, tmp_path, arguments, env):
    home = tmp_path / "home"
    home.mkdir()
    (home / "x.csv").write_text("date,close\n2024-01-02,1\n2024-01-03,1\n")
    end = ["--end", "2024-03-29"]
    done = rnnlab("fetch", *arguments, *end, env={**settings, **env, "HOME": str(home)})
    assert (done.returncode, done.stderr) == (0, "")
    assert (home / "prices" / "A.csv").exists()
    listed = rnnlab("fetch", "--list", env={"RNNLAB_DATA": "~/prices", "HOME": str(home)})
    assert listed.stdout.splitlines()[1].split()[0] == "A"
    assert os.listdir(tmp_path) == ["home"]


def test_a_tilde_in_a_config_is_the_home_folder(rnnlab, tmp_path):
    home = tmp_path / "home"
    home.mkdir()
    lines = [f"2024-01-{day:02d},{10 + day % 3}.5" for day in range(1, 31)]
    (home / "x.csv").write_text("\n".join(["date,close", *lines]))
    (tmp_path / "c.yaml").write_text("data: {kind: csv, path: ~/x.csv, lookback: 2}\ntraining: {epochs: 1}\nseeds: 1\n")
    for setting in ([], ["--set", "data.path=~/x.csv"]):
        assert rnnlab("train", "c.yaml", *setting, env={"HOME": str(home)}).returncode == 0
    assert sorted(os.listdir(tmp_path)) == ["c.yaml", "home", "runs"]
