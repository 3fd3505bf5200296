"""Runs held against each other: `rnnlab compare` and `rnnlab why`."""
