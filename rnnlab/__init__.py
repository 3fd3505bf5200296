"""A laboratory for recurrent networks: hand-derived gradients, honest forecasts, gradient dynamics."""

__version__ = "0.1.0"
