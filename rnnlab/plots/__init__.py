"""Plots of runs. Importing anything here imports matplotlib, without the user's settings."""

from rnnlab.plots.isolation import import_matplotlib

import_matplotlib()
