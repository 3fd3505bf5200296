"""Data in the files of installed packages: found by metadata, read as they are, with the command where they lack."""

import sys

import pytest

from rnnlab.config import load
from rnnlab.data.installed import data_path
from rnnlab.data.reading.reader import load_csv
from rnnlab.errors import DataError, UsageError
from rnnlab.tasks.forecast.loading import load_series
from rnnlab.tasks.task import build_task

FILE = "rnnlab_waves/tables/^SEA.csv"
ROWS = [(f"2001-{month:02d}", 10.0 + month) for month in range(1, 13)]


@pytest.fixture(autouse=True)
def _package(tmp_path, monkeypatch):
    """A distribution `rnnlab-waves` 1.2 as pip leaves it: its files, and a folder of metadata that lists them."""
    site = tmp_path / "site"
    (site / FILE).parent.mkdir(parents=True)
    (site / FILE).write_text("month,height\n" + "".join(f"{month},{height}\n" for month, height in ROWS))
    (site / "rnnlab_waves/__init__.py").write_text("raise ImportError('must not be imported')\n")
    (site / "rnnlab_waves/sea.txt").write_text("wave upon wave upon wave")
    (site / "rnnlab_waves/stray.csv").write_text("month,height\n2001-01,1\n")
    info = site / "rnnlab_waves-1.2.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: rnnlab-waves\nVersion: 1.2\n")
    (info / "RECORD").write_text(f"{FILE},,\nrnnlab_waves/__init__.py,,\nrnnlab_waves/sea.txt,,\n")
    monkeypatch.syspath_prepend(str(site))


@pytest.mark.parametrize("name", ["rnnlab-waves", "rnnlab_waves", "RNNlab.Waves", "rnnlab-waves==1.2"])
def test_a_file_is_found_by_every_spelling_of_the_name_and_not_imported(name, tmp_path):
    assert data_path(f"package:{name}/{FILE}") == tmp_path / "site" / FILE
    series = load_csv(f"package:{name}/{FILE}")
    assert series.values.tolist() == [height for _, height in ROWS]
    assert "rnnlab_waves" not in sys.modules


@pytest.mark.parametrize(
    ("path", "message", "hint"),
    [
        (
            "package:rnnlab-tides==0.4/tides.csv",
            "The data are a file of the package rnnlab-tides, which is not installed.",
            "`pip install rnnlab-tides==0.4` installs it.",
        ),
        (
            "package:rnnlab-tides/tides.csv",
            "The data are a file of the package rnnlab-tides, which is not installed.",
            "`pip install rnnlab-tides` installs it.",
        ),
        (
            f"package:rnnlab-waves==2.0/{FILE}",
            "The data are a file of rnnlab-waves 2.0; 1.2 is installed.",
            "`pip install rnnlab-waves==2.0` installs it.",
        ),
        (
            "package:rnnlab-waves/rnnlab_waves/tables/SEA.csv",
            f"rnnlab-waves 1.2 has no file rnnlab_waves/tables/SEA.csv; did you mean {FILE}?",
            None,
        ),
        (
            "package:rnnlab-waves/rnnlab_waves/stray.csv",
            "rnnlab-waves 1.2 has no file rnnlab_waves/stray.csv",
            None,
        ),
        ("package:rnnlab-waves/../secrets.csv", "rnnlab-waves 1.2 has no file ../secrets.csv.", None),
        (
            "package:rnnlab-waves",
            "package:rnnlab-waves: a file of a package is written package:NAME/inside/file, "
            "or package:NAME==VERSION/inside/file.",
            None,
        ),
    ],
)
def test_what_is_not_there_is_said_in_one_sentence(path, message, hint):
    with pytest.raises(DataError) as error:
        data_path(path)
    assert error.value.message.startswith(message)
    assert error.value.hint == hint


def test_other_paths_are_paths(tmp_path):
    assert data_path(tmp_path / "a.csv") == tmp_path / "a.csv"
    assert str(data_path("./package:a/b.csv")) == "package:a/b.csv"
    with pytest.raises(UsageError, match="there is no user"):
        data_path("~no-such-user-at-all/a.csv")


def test_a_config_keeps_the_name_of_the_package_and_reads_its_file(tmp_path):
    path = f"package:rnnlab-waves==1.2/{FILE}"
    file = tmp_path / "config.yaml"
    file.write_text(f"data: {{kind: csv, path: '{path}', lookback: 2, train_fraction: 0.5}}\n")
    config = load(file)
    assert config.data.path == path
    assert load_series(config.data).values[-1] == 22.0
    assert load("stock", overrides=[f"data={{kind: csv, path: '{path}'}}"]).data.path == path


def test_a_text_may_be_a_file_of_a_package_too(tmp_path):
    (tmp_path / "config.yaml").write_text(
        "data: {kind: text, path: package:rnnlab-waves/rnnlab_waves/sea.txt, chunk: 4}\n"
    )
    assert build_task(load(tmp_path / "config.yaml")).record["rows"] == len("wave upon wave upon wave")
