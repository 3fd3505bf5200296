"""What is installed: the wheel holds all it needs, the lock files hold all that is asked for."""

import importlib.util
import os
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

import rnnlab

ROOT = Path(__file__).resolve().parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
LOCKS = ("requirements.lock", "requirements-dev.lock")
PYTHONS = ("3.11", "3.12", "3.13", "3.14")


def locked(name: str) -> list[Requirement]:
    """The pinned packages of a lock file, without their hashes."""
    text = (ROOT / name).read_text(encoding="utf-8").replace("\\\n", " ")
    return [Requirement(line.partition(" --hash")[0]) for line in text.splitlines() if line and line[0] not in "# "]


def asked_for(name: str) -> list[Requirement]:
    """What pyproject.toml asks for and this lock file must hold."""
    groups = PROJECT["dependency-groups"]
    texts = [*PROJECT["project"]["dependencies"], *groups["build"]]
    if name == "requirements-dev.lock":
        texts += [text for text in groups["dev"] if isinstance(text, str)]
    return [Requirement(text) for text in texts]


def canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


@pytest.mark.parametrize("python", PYTHONS)
@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_file_holds_one_fitting_version_of_all_that_is_asked_for(lock, python):
    here = {"python_version": python, "python_full_version": f"{python}.1"}
    pinned = [pin for pin in locked(lock) if pin.marker is None or pin.marker.evaluate(here)]
    for wanted in asked_for(lock):
        pins = [pin for pin in pinned if canonical(pin.name) == canonical(wanted.name)]
        assert len(pins) == 1, f"{wanted} for Python {python} in {lock}: run `make lock`"
        (version,) = [clause.version for clause in pins[0].specifier]
        assert wanted.specifier.contains(version), f"{lock} has {pins[0]}, wanted is {wanted}: run `make lock`"


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_file_holds_versions_and_hashes_and_nothing_else(lock):
    text = (ROOT / lock).read_text(encoding="utf-8")
    pin = re.compile(r"[a-z0-9-]+==[\w.]+(?: ; [^\\]+)? \\")
    sha = re.compile(r" {4}--hash=sha256:[0-9a-f]{64}(?: \\)?")
    assert [line for line in text.splitlines() if not pin.fullmatch(line) and not sha.fullmatch(line)] == []
    assert [entry for entry in re.split(r"\n(?! )", text.strip()) if "--hash=" not in entry] == []


def test_the_lock_for_development_only_adds():
    assert {str(pin) for pin in locked("requirements.lock")} <= {str(pin) for pin in locked("requirements-dev.lock")}


def test_python_versions_agree():
    allowed = SpecifierSet(PROJECT["project"]["requires-python"])
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    assert all(allowed.contains(python) for python in PYTHONS)
    assert not allowed.contains("3.10")
    assert "|".join(PYTHONS) in makefile


@pytest.fixture(scope="module")
def wheel(tmp_path_factory) -> Path:
    """The wheel of this checkout, built without the network."""
    if importlib.util.find_spec("hatchling") is None:
        pytest.skip("hatchling is not installed")
    target = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(target)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    (built,) = target.glob("*.whl")
    return built


def kept_under(folder: str) -> list[str]:
    """The files of a folder that git knows."""
    listed = subprocess.run(["git", "ls-files", folder], cwd=ROOT, capture_output=True, text=True, check=False)
    if listed.returncode:
        pytest.skip("not a checkout")
    return listed.stdout.splitlines()


@pytest.mark.slow
def test_the_wheel_holds_every_file_of_the_package(wheel):
    names = set(zipfile.ZipFile(wheel).namelist())
    assert set(kept_under("rnnlab")) <= names
    configs = {f"rnnlab/{name}" for name in kept_under("configs") if not name.endswith((".png", ".json"))}
    assert configs == {name for name in names if name.startswith("rnnlab/configs/")}
    assert {"stock.yaml", "benchmarks/shampoo.yaml", "benchmarks/shampoo.csv", "benchmarks/ORIGIN.md"} <= {
        name.removeprefix("rnnlab/configs/") for name in configs
    }
    beyond = {name for name in names if not name.startswith(("rnnlab/", f"rnnlab-{rnnlab.__version__}.dist-info/"))}
    assert beyond == set()
    assert not [name for name in names if "__pycache__" in name]


@pytest.mark.slow
def test_the_wheel_carries_prices_and_license(wheel):
    names = zipfile.ZipFile(wheel).namelist()
    assert [name for name in names if name.startswith("rnnlab/data/prices/snapshots/") and name.endswith(".csv")]
    assert f"rnnlab-{rnnlab.__version__}.dist-info/licenses/LICENSE" in names


@pytest.mark.slow
def test_the_wheel_runs_without_the_checkout(wheel, tmp_path):
    """Straight from the zip's files, in an empty folder, with only the installed dependencies beside it."""
    site = tmp_path / "site"
    zipfile.ZipFile(wheel).extractall(site)
    empty = tmp_path / "empty"
    empty.mkdir()
    surroundings = {**os.environ, "PYTHONPATH": str(site)}
    where = [sys.executable, "-c", "import rnnlab; print(rnnlab.__file__)"]
    answer = subprocess.run(where, cwd=empty, env=surroundings, capture_output=True, text=True, check=True)
    assert Path(answer.stdout.strip()) == site / "rnnlab" / "__init__.py"
    command = [sys.executable, "-m", "rnnlab", "--version"]
    answer = subprocess.run(command, cwd=empty, env=surroundings, capture_output=True, text=True, check=True)
    assert rnnlab.__version__ in answer.stdout
    command = [sys.executable, "-m", "rnnlab", "manual", "configs"]
    answer = subprocess.run(command, cwd=empty, env=surroundings, capture_output=True, text=True, check=True)
    assert answer.stdout.startswith("# Configs\n")
    assert list(empty.iterdir()) == []
    command = [sys.executable, "-m", "rnnlab", "train", "one_to_one", "--set", "training.epochs=1", "--quiet"]
    answer = subprocess.run(command, cwd=empty, env=surroundings, capture_output=True, text=True, check=True)
    assert (empty / answer.stdout.strip() / "config.yaml").is_file()
    command = [*command[:4], "benchmarks/shampoo", "--set", "training.epochs=1", "--seeds", "1", "--quiet"]
    answer = subprocess.run(command, cwd=empty, env=surroundings, capture_output=True, text=True, check=True)
    assert (empty / answer.stdout.strip() / "predictions.csv").is_file()


@pytest.mark.slow
def test_the_source_distribution_builds_the_same_wheel(wheel, tmp_path):
    build = [sys.executable, "-m", "hatchling", "build", "-d", str(tmp_path)]
    subprocess.run([*build, "-t", "sdist"], cwd=ROOT, check=True, capture_output=True)
    (archive,) = tmp_path.glob("*.tar.gz")
    shutil.unpack_archive(archive, tmp_path)
    source = tmp_path / archive.name.removesuffix(".tar.gz")
    subprocess.run([*build, "-t", "wheel"], cwd=source, check=True, capture_output=True)
    (again,) = tmp_path.glob("*.whl")
    names = set(zipfile.ZipFile(again).namelist())
    assert "rnnlab/configs/remedies/clipping.yaml" in names
    assert names == set(zipfile.ZipFile(wheel).namelist())
