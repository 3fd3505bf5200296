"""`rnnlab compare`: table, document, refusals."""

import json
import re
import shutil

import pytest

from tests.command_line import run_here
from tests.painting import nothing_painted

TEXT = """\
seeds: 2
data: {kind: text, text: the quick brown fox, repeat: 4, chunk: 12}
model: {hidden_size: 5}
training: {updates: 3, batch_size: 2}
"""
PRICES = """\
seeds: 2
data: {kind: prices, symbol: AAPL, lookback: 5}
model: {hidden_size: 3}
training: {epochs: 2}
"""


ENDLESS = """\
data: {kind: synthetic, task: adding, length: 6, sequences: endless, held_out: 9}
model: {hidden_size: 3}
training: {updates: 3, batch_size: 2}
"""
FITTED = """\
data: {kind: synthetic, task: adding, length: 6, sequences: 40}
model: {hidden_size: 3}
training: {fit: ridge}
"""


def one_seed(text: str) -> str:
    return text.replace("seeds: 2", "seeds: 1")


CONFIGS = {
    "plain": TEXT,
    "gated": TEXT.replace("size: 5", "size: 5, cell: gru"),
    "a": PRICES,
    "again": PRICES,
    "fresh": ENDLESS,
    "fitted": FITTED,
    "one text": one_seed(TEXT),
    "another text": one_seed(TEXT),
    "one series": one_seed(PRICES),
    "another series": one_seed(PRICES),
}


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """A folder with a finished run of each config, to be copied, and their paths in it."""
    folder = tmp_path_factory.mktemp("finished")
    paths = {}
    for name, text in CONFIGS.items():
        (folder / "c.yaml").write_text(text)
        with nothing_painted():
            done = run_here(folder, "train", "c.yaml", "--quiet", "--name", name.split()[0] if name != "again" else "a")
        assert done.returncode == 0, done.stderr
        paths[name] = done.stdout.strip()
    return folder, paths


@pytest.fixture
def trained(finished, tmp_path):
    """The paths of the runs of some configs, which stand in the working folder."""
    folder, paths = finished

    def find(*names: str) -> list[str]:
        for name in names:
            shutil.copytree(folder / paths[name], tmp_path / paths[name])
        return [paths[name] for name in names]

    return find


def test_texts_show_rates_beside_metrics_and_baselines(rnnlab, trained):
    runs = trained("plain", "gated")
    done = rnnlab("compare", *runs)
    assert done.returncode == 0, done.stderr
    metrics, gradients = (block.splitlines() for block in done.stdout.split("\n\n")[1:3])
    assert re.split("  +", metrics[0].strip())[:3] == ["cell", "cross entropy (nats/character)", "accuracy"]
    assert [row.split()[:2] for row in metrics[1:3]] == [["plain", "rnn"], ["gated", "gru"]]
    assert [row.split()[0] for row in metrics[3:]] == ["unigram", "bigram"]
    assert gradients[0].split() == ["verdict", "growth", "rate", "after", "horizon", "loss", "clipped"]
    assert done.stdout.splitlines()[-2:] == [f"plain  {runs[0]}", f"gated  {runs[1]}"]


def test_fresh_sequences_have_no_epochs_to_speak_of(rnnlab, trained):
    plain, gated, fresh = trained("plain", "gated", "fresh")
    beside = "The loss is that of the first and of the last epoch"
    assert f"{beside}." in rnnlab("compare", plain, gated).stdout
    rows = ", of fresh sequences in the first and in the last row of metrics.csv."
    assert f"{beside}{rows}" in rnnlab("compare", plain, fresh).stdout
    assert "On 2 fresh sequences. " in rnnlab("inspect", fresh).stdout


def test_a_fit_in_closed_form_shows_the_one_loss_that_it_has(rnnlab, trained):
    plain, fitted = trained("plain", "fitted")
    shown = rnnlab("compare", plain, fitted).stdout
    descent = re.search(r"plain +(?:vanishing|critical|mixed|exploding) .*", shown)[0]
    fit = re.search(r"fitted +(?:vanishing|critical|mixed|exploding) .*", shown)[0]
    assert (descent.count(" → "), descent.count("%")) == (1, 1)
    assert (fit.count(" → "), fit.count("%")) == (0, 0)
    assert "of the last epoch, or the one after a fit in closed form." in shown


def test_forecasts_show_their_metrics_beside_persistence(rnnlab, trained):
    runs = trained("a", "again")
    verdict, blank, *lines = rnnlab("compare", *runs).stdout.splitlines()
    assert verdict.startswith("No verdict on ")
    assert blank == ""
    assert re.split("  +", lines[0].strip())[:4] == ["RMSE (USD)", "MAE (USD)", "MAPE (%)", "sMAPE (%)"]
    assert lines[1].split()[:2] == ["a", runs[0][-4:]]
    assert any(line.split()[:1] == ["persistence"] for line in lines)
    assert any(line.split()[:2] == ["seasonal", "(5)"] for line in lines)
    assert all("[" in line and "±" not in line for line in lines[1:3])
    assert any(line.startswith("Medians of the seeds [5–95 %].") for line in lines)
    assert any(line.split()[0:1] == ["a"] and "vanishing" in line for line in lines)


def test_one_seed_shows_its_value_alone(rnnlab, trained):
    for kind in ("text", "series"):
        done = rnnlab("compare", *trained(f"one {kind}", f"another {kind}"))
        assert (done.returncode, "[" in done.stdout, "Medians" in done.stdout) == (0, False, False), done.stdout


def test_each_task_has_a_table_of_its_own(rnnlab, trained):
    lines = rnnlab("compare", *trained("plain", "a", "gated", "again")).stdout.splitlines()
    text, prices = lines.index("text"), lines.index("prices")
    assert text < prices
    assert [line.split()[0] for line in lines[text + 4 : text + 6]] == ["plain", "gated"]
    assert all("cross entropy" not in line for line in lines[prices:])


@pytest.mark.parametrize("columns", [60, 80, 120])
def test_a_narrow_screen_has_as_many_metrics_as_fit_and_names_the_others(on_terminal, trained, columns):
    runs = trained("a", "again")
    shown = on_terminal("compare", *runs, columns=columns, env={"NO_COLOR": "1"})[1].replace("\r", "")
    assert max(map(len, shown.partition("\n\n")[2].partition("\n\n")[0].split("\n"))) <= columns
    assert shown.count("persistence") == 1
    assert re.search(
        r"A wider terminal shows .* and direction hits too, and --json has them\.", " ".join(shown.split())
    )


def test_the_next_step_leads_on(on_terminal, trained):
    text, series, again = trained("plain", "a", "again")
    for runs, said in (
        ((series, again), f"next  rnnlab why {series} {again}"),
        ((text, series, again), f"next  rnnlab why {series} {again}"),
        ((text, series), "next  rnnlab runs --where task=text"),
    ):
        assert said in on_terminal("compare", *runs, columns=200, env={"NO_COLOR": "1"})[1]
    shown = on_terminal("why", series, again, columns=200, env={"NO_COLOR": "1"})[1]
    assert f"next  rnnlab verify {series}" in shown


def test_json_has_runs_groups_and_warnings(rnnlab, trained):
    done = rnnlab("compare", *trained("plain", "a"), "--json")
    content = json.loads(done.stdout)
    assert [one["name"] for one in content["runs"]] == ["plain", "a"]
    assert content["runs"][0]["before"]["verdict"] in ("vanishing", "critical", "mixed", "exploding")
    assert [group["task"] for group in content["groups"]] == ["text", "prices"]
    assert content["warnings"] == ["No two of these runs have the same task: there is no verdict."]
    assert done.stderr == f"warning: {content['warnings'][0]}\n"


def test_no_verdict_on_few_seeds(rnnlab, trained):
    shown = rnnlab("compare", *trained("plain", "gated")).stdout
    assert "No verdict on plain and gated: each has 2 seeds; a verdict needs 3 or more." in shown
    shown = rnnlab("compare", *trained("one text", "another text")).stdout
    assert "each has a single seed; a verdict needs 3 or more." in shown


def test_a_run_that_did_not_end_says_so(rnnlab, trained, tmp_path):
    plain, gated = trained("plain", "gated")
    path = tmp_path / gated / "run.json"
    record = json.loads(path.read_text())
    for status, said in (
        ({"status": "interrupted"}, "is interrupted: its training did not finish."),
        ({"status": "running", "process": {"pid": 2**30, "started": "never", "host": record["process"]["host"]}},
         "is lost: its training did not finish."),
    ):  # fmt: skip
        path.write_text(json.dumps({**record, **status, "metrics": {}, "baselines": {}}))
        done = rnnlab("compare", plain, gated)
        assert (done.returncode, f"warning: gated {said}\n" in done.stderr) == (0, True), done.stderr
        assert re.search(rf"gated +gru +{said.split()[1][:-1]} ", done.stdout), done.stdout


@pytest.mark.painted
@pytest.mark.parametrize(("name", "magic"), [("a.png", b"\x89PNG"), ("a.pdf", b"%PDF"), ("a.SVG", b"<?xml")])
def test_the_overlay_is_written_where_it_is_told(rnnlab, trained, tmp_path, name, magic):
    runs = trained("plain", "gated")
    done = rnnlab("compare", *runs, "--plot", name)
    assert done.returncode == 0, done.stderr
    assert done.stdout.endswith(f"plot  {name}\n")
    first = (tmp_path / name).read_bytes()
    assert first.startswith(magic)
    assert json.loads(rnnlab("compare", *runs, "--plot", name, "--json").stdout)["plot"] == name
    assert (tmp_path / name).read_bytes() == first


@pytest.mark.parametrize(
    ("name", "code", "said"),
    [("a.gif", 2, "a plot must be a file that ends in .png, .pdf or .svg; got 'a.gif'."),
     ("a.png", 2, "a plot must be a file; 'a.png' is a folder."),
     ("none/b.png", 6, "'none/b.png' could not be written: the folder it belongs in does not exist.")],
)  # fmt: skip
def test_a_plot_that_cannot_be_written_is_one_sentence(rnnlab, trained, tmp_path, name, code, said):
    (tmp_path / "a.png").mkdir()
    done = rnnlab("compare", *trained("plain", "gated"), "--plot", name)
    assert (done.returncode, done.stderr.splitlines()[0]) == (code, f"error: {said}")


def test_one_run_is_refused(rnnlab, trained):
    done = rnnlab("compare", *trained("plain"))
    assert done.returncode == 2
    assert done.stderr == "error: a comparison needs at least two different runs; got 1.\n"


def test_a_run_whose_plug_in_is_gone_names_it(rnnlab, trained, tmp_path):
    plain, gone = trained("plain", "gated")
    for name, old, new in (("run.json", '"metrics"', '"plugins": {"ugrnn": "rnnlab-ugrnn 0.1"}, "metrics"'),
                           ("config.yaml", "cell: gru", "cell: {kind: ugrnn}")):  # fmt: skip
        path = tmp_path / gone / name
        text = path.read_text()
        assert old in text
        path.write_text(text.replace(old, new))
    needs = "needs rnnlab-ugrnn 0.1, which brings ugrnn"
    done = rnnlab("compare", plain, gone)
    assert done.returncode == 0, done.stderr
    assert done.stderr == f"warning: gated {needs}: install it to see what its networks do to gradients.\n"
    row = [line for line in done.stdout.splitlines() if line.startswith("  gated")][1]
    assert "→" in row
    assert "vanishing" not in row
    done = rnnlab("inspect", gone)
    assert (done.returncode, done.stderr) == (2, f"error: '{gone}' {needs}.\n hint: Install it.\n")
    for command in (["train"], ["gradcheck"], ["sweep-rho", "1", "--config"]):
        done = rnnlab(*command, f"{gone}/config.yaml")
        assert done.returncode == 2
        assert done.stderr.endswith(f" hint: this run {needs}; install it\n")
    done = rnnlab("train", f"{gone}/config.yaml", "--set", "model.cell=gru", "--set", "model.hiden=3")
    assert needs not in done.stderr


def test_keys_in_which_the_configs_differ_are_columns(rnnlab, trained, tmp_path):
    plain, gated, a, again = trained("plain", "gated", "a", "again")
    content = json.loads(rnnlab("compare", plain, gated, "--json").stdout)
    assert content["differences"] == ["model.cell"]
    assert content["groups"][0]["differences"] == [{"key": "model.cell", "values": ["rnn", "gru"]}]
    assert "Their configs are the same." in rnnlab("compare", a, again).stdout
    (tmp_path / a / "config.yaml").unlink()
    done = rnnlab("compare", a, again)
    assert "Their configs" not in done.stdout
    assert "its config.yaml cannot be read" in done.stderr


def test_of_many_keys_some_are_named_below_the_table(rnnlab, trained, tmp_path):
    plain, gated = trained("plain", "gated")
    path = tmp_path / gated / "config.yaml"
    text = path.read_text()
    for old, new in (("repeat: 4", "repeat: 5"), ("chunk: 12", "chunk: 11"), ("hidden_size: 5", "hidden_size: 6"),
                     ("updates: 3", "updates: 4"), ("batch_size: 2", "batch_size: 1"), ("l2: 0.0", "l2: 0.1"),
                     ("shuffle: true", "shuffle: false")):  # fmt: skip
        assert old in text
        text = text.replace(old, new)
    path.write_text(text)
    shown = rnnlab("compare", plain, gated).stdout
    titles = shown.splitlines()[2].split()
    assert titles[:6] == ["repeat", "chunk", "cell", "hidden_size", "batch_size", "updates"]
    assert "They also differ in training.shuffle and training.l2." in shown


SEEDED = """\
seeds: 5
data: {kind: text, text: the quick brown fox, repeat: 4, chunk: 12}
model: {hidden_size: 5}
training: {updates: 3, batch_size: 2, optimizer: {kind: sgd, learning_rate: 0.001}}
"""


def test_a_verdict_is_given_beyond_the_noise_of_the_seeds_alone(rnnlab, tmp_path):
    (tmp_path / "c.yaml").write_text(SEEDED)
    for name, rate in (("slow", "0.001"), ("slower", "0.0009"), ("fast", "0.3")):
        assert rnnlab("train", "c.yaml", "--name", name, "--set", f"training.optimizer.learning_rate={rate}",
                      "--quiet").returncode == 0  # fmt: skip
    done = rnnlab("compare", "fast", "slow")
    assert re.search(
        r"^fast is better than slow: its cross entropy is lower by [\d.]+ nats/character on average "
        r"\(paired t-test, 5 seeds, p [<=] 0\.\d+\)\.$", done.stdout, re.MULTILINE,
    ), done.stdout  # fmt: skip
    assert "after Holm's correction for 3 pairs" in rnnlab("compare", "fast", "slow", "slower").stdout
    (group,) = json.loads(rnnlab("compare", "fast", "slow", "--json").stdout)["groups"]
    (test,) = group["verdicts"][0]["tests"]
    assert test["better"] == test["first"]
    assert "-fast-" in test["first"]


def test_what_the_configs_say_is_not_said_again_of_the_records(rnnlab, tmp_path):
    rows = "".join(f"{2000 + k},{k % 7},{k % 5}\n" for k in range(40))
    (tmp_path / "two.csv").write_text(f"year,a,b\n{rows}")
    for name, data in (("one", ""), ("two", ", inputs: [a, b]")):
        (tmp_path / f"{name}.yaml").write_text(
            f"data: {{kind: csv, path: two.csv, value_column: a, lookback: 3{data}}}\n"
            "model: {hidden_size: 2}\ntraining: {epochs: 2}\n"
        )
        assert rnnlab("train", f"{name}.yaml", "--quiet").returncode == 0
    shown = rnnlab("compare", "one", "two").stdout
    assert "inputs" in shown
    assert "By run.json" not in shown
