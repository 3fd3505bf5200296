"""A small experiment, trained from Python in a folder that nothing else is in."""

from tests.experiments.conftest import folder, values, write_series
from tests.painting import unpainted

__all__ = ["folder", "unpainted", "values", "write_series"]
