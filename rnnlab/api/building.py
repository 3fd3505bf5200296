"""The engine of a config, for a training loop of one's own."""

import os
from typing import TYPE_CHECKING

from rnnlab.api.configs import as_config

if TYPE_CHECKING:
    from rnnlab.config import Config
    from rnnlab.experiments.setup import Setup


def build(config: "Config | str | os.PathLike[str]") -> "Setup":
    """Data, network, loss and initial parameters of a config: all that :func:`rnnlab.train` begins with.

    Parameters
    ----------
    config : Config, str or path
        From :func:`rnnlab.load`, or what that takes.

    Returns
    -------
    Setup
        ``network``; ``theta`` (R, P), the initial parameters of every seed; ``loss``; ``batch(update)``, what an
        update sees; ``updates``, how many there are.

    Raises
    ------
    ConfigError, DataError
        If the config or its data cannot be used.
    """
    from rnnlab.experiments.setup import build_setup, check_network
    from rnnlab.tasks.task import build_task

    chosen = as_config(config)
    task = build_task(chosen)
    check_network(chosen, task)
    return build_setup(chosen, task)
