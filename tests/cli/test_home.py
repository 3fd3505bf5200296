"""`~` that no shell has put in: quoted, or in a variable."""

import json

import pytest

CONFIG = "data: {kind: text, text: the quick brown fox, chunk: 5}\nmodel: {hidden_size: 2}\ntraining: {updates: 2}\n"


@pytest.fixture
def home(tmp_path):
    folder = tmp_path / "home"
    folder.mkdir()
    (folder / "small.yaml").write_text(CONFIG)
    return folder


@pytest.mark.parametrize(
    ("arguments", "variables"),
    [
        (["train", "~/small.yaml", "--runs-dir", "~/kept"], {}),
        (["train", "~/small.yaml"], {"RNNLAB_RUNS": "~/kept"}),
        (["sweep-rho", "1", "--config", "~/small.yaml", "--runs-dir", "~/kept"], {}),
    ],
)
def test_the_home_folder_is_meant(rnnlab, tmp_path, home, arguments, variables):
    env = {"HOME": str(home), **variables}
    done = rnnlab(*arguments, "--quiet", env=env)
    assert done.returncode == 0, done.stderr
    (run,) = (home / "kept").iterdir()
    assert [path.name for path in tmp_path.iterdir()] == ["home"]
    if variables:
        found = rnnlab("inspect", f"~/kept/{run.name}", "--json", env=env)
        assert json.loads(found.stdout)["run"] == str(run)
        assert rnnlab("inspect", "latest", "--runs-dir", "~/kept", env=env).returncode == 0


def test_a_missing_config_is_looked_for_at_home(rnnlab, home):
    done = rnnlab("train", "~/smal.yaml", env={"HOME": str(home)})
    assert done.stderr == f"error: ~/smal.yaml: no such file; did you mean {home}/small.yaml?\n"
