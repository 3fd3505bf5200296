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
    header, *rows = done.stdout.splitlines()
    assert header.split() == [
        "verdict", "growth", "rate", "after", "horizon", "loss", "clipped", "cross", "entropy", "(nats/character)",
        "accuracy",
    ]  # fmt: skip
    assert [row.split()[0] for row in rows[:4]] == ["plain", "gated", "unigram", "bigram"]
    assert done.stdout.splitlines()[-2:] == [f"plain  {runs[0]}", f"gated  {runs[1]}"]


def test_fresh_sequences_have_no_epochs_to_speak_of(rnnlab, trained):
    plain, gated, fresh = trained("plain", "gated", "fresh")
    beside = "the loss in the first and in the last epoch"
    assert f"{beside}." in rnnlab("compare", plain, gated).stdout
    rows = ", of fresh sequences in the first and in the last row of metrics.csv."
    assert f"{beside}{rows}" in rnnlab("compare", plain, fresh).stdout
    assert "On 2 fresh sequences. " in rnnlab("inspect", fresh).stdout


def test_a_fit_in_closed_form_shows_the_one_loss_that_it_has(rnnlab, trained):
    plain, fitted = trained("plain", "fitted")
    shown = rnnlab("compare", plain, fitted).stdout
    _, descent, fit, *_ = shown.splitlines()
    assert (descent.count(" → "), descent.count("%")) == (1, 1)
    assert (fit.count(" → "), fit.count("%")) == (0, 0)
    assert "in the last epoch, or the one after a fit in closed form." in shown


def test_forecasts_show_their_metrics_beside_persistence(rnnlab, trained):
    runs = trained("a", "again")
    lines = rnnlab("compare", *runs).stdout.splitlines()
    assert re.split("  +", lines[0].strip())[:5] == ["clipped", "RMSE (USD)", "MAE (USD)", "MAPE (%)", "sMAPE (%)"]
    assert lines[1].split()[:2] == ["a", runs[0][-4:]]
    assert any(line.split()[:1] == ["persistence"] for line in lines)
    assert any(line.split()[:2] == ["seasonal", "(5)"] for line in lines)
    assert all("[" in line and "±" not in line for line in lines[1:3])
    assert "Medians of the seeds [5–95 %]." in lines


def test_one_seed_shows_its_value_alone(rnnlab, trained):
    for kind in ("text", "series"):
        done = rnnlab("compare", *trained(f"one {kind}", f"another {kind}"))
        assert (done.returncode, "[" in done.stdout, "Medians" in done.stdout) == (0, False, False), done.stdout


def test_json_and_warnings(rnnlab, trained):
    done = rnnlab("compare", *trained("plain", "a"), "--json")
    content = json.loads(done.stdout)
    assert [one["name"] for one in content["runs"]] == ["plain", "a"]
    assert content["runs"][0]["before"]["verdict"] in ("vanishing", "critical", "mixed", "exploding")
    assert content["runs"][1]["before"] is None
    assert done.stderr.startswith("warning: These runs did not learn from the same data")


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
    assert done.stderr == f"warning: {gone[5:]} {needs}: install it to see what its networks do to gradients.\n"
    row = next(line for line in done.stdout.splitlines() if line.startswith("  gated"))
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


def test_keys_in_which_the_configs_differ_are_named(rnnlab, trained, tmp_path):
    plain, gated, fresh, a, again = trained("plain", "gated", "fresh", "a", "again")
    assert "\nThey differ in model.cell.\n" in rnnlab("compare", plain, gated).stdout
    for other, more in ((fresh, "training.shuffle"), (a, "N more")):
        (line,) = re.findall(r"^They differ in .*$", rnnlab("compare", plain, other).stdout, re.MULTILINE)
        assert line.count(", ") == 4
        assert re.sub(r"\d", "N", line).endswith(f" and {more}.")
    assert json.loads(rnnlab("compare", plain, gated, "--json").stdout)["differences"] == ["model.cell"]
    assert "They differ" not in rnnlab("compare", a, again).stdout
    (tmp_path / a / "config.yaml").unlink()
    assert "They differ" not in rnnlab("compare", a, again).stdout
