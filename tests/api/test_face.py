"""What `import rnnlab` offers: every name there, documented, and loaded only when it is asked for."""

import inspect
import subprocess
import sys
from pathlib import Path

import pytest

import rnnlab

FUNCTIONS = [name for name in rnnlab.__all__ if inspect.isfunction(getattr(rnnlab, name))]
HEAVY = ("matplotlib", "numpy", "pandas", "pydantic", "requests", "rich", "typer", "yaml")


def test_every_name_is_there_and_listed():
    assert set(rnnlab.__all__) == set(rnnlab._HOMES)
    assert set(rnnlab.__all__) <= set(dir(rnnlab))
    assert len(FUNCTIONS) > 8


@pytest.mark.parametrize("name", FUNCTIONS)
def test_every_function_says_what_it_takes_and_gives(name):
    text = inspect.getdoc(getattr(rnnlab, name)) or ""
    parameters = [one for one in inspect.signature(getattr(rnnlab, name)).parameters if not one.startswith("_")]
    documented = text.partition("Parameters\n---")[2].partition("Returns\n---")[0]
    assert [one for one in parameters if one not in documented] == []
    assert "Returns\n---" in text or "Config" in text or "Open a run" in text
    assert "Raises\n---" in text or not parameters or name == "completions"


def test_no_function_bears_the_name_of_a_subpackage():
    package = Path(rnnlab.__file__).parent
    rooms = {path.name for path in package.iterdir() if path.is_dir()} | {path.stem for path in package.glob("*.py")}
    assert rooms.isdisjoint(rnnlab.__all__)


def test_a_name_that_is_not_there_is_an_attribute_error():
    with pytest.raises(AttributeError, match="module 'rnnlab' has no attribute 'trian'"):
        _ = rnnlab.trian


def test_the_package_says_that_it_is_typed():
    assert (Path(rnnlab.__file__).parent / "py.typed").exists()


@pytest.mark.parametrize(
    ("code", "absent"),
    [
        ("import rnnlab; dir(rnnlab)", HEAVY),
        ("import rnnlab; rnnlab.load", ("matplotlib", "numpy", "pandas", "requests", "rich", "typer")),
        ("import rnnlab; rnnlab.find_run, rnnlab.open, rnnlab.Run", ("matplotlib", "numpy", "pandas", "requests")),
        ("import rnnlab; rnnlab.train, rnnlab.build", ("matplotlib", "pandas", "requests", "typer")),
    ],
)
def test_a_name_loads_what_it_needs_and_no_more(code, absent):
    code = f"{code}; import sys; print(*sorted(set(sys.modules) & {set(absent)!r}))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []


def test_errors_are_there_with_their_hints():
    code = (
        "import rnnlab\n"
        "try:\n    rnnlab.open('latest', 'nowhere')\n"
        "except rnnlab.errors.RunFolderError as error:\n    print(error.hint)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.startswith("`rnnlab train CONFIG` makes one")
    assert "errors" in dir(rnnlab)
