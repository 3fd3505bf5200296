"""The layers, walked: who imports whom, who prints, and who asks the clock."""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import rnnlab

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "rnnlab"
MODULES = sorted(PACKAGE.rglob("*.py"))

# What each layer may import of rnnlab, and what it may import from elsewhere beyond the standard library.
LOWEST = {"errors", "files", "plain", "printable", "seeds", "suggestions", "words"}  # a module each
LAYERS: dict[str, set[str]] = {
    "errors": set(),
    "files": {"errors", "printable"},
    "memory": {"errors"},
    "plugins": set(),
    "plain": set(),
    "printable": set(),
    "seeds": set(),
    "suggestions": set(),
    "words": set(),
    "engine": {"errors"},
    "dynamics": {"engine", "errors", "seeds"},
    "config": LOWEST | {"plugins"},
    "data": LOWEST,
    "forecasting": LOWEST,
    "runs": LOWEST,
    "plots": LOWEST,
    "tasks": LOWEST | {"engine", "config", "data", "forecasting", "memory", "plots"},
    "experiments": LOWEST | {"engine", "dynamics", "config", "data", "forecasting", "memory", "runs", "plots", "tasks"},
    "display": LOWEST | {"experiments"},
    "api": LOWEST
    | {"engine", "dynamics", "config", "data", "forecasting", "runs", "plots", "tasks", "experiments", "display"},
    "cli": LOWEST | {"api", "display", "memory", "plugins", "experiments", "config"},
    "__main__": {"cli"},
    "__init__": {"api", "config", "experiments"},
}
# What the command line takes from elsewhere than the public face: the types of what the face gives.
TYPES_ALONE = {"cli": {"experiments", "config"}}
LIBRARIES: dict[str, set[str]] = {
    "errors": set(),
    "files": set(),
    "memory": set(),
    "plugins": set(),
    "plain": set(),
    "printable": set(),
    "seeds": {"numpy"},
    "suggestions": set(),
    "words": set(),
    "engine": {"numpy"},
    "dynamics": {"numpy"},
    "config": {"annotated_types", "pydantic", "pydantic_core", "yaml"},
    "data": {"filelock", "numpy", "pandas", "requests"},
    "forecasting": {"numpy", "pandas"},
    "runs": {"filelock", "numpy", "pydantic", "pydantic_core", "threadpoolctl"},
    "plots": {"matplotlib", "numpy"},
    "tasks": {"matplotlib", "numpy"},
    "experiments": {"matplotlib", "numpy", "pandas", "requests", "threadpoolctl"},
    "display": {"IPython", "rich"},
    "api": {"matplotlib", "numpy", "pandas"},
    "cli": {"click", "rich", "typer"},
    "__main__": set(),
    "__init__": set(),
}
SCREENS = ("cli", "display")
# Standard modules through which an engine could read files, the clock, the system or chance.
OUTSIDE_WORLD = {
    "datetime", "glob", "io", "json", "logging", "os", "pathlib", "pickle", "random", "secrets", "shutil",
    "socket", "subprocess", "sys", "tempfile", "time", "urllib", "warnings",
}  # fmt: skip


def names_of(paths: list[Path]) -> list[str]:
    return [path.relative_to(ROOT).as_posix() for path in paths]


def layer_of(path: Path) -> str:
    """The folder below rnnlab/, or the module itself: rnnlab/engine/layers/gru.py -> engine."""
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imports(path: Path, tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Line and dotted name of everything imported, inside functions too, relative imports resolved."""
    package = list(path.relative_to(ROOT).with_suffix("").parts[:-1])
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) - node.level + 1] if node.level else []
            origin = ".".join([*above, *([node.module] if node.module else [])])
            if origin == "rnnlab":  # `from rnnlab import runs` names a layer only in its second half
                yield from ((node.lineno, f"rnnlab.{alias.name}") for alias in node.names)
            else:
                yield node.lineno, origin


def forbidden_imports(path: Path, source: str) -> list[str]:
    """The arrows of a module that point up or outside its layer."""
    layer, tree = layer_of(path), ast.parse(source)
    found = []
    for_types = {line for line, _ in imports(path, only_types(tree))}
    for line, name in imports(path, tree):
        top, _, rest = name.partition(".")
        if top == "rnnlab":
            target = rest.partition(".")[0]
            target = "api" if target in rnnlab.__all__ else target
            if target in LAYERS and target not in LAYERS[layer] | {layer} and target != "__init__":
                found.append(f"{line}: {layer} must not import {name}")
            elif target in TYPES_ALONE.get(layer, ()) and line not in for_types:
                found.append(f"{line}: {layer} must not import {name} but for its types")
        elif top in sys.stdlib_module_names:
            if layer in {"engine", "dynamics"} and top in OUTSIDE_WORLD:
                found.append(f"{line}: {layer} must not import {name}")
        elif top not in LIBRARIES[layer]:
            found.append(f"{line}: {layer} must not import {name}")
    return found


def only_types(tree: ast.Module) -> ast.Module:
    """What stands under `if TYPE_CHECKING:`."""
    guards = [node for node in ast.walk(tree) if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"]
    return ast.Module([part for node in guards for part in node.body], [])


def forbidden_uses(path: Path, source: str) -> list[str]:
    """Prints outside the screens' layer, pyplot anywhere, and global random state."""
    layer = layer_of(path)
    found = []
    tree = ast.parse(source)
    node: Any
    for node in ast.walk(tree):
        text = ast.unparse(node) if isinstance(node, ast.Call | ast.Attribute | ast.alias) else ""
        if (
            isinstance(node, ast.Call)
            and text.startswith(("print(", "input(", "breakpoint("))
            and layer not in {"cli", "display"}
        ):
            found.append(f"{node.lineno}: only cli speaks to the screen, not {layer}")
        if "pyplot" in text:
            found.append(f"{node.lineno}: pyplot keeps global state; make a Figure")
        chance = re.fullmatch(r"(?:np|numpy)\.random\.(\w+)", text)
        if chance and chance[1] not in {"Generator", "SeedSequence", "BitGenerator", "PCG64", "default_rng"}:
            found.append(f"{node.lineno}: {text} is global random state; take a Generator")
        if isinstance(node, ast.Call) and re.match(r"(?:np|numpy)\.random\.default_rng\(", text):
            arguments = [part for argument in node.args for part in ast.walk(argument)]
            given = any(isinstance(part, ast.Name) for part in arguments)
            if not arguments or (layer in {"engine", "dynamics"} and not given):
                found.append(f"{node.lineno}: the seed of {text} must arrive as an argument")
    return found


def test_every_layer_is_known():
    assert {layer_of(path) for path in MODULES} <= set(LAYERS)
    assert LAYERS.keys() == LIBRARIES.keys()


@pytest.mark.parametrize("path", MODULES, ids=names_of(MODULES))
def test_imports_point_down_and_effects_stay_where_they_belong(path):
    source = path.read_text(encoding="utf-8")
    assert forbidden_imports(path, source) + forbidden_uses(path, source) == []


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("engine/x.py", "from rnnlab.config import load"),
        ("engine/x.py", "from rnnlab import runs"),
        ("experiments/x.py", "from rnnlab import load"),
        ("engine/layers/x.py", "from ...data import series"),
        ("engine/x.py", "def f():\n    import time"),
        ("engine/x.py", "import numpy as np\nrng = np.random.default_rng(0)"),
        ("engine/x.py", "import numpy as np\nx = np.random.normal()"),
        ("engine/x.py", "print(1)"),
        ("dynamics/x.py", "import pathlib"),
        ("runs/x.py", "from rnnlab.engine import network"),
        ("runs/x.py", "import pandas"),
        ("data/x.py", "import numpy as np\nrng = np.random.default_rng()"),
        ("plots/x.py", "import matplotlib.pyplot as plt"),
        ("plots/x.py", "from rnnlab.runs import read_table"),
        ("experiments/x.py", "import typer"),
        ("experiments/x.py", "from rnnlab.cli import app"),
        ("experiments/x.py", "print('done')"),
        ("cli/x.py", "import numpy"),
        ("cli/x.py", "from rnnlab.engine import network"),
        ("cli/x.py", "from rnnlab.runs.find import resolve"),
        ("cli/x.py", "def f():\n    from rnnlab.config import load"),
        ("errors.py", "import rnnlab.runs"),
    ],
)
def test_the_walk_sees_each_kind_of_offence(module, source):
    path = PACKAGE / module
    assert len(forbidden_imports(path, source) + forbidden_uses(path, source)) == 1


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("engine/layers/x.py", "import math, numpy\nfrom rnnlab.errors import DataError\nfrom .. import loss"),
        ("engine/x.py", "import numpy as np\ndef f(rng: np.random.Generator): return rng.normal()"),
        ("engine/x.py", "import numpy as np\ndef f(key, i): return np.random.default_rng([*key, i])"),
        ("experiments/x.py", "import numpy\nrng = numpy.random.default_rng(seed)\nfrom rnnlab import runs"),
        ("cli/x.py", "import typer\nfrom rnnlab import load\nfrom rnnlab.api.facts import fault\nprint(1)"),
        ("cli/x.py", "if TYPE_CHECKING:\n    from rnnlab.config import Config"),
        ("runs/x.py", "import rnnlab\nimport time"),
    ],
)  # fmt: skip
def test_the_walk_lets_honest_code_pass(module, source):
    path = PACKAGE / module
    assert forbidden_imports(path, source) + forbidden_uses(path, source) == []


def test_recurrent_layers_do_not_see_each_other():
    layers = {path.stem: path for path in (PACKAGE / "engine" / "layers").glob("*.py")}
    shared = {"__init__", "layer", "gated", "rows"}
    for name in layers.keys() - shared:
        tree = ast.parse(layers[name].read_text(encoding="utf-8"))
        others = {f"rnnlab.engine.layers.{other}" for other in layers.keys() - shared}
        assert others.isdisjoint(imported for _, imported in imports(layers[name], tree))


def test_importing_the_package_imports_nothing():
    code = "import sys; before = set(sys.modules); import rnnlab; print(sorted(set(sys.modules) - before))"
    answer = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert answer.stdout == "['rnnlab']\n"


def test_no_file_names_a_machine_or_a_package_index():
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=False)
    if listed.returncode:
        pytest.skip("not a checkout")
    # Spelt in pieces, so that this file does not find itself.
    folders = "|".join(["wo" + "rk", "ro" + "ot", "home/[a-z]+", "Us" + "ers/[a-z]+"])
    hosts = "|".join(["py" + "pi", "python" + "hosted", "/sim" + "ple/", "np" + "m", "deb" + "ian"])
    pattern = re.compile(rf"(?<![\w.~-])/(?:{folders})(?:/|\b)|https?://[^\s\"')]*(?:{hosts})")
    found = []
    for name in listed.stdout.decode().split("\0"):
        path = ROOT / name
        if name and path.is_file() and b"\0" not in (content := path.read_bytes()):
            lines = content.decode("utf-8", "replace").splitlines()
            found += [f"{name}:{number}: {line[:120]}" for number, line in enumerate(lines, 1) if pattern.search(line)]
    assert found == []
