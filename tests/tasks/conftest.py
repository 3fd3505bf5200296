"""The small series and runs of the experiments serve the tasks too."""

from tests.experiments.conftest import executable, folder, rnnlab, run_of, unpainted, values, write_series

__all__ = ["executable", "folder", "rnnlab", "run_of", "unpainted", "values", "write_series"]
