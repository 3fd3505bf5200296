"""The formulas that users read, as numbers: `delta_3 W_hh^T`, given what delta_3 and W_hh are."""

import re
from collections.abc import Mapping
from typing import Any

import numpy as np


def evaluate(formula: str, names: Mapping[str, Any]) -> Any:
    """What a formula comes to: side by side is a matrix product, a star one entry by entry, `^T` turns a matrix.

    Parameters
    ----------
    formula : str
        `h_0 W_hh^f + x_1 W_xh^f + b_h^f`.
    names : mapping of str to array
        By symbol as it is printed: `h_0`, `dL/dh_1`, `W_hh^f`.
    """
    known = {_as_name(name): value for name, value in names.items()}
    known |= {"tanh": np.tanh, "sigmoid": lambda a: 1 / (1 + np.exp(-a)), "relu": lambda a: np.maximum(a, 0)}
    known |= {"positive": lambda a: (a > 0).astype(float), "joined": lambda *parts: np.concatenate(parts)}
    known |= {"log": np.log, "sum": np.sum}
    return eval(_as_python(formula), {"__builtins__": {}}, known)


def filled(text: str, t: int) -> str:
    """`_t`, `_{t-1}` and `_{t+1}` as numbers."""
    text = re.sub(r"_\{t([+-]1)\}", lambda found: f"_{t + int(found[1])}", text)
    return re.sub(r"_t(?!\w)", f"_{t}", text)


def _as_python(formula: str) -> str:
    text = re.sub(r"\(1 where (\w+) > 0, else 0\)", r"positive(\1)", formula)
    text = re.sub(r"max\((\w+), 0\)", r"relu(\1)", text)
    text = text.replace("^2", "**2").replace("^T", ".T")
    text = re.sub(r"\[([^]]*)\]", r"joined(\1)", _as_name(text))
    return re.sub(r"(?<=[\w)]) (?=[A-Za-z])", " @ ", text)


def _as_name(text: str) -> str:
    """Upper indices and fractions as parts of names."""
    return re.sub(r"(\w)\^(\w+)", r"\1__\2", text).replace("dL/d", "dL_d")
