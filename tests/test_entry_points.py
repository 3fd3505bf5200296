"""Entry points are found wherever the import path leads, and nothing is imported where there are none."""

import subprocess
import sys
import zipfile

import pytest

LIST = "[rnnlab.layers]\nleaky = nowhere:LEAKY\n"
CODE = "from rnnlab import plugins; print(*plugins.names('rnnlab.layers', ()), 'importlib.metadata' in sys.modules)"


def found(folder):
    code = f"import sys; sys.path.insert(0, {str(folder)!r}); {CODE}"
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()


def package(folder, name="package-1.0.dist-info", text=LIST):
    (folder / name).mkdir(parents=True)
    (folder / name / "METADATA").write_text("Metadata-Version: 2.1\nName: package\nVersion: 1.0\n")
    (folder / name / "entry_points.txt").write_text(text)


def test_without_any_nothing_is_imported(tmp_path):
    package(tmp_path, text="[console_scripts]\nrnnlab = rnnlab.cli:main\n")
    assert found(tmp_path) == ["False"]
    assert found(tmp_path / "nowhere") == ["False"]


@pytest.mark.parametrize("name", ["package-1.0.dist-info", "package.egg-info"])
def test_a_package_that_brings_a_layer_is_found(tmp_path, name):
    package(tmp_path, name)
    assert found(tmp_path) == ["leaky", "True"]


def test_a_package_in_an_archive_is_found(tmp_path):
    package(tmp_path / "inside")
    with zipfile.ZipFile(tmp_path / "packages.zip", "w") as archive:
        for file in (tmp_path / "inside").rglob("*.*"):
            archive.write(file, file.relative_to(tmp_path / "inside"))
        archive.write(tmp_path / "inside" / "package-1.0.dist-info" / "METADATA", "package-1.0.dist-info/METADATA")
    assert found(tmp_path / "packages.zip") == ["leaky", "True"]
