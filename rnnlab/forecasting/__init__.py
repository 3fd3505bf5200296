"""Forecasts held against each other: baselines, metrics, tests of equal accuracy."""
