"""matplotlib as it came: no settings, backend or files of the user's, and no word of its own on standard error."""

import importlib.util
import logging
import os
import warnings
from collections.abc import Iterator
from contextlib import chdir, contextmanager, nullcontext
from pathlib import Path

# Without a handler of its own, what matplotlib logs (fonts, folders it cannot write to) goes to standard error.
logging.getLogger("matplotlib").addHandler(logging.NullHandler())

# Of the program, not of a figure: matplotlib keeps them out of its styles too.
_OF_THE_PROGRAM = {"backend", "backend_fallback", "interactive", "toolbar", "timezone", "webagg.port"}


def import_matplotlib() -> None:
    """Import matplotlib with its own settings file, so that nothing in the user's can stop it."""
    spec = importlib.util.find_spec("matplotlib")
    assert spec is not None
    assert spec.origin is not None
    data = Path(spec.origin).with_name("mpl-data").absolute()
    # A settings file in the working folder comes before any that the environment names.
    elsewhere = chdir(data) if os.path.exists("matplotlibrc") else nullcontext()
    with elsewhere, _environment(MATPLOTLIBRC=str(data / "matplotlibrc"), MPLBACKEND=None), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        importlib.import_module("matplotlib.figure")


@contextmanager
def own_settings() -> Iterator[None]:
    """Draw with matplotlib's defaults; also a decorator."""
    import matplotlib

    with matplotlib.rc_context():
        for name in matplotlib.rcParamsDefault.keys() - _OF_THE_PROGRAM:
            default = matplotlib.rcParamsDefault[name]
            if matplotlib.rcParams[name] != default:
                matplotlib.rcParams[name] = default
        yield


@contextmanager
def _environment(**values: str | None) -> Iterator[None]:
    """Set variables of the environment, or remove those that are None, and put all back."""
    before = {name: os.environ.get(name) for name in values}
    try:
        _set(values)
        yield
    finally:
        _set(before)


def _set(values: dict[str, str | None]) -> None:
    for name, value in values.items():
        os.environ.pop(name, None)
        if value is not None:
            os.environ[name] = value
