"""Forecasting: a network that reads windows of a series, scored beside baselines on the rows that follow."""
