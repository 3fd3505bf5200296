"""Extreme but legal numbers: results and plain sentences, never a library's warning with a path of the code."""

import re
import subprocess
from itertools import product

import pytest

CONFIG = """\
seeds: 2
data: {kind: text, text: the quick brown fox, repeat: 5, chunk: 10}
model: {hidden_size: 4}
training: {updates: 4}
"""
EXTREMES = {
    "adam": ["training.optimizer.learning_rate=1e300"],
    "sgd": ["training.optimizer={kind: sgd, learning_rate: 1e300}", "model.activation=relu"],
    "float32": ["model.dtype=float32", "model.init.W_hh={kind: normal, rho: 1e300}"],
    "float32 rate": ["model.dtype=float32", "training.optimizer.learning_rate=1e300"],
    "weights": ["model.init.W_hh={kind: normal, rho: 1e300}", "model.activation=relu"],
    "penalty": ["training.l2=1e300"],
    "omega": ["training.omega.alpha=1e300"],
    "zeros": ["model.init={W_hh: zeros, W_xh: zeros, W_ho: zeros}"],
    "flow": [
        "training.log_gradient_flow_every=1",
        "model.init.W_hh={kind: normal, rho: 1e200}",
        "model.activation=relu",
    ],
    "lstm": ["model.cell=lstm", "model.init.forget_bias=1e300"],
}


CASES = [*(("train", case) for case in EXTREMES), *product(("gradcheck", "sweep-rho"), ("adam", "float32", "weights"))]
QUICK = {("train", "sgd"), ("gradcheck", "weights"), ("sweep-rho", "float32")}


@pytest.mark.parametrize(
    ("command", "case"), [pytest.param(*one, marks=() if one in QUICK else pytest.mark.slow) for one in CASES]
)
def test_no_warning_of_a_library_reaches_the_terminal(installed, tmp_path, command, case):
    (tmp_path / "c.yaml").write_text(CONFIG)
    source = ("1e300", "0.9", "--config", "c.yaml") if command == "sweep-rho" else ("c.yaml",)
    done = installed(command, *source, *(word for setting in EXTREMES[case] for word in ("--set", setting)))
    # A message's code and exit status are for other tests; a path of a module or a class of warning is for none.
    assert not re.search(r"\.py:|Warning|Traceback|a bug in", done.stdout + done.stderr), done.stderr


def test_the_filter_is_set_before_anything_is_imported(executable, environment, tmp_path):
    """A warning at the import of a module, which the filters of this suite cannot see."""
    (tmp_path / "c.yaml").write_text(CONFIG)
    (tmp_path / "sitecustomize.py").write_text(
        "import sys, warnings\n"
        "def hook(event, arguments):\n"
        "    if event == 'import' and arguments[0] in ('typer', 'numpy'):\n"
        "        warnings.warn(f'old {arguments[0]}', UserWarning)\n"
        "sys.addaudithook(hook)\n"
    )
    env = environment({"PYTHONPATH": str(tmp_path), "PYTHONWARNINGS": "always"})
    done = subprocess.run(
        [executable, "train", "c.yaml", "--quiet"], cwd=tmp_path, env=env, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
