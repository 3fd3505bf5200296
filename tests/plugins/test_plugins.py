"""A layer and a task from outside: installed packages with their schemas, which no file of rnnlab knows."""

import importlib.util
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
HERE = Path(__file__).parent
CHAPTER = (ROOT / "rnnlab" / "manual" / "contributing.md").read_text(encoding="utf-8")
CONFIG = """\
name: small
seeds: 2
data: {kind: text, text: the quick brown fox, repeat: 4, chunk: 8}
model: {cell: {kind: leaky, leak: 0.5}, hidden_size: 6}
training: {updates: 4}
"""
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(importlib.util.find_spec("hatchling") is None, reason="hatchling is not installed"),
]


def build(source: Path, target: Path) -> Path:
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(target)]
    subprocess.run(command, cwd=source, check=True, capture_output=True)
    (wheel,) = target.glob("*.whl")
    return wheel


@pytest.fixture(scope="module")
def fresh(tmp_path_factory):
    """A fresh environment with rnnlab and the toy packages; the libraries that rnnlab needs are this one's."""
    folder = tmp_path_factory.mktemp("fresh")
    venv.create(folder / "env")
    site = next((folder / "env").glob("lib/python*/site-packages"))
    for name in ("leaky", "parity"):
        shutil.copytree(HERE / name, folder / name)
    for name, of in (("rnnlab", ROOT), ("toy", folder / "leaky"), ("toy task", folder / "parity")):
        zipfile.ZipFile(build(of, folder / name)).extractall(site)
    (site / "libraries.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return folder


PARITY = """\
name: bits
seeds: 2
data: {kind: parity, bits: 6}
model: {hidden_size: 4}
training: {updates: 4}
"""


@pytest.fixture
def run(fresh, tmp_path):
    """Run rnnlab of the fresh environment in an empty folder that holds small.yaml."""
    (tmp_path / "small.yaml").write_text(CONFIG)
    (tmp_path / "bits.yaml").write_text(PARITY)

    def rnnlab(*arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
        command = [str(fresh / "env" / "bin" / "python"), "-m", "rnnlab", *arguments]
        surroundings = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "RNNLAB_"))}
        surroundings |= variables
        return subprocess.run(command, cwd=tmp_path, env=surroundings, capture_output=True, text=True, check=False)

    return rnnlab


def test_their_keys_are_explained_checked_and_in_the_schema(run):
    leak = run("explain", "leak", "small.yaml")
    assert (leak.returncode, leak.stderr) == (0, "")
    assert "model.cell.leak (for leaky)\n" in leak.stdout
    assert "  value    0.5\n  from     small.yaml:4\n" in leak.stdout
    assert "data.bits" in run("explain", "parity").stdout.replace("    bits", "data.bits")
    bits = run("check", "bits.yaml")
    assert (bits.returncode, bits.stderr) == (0, "")
    assert bits.stdout.startswith("bits is valid: rnn, ")
    assert run("check", "small.yaml").stdout.startswith("small is valid: leaky, ")
    schema = run("schema")
    assert schema.returncode == 0
    sections = json.loads(schema.stdout)["$defs"].values()
    kinds = {part["properties"].get("kind", {}).get("const") for part in sections}
    assert {"leaky", "parity", "lstm", "prices"} <= kinds


@pytest.fixture
def site(fresh):
    """The site-packages of the fresh environment, put back as they were."""
    (folder,) = (fresh / "env").glob("lib/python*/site-packages")
    names = [path.name for what in ("leaky", "parity") for path in folder.glob(f"rnnlab_{what}*")]
    for name in names:
        shutil.copytree(folder / name, fresh / "kept" / name, dirs_exist_ok=True)
    yield folder
    for name in names:
        shutil.rmtree(folder / name, ignore_errors=True)
        shutil.copytree(fresh / "kept" / name, folder / name)


@pytest.fixture
def installed(fresh):
    """Another package in the fresh environment that brings a layer, until the test ends."""
    (site,) = (fresh / "env").glob("lib/python*/site-packages")
    made = []

    def install(name: str, version: str, entry: str) -> None:
        made.append(site / f"{name.replace('-', '_')}-{version}.dist-info")
        made[-1].mkdir()
        (made[-1] / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
        (made[-1] / "entry_points.txt").write_text(f"[rnnlab.layers]\n{entry}\n")

    yield install
    for folder in made:
        shutil.rmtree(folder)


def test_it_trains_is_proved_swept_and_inspected(run, tmp_path):
    done = run("train", "small.yaml", "--quiet")
    assert (done.returncode, done.stderr) == (0, "")
    trained = done.stdout.strip()
    record = json.loads((tmp_path / trained / "run.json").read_text())
    assert record["plugins"] == {"leaky": "rnnlab-leaky 0.1"}
    assert "cell: {kind: leaky, leak: 0.5}" in (tmp_path / trained / "config.yaml").read_text()
    done = run("gradcheck", "small.yaml")
    assert done.returncode == 0, done.stderr
    assert "complex step" in done.stdout
    done = run("unroll", "small.yaml")
    assert done.returncode == 0, done.stderr
    assert "note: leaky brings no formulas" in done.stdout
    assert "  t = 3: h_2^T delta_3" in done.stdout
    done = run("inspect", "latest")
    assert done.returncode == 0, done.stderr
    assert "growth rate" in done.stdout
    other = run("train", "small.yaml", "--set", "model.cell=gru", "--quiet").stdout.strip()
    done = run("compare", trained, other)
    assert done.returncode == 0, done.stderr
    done = run("sweep-rho", "0.5", "1", "--cell", "leaky", "--seeds", "2")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("gradients: 2 rhos, 2 seeds each, leaky, 50 units, 50 steps")


@pytest.mark.parametrize("name", ["leaky", "parity"])
def test_the_manual_counts_the_files_of_the_examples(name):
    (count,) = re.findall(rf"of (\w+) files:\s\[`tests/plugins/{name}`", CHAPTER)
    files = [file for file in (HERE / name).rglob("*") if file.suffix in (".py", ".toml")]
    assert ["zero", "one", "two", "three", "four"][len(files)] == count


def test_the_manual_tries_a_layer_as_it_can_be_tried(fresh):
    (line,) = [line for line in CHAPTER.splitlines() if line.startswith("python -c") and "check_layer" in line]
    python, *arguments = shlex.split(line)
    command = [str(fresh / "env" / "bin" / python), *arguments]
    done = subprocess.run(command, cwd=fresh, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_help_completion_and_config_errors_know_it(run):
    assert "rnn, lstm, gru or leaky." in run("sweep-rho", "--help").stdout
    asked = {"_RNNLAB_COMPLETE": "complete_bash"}
    assert run("sweep-rho", "--cell", "l", **asked).stdout.split() == ["lstm", "leaky"]
    assert run("train", "x", "--set", "model.cell=le", **asked).stdout.split() == ["model.cell=leaky"]
    done = run("gradcheck", "small.yaml", "--set", "model.cell.leak=1.5")
    assert done.returncode == 2
    assert "model.cell.leak must be a number above 0 and at most 1; got 1.5." in done.stderr
    done = run("gradcheck", "small.yaml", "--set", "model.cell.leek=0.1")
    assert "model.cell.leek: no such key; did you mean leak?" in done.stderr
    done = run("gradcheck", "small.yaml", "--set", "model.cell=leeky")
    assert 'model.cell must be one of rnn, lstm, gru, leaky; got "leeky"; did you mean leaky?' in done.stderr
    done = run("gradcheck", "small.yaml", "--set", "model.activation=relu")
    assert "model.activation must be tanh with cell: leaky, whose activations are fixed; got relu." in done.stderr


@pytest.mark.usefixtures("tmp_path")
def test_a_plug_in_that_is_gone_broken_or_in_the_way_is_one_sentence(run, site):
    made = run("train", "small.yaml", "--quiet").stdout.strip()
    init = site / "rnnlab_leaky" / "__init__.py"
    text = init.read_text()
    for broken, why in (
        ("raise OSError('no licence')", "cannot be loaded: OSError: no licence."),
        ("LEAKY = 3", "must give a LayerEntry as the layer leaky; got int."),
        (text.replace('"leaky"', '"other"'), "names the layer other in its schema and leaky in its entry point."),
    ):
        init.write_text(broken)
        done = run("gradcheck", "small.yaml")
        assert done.returncode == 2
        assert "rnnlab-leaky 0.1" in done.stderr
        assert why in done.stderr
        assert run("gradcheck", "small.yaml", "--set", "model.cell=gru").returncode == 0
    shutil.rmtree(site / "rnnlab_leaky")
    shutil.rmtree(next(site.glob("rnnlab_leaky-*")))
    done = run("inspect", made)
    assert done.returncode == 2
    assert done.stderr == f"error: '{made}' needs rnnlab-leaky 0.1, which brings leaky.\n hint: Install it.\n"


def test_why_a_layer_is_broken_comes_before_a_guess(run, installed):
    installed("rnnlab-grus", "0.1", "grus = rnnlab_grus:GRUS")
    done = run("gradcheck", "small.yaml", "--set", "model.cell=grus")
    assert done.returncode == 2
    assert 'got "grus". rnnlab-grus 0.1, which brings the layer grus, cannot be loaded: Mod' in done.stderr
    assert "did you mean" not in done.stderr


def test_a_name_that_two_packages_bring_is_an_error_that_names_both(run, installed):
    installed("rnnlab-also-leaky", "0.3", "leaky = rnnlab_leaky:LEAKY")
    done = run("gradcheck", "small.yaml")
    assert done.returncode == 2
    both = "rnnlab-also-leaky 0.3 and rnnlab-leaky 0.1 both bring the layer leaky: uninstall one of them."
    assert f'model.cell.kind must be one of rnn, lstm, gru; got "leaky". {both}' in done.stderr
    assert run("gradcheck", "small.yaml", "--set", "model.cell=gru").returncode == 0


def test_a_task_trains_is_proved_swept_inspected_and_compared(run, tmp_path):
    done = run("train", "bits.yaml")
    assert done.returncode == 0, done.stderr
    assert "wrong answers" in done.stdout
    assert "coin" in done.stdout
    assert "% are wrong." in done.stdout
    (made,) = (tmp_path / "runs").iterdir()
    record = json.loads((made / "run.json").read_text())
    assert (record["kind"], record["plugins"]) == ("parity", {"parity": "rnnlab-parity 0.2"})
    assert "kind: parity" in (made / "config.yaml").read_text()
    done = run("gradcheck", "bits.yaml")
    assert done.returncode == 0, done.stderr
    done = run("inspect", "latest")
    assert done.returncode == 0, done.stderr
    assert "growth rate" in done.stdout
    other = run("train", "bits.yaml", "--set", "model.cell={kind: leaky, leak: 0.5}", "--quiet").stdout.strip()
    assert json.loads((tmp_path / other / "run.json").read_text())["plugins"] == {
        "leaky": "rnnlab-leaky 0.1",
        "parity": "rnnlab-parity 0.2",
    }
    done = run("compare", made.name, other)
    assert done.returncode == 0, done.stderr
    assert "wrong answers" in done.stdout
    assert "vanishing" in done.stdout or "critical" in done.stdout or "mixed" in done.stdout
    done = run("sweep-rho", "0.5", "1", "--config", "bits.yaml", "--length", "9")
    assert done.returncode == 0, done.stderr
    assert "9 steps" in done.stdout


def test_config_errors_know_a_task(run):
    for change, said in (
        ("data.bits=0", "data.bits must be a whole number of at least 1; got 0."),
        ("data.bit=4", "data.bit: no such key; did you mean bits?"),
        ("data.kind=party", 'data.kind must be one of prices, csv, text, parity, synthetic; got "party"; did you mean'),
        (
            "training.tbptt_steps=7",
            "training.tbptt_steps must be at most the 6 steps of a sequence (data.bits); got 7.",
        ),
        (
            "training.loss=huber",
            "training.loss must be cross_entropy for parity, whose targets are classes; got huber.",
        ),
        ("training.stateful=true", "which only data of kind text has; got kind: parity."),
    ):
        done = run("gradcheck", "bits.yaml", "--set", change)
        assert done.returncode == 2, change
        assert said in done.stderr


def test_runs_of_a_task_that_is_gone_are_named(run, site):
    made = run("train", "bits.yaml", "--quiet").stdout.strip()
    for path in list(site.glob("rnnlab_parity*")):
        shutil.rmtree(path)
    done = run("inspect", made)
    assert done.returncode == 2
    assert done.stderr == f"error: '{made}' needs rnnlab-parity 0.2, which brings parity.\n hint: Install it.\n"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("kind: str = key('parity', 'x')", "must give it a schema whose kind is a Literal with its name"),
        ("kind: Literal['prices'] = key('prices', 'x')", "names the task prices in its schema and parity in its entry"),
        (
            "kind: Literal['parity'] = key('parity', 'x'); targets = 'letters'",
            "whose targets are values, probabilities or",
        ),
        ("", "must give it a schema whose kind is a Literal with its name"),
        (
            "kind: Literal['parity'] = key('parity', 'x'); ends: int = key(3, 'x')",
            "must give it a schema without a key ends, which says something of every task; another name.",
        ),
    ],
)
def test_a_section_that_is_made_badly_stops_no_other_command(run, site, text, said):
    init = site / "rnnlab_parity" / "__init__.py"
    line = next(line for line in init.read_text().splitlines() if line.strip().startswith("kind: Literal"))
    replace(init, line.strip(), text)
    assert run("gradcheck", "small.yaml", "--set", "model.cell=gru").returncode == 0
    done = run("gradcheck", "bits.yaml")
    assert done.returncode == 2
    assert said in done.stderr


def test_a_task_draws_without_end_and_without_a_seed_of_its_own(run, site):
    section, code = (site / "rnnlab_parity" / name for name in ("__init__.py", "task.py"))
    replace(section, "\n\nPARITY =", "\n    endless: ClassVar[bool] = True\n\n\nPARITY =")
    code.write_text(
        code.read_text()
        + "\n    def draw(self, rng, sequences):\n"
        + "        bits = rng.integers(0, 2, (self.config.data.bits, sequences))\n"
        + "        return Batch(bits, bits.cumsum(axis=0) % 2)\n"
    )
    done = run("train", "bits.yaml")
    assert done.returncode == 0, done.stderr
    done = run("train", "bits.yaml", "--set", "training.updates=null", "--set", "training.epochs=3")
    assert done.returncode == 2
    assert "training.epochs cannot be used with the endless sequences of parity; use training.upd" in done.stderr
    replace(section, 'Targets] = "classes"', 'Targets] = "values"')
    done = run("train", "bits.yaml", "--set", "training.fit=ridge")
    assert done.returncode == 2
    assert "training.fit: ridge needs a number of training sequences" in done.stderr
    assert "    in bits.yaml:\n    3 | data: {kind: parity, bits: 6}\n" in done.stderr


def test_code_that_is_not_there_is_one_sentence(run, site):
    replace(site / "rnnlab_parity" / "__init__.py", "rnnlab_parity.task:Parity", "rnnlab_parity.nothing:Parity")
    done = run("gradcheck", "bits.yaml")
    assert done.returncode == 2
    assert "rnnlab-parity 0.2, which brings parity, fails: ModuleNotFoundError" in done.stderr


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("bits = np.random", "bits = nothing.random", "fails: NameError: name 'nothing' is not defined."),
        ("        super().__init__(config)", "", "fails: AttributeError: 'Parity' object has no attribute 'config'."),
        ("    def evaluate", "    steps = property(lambda _: 1 / 0)\n\n    def evaluate", "fails: ZeroDivisionError: "),
        ("self.description =", "text =", "fails: TypeError: the description of the task must be of type str; got"),
        ("share = wrong.mean", "raise SystemExit(5); share = wrong.mean", "fails: SystemExit: 5."),
        ("class Parity(Task)", "class Parity", "fails: TypeError: "),
        (
            '{"wrong": share}',
            '{"wrong": share[:1]}',
            "fails: TypeError: wrong must be 2 numbers",
        ),
        (
            '"wrong": 0.5',
            '"right": 0.5',
            "fails: TypeError: baseline coin must give a metric (wrong) a number; got right: 0.5.",
        ),
        ("return Evaluation(", "return dict(share=share) or (", "fails: TypeError: evaluate must give an Evaluation"),
    ],
)
def test_a_task_that_fails_is_named_before_there_is_a_run_folder(run, site, tmp_path, old, new, said):
    replace(site / "rnnlab_parity" / "task.py", old, new)
    done = run("train", "bits.yaml")
    assert done.returncode == 2
    assert "error: rnnlab-parity 0.2, which brings parity, " + said in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "runs").exists()


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("class Leaky(GatedLayer)", "class Leaky", "TypeError: its code must make a Layer; it makes Leaky."),
        ('name = "leaky"', "", "TypeError: the name of its layer must be 'leaky'; got None."),
        ("SAVED = 2", "SAVED = 1", "ValueError: "),
        ("SAVED = 2", "SAVED, GATES = 2, 2", "ValueError: "),
        (
            "recurrent_rows, self.",
            "rows, self.",
            "AttributeError: 'LeakyStep' object has no attribute 'recurrent_rows'.",
        ),
        ("[: stop - start, ..., 0", "[start + 9 : stop + 9, ..., 0", "ValueError: could not broadcast"),
    ],
)
def test_a_layer_that_fails_is_named(run, site, old, new, said):
    replace(site / "rnnlab_leaky" / "layer.py", old, new)
    done = run("train", "small.yaml")
    assert done.returncode == 2
    assert "error: rnnlab-leaky 0.1, which brings leaky, fails: " + said in done.stderr
    assert "hint: rnnlab.engine.contract.check_layer names the part of the layer" in done.stderr.replace("\n", " ")
    assert "Traceback" not in done.stderr


def test_a_gate_that_is_named_wrongly_is_the_packages_fault(run, site):
    replace(site / "rnnlab_leaky" / "layer.py", "SAVED = 2", "SAVED, gates = 2, ('gate',)")
    assert run("train", "small.yaml", "--quiet").returncode == 0
    done = run("inspect", "latest")
    assert done.returncode == 2
    assert "error: rnnlab-leaky 0.1, which brings leaky, fails: KeyError: 'gate'." in done.stderr


def test_a_bug_elsewhere_is_no_fault_of_the_package(run, fresh):
    (code,) = (fresh / "env").glob("lib/python*/site-packages/rnnlab/experiments/gradcheck.py")
    kept = code.read_text()
    replace(code, "    notes = tuple(", "    1 / 0\n    notes = tuple(")
    try:
        done = run("gradcheck", "small.yaml")
        assert done.returncode == 1
        assert "error: a bug in rnnlab: ZeroDivisionError" in done.stderr
    finally:
        code.write_text(kept)


def replace(file: Path, old: str, new: str) -> None:
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new))


def test_a_check_of_its_keys_that_fails_is_named(run, site):
    own = "\n    def conflicts(self):\n        raise ValueError('no')\n\n\nPARITY ="
    replace(site / "rnnlab_parity" / "__init__.py", "\n\nPARITY =", own)
    done = run("gradcheck", "bits.yaml")
    assert done.returncode == 2
    assert done.stderr.startswith("error: rnnlab-parity 0.2, which brings parity, fails: ValueError: no.")


@pytest.mark.parametrize("raised", ["raise SystemExit(3)", "raise BaseException('no')"])
def test_a_package_that_ends_the_process_is_refused(run, site, raised):
    (site / "rnnlab_parity" / "__init__.py").write_text(raised)
    assert run("gradcheck", "small.yaml", "--set", "model.cell=gru").returncode == 0
    done = run("gradcheck", "bits.yaml")
    assert done.returncode == 2
    assert "rnnlab-parity 0.2, which brings the task parity, cannot be loaded: " in done.stderr


def test_a_damaged_list_of_entry_points_hides_no_other(run, site):
    (names,) = site.glob("rnnlab_parity-*/entry_points.txt")
    names.write_text("[rnnlab.tasks]\nno equals sign\n")
    assert run("--help").returncode == 0
    assert "leaky" in run("sweep-rho", "--help").stdout
    assert run("gradcheck", "small.yaml").returncode == 0
    done = run("gradcheck", "bits.yaml")
    assert done.returncode == 2
    assert 'data.kind must be one of prices, csv, text, synthetic; got "parity"' in done.stderr
