"""Tasks made by a formula: one file for each, with its generator."""
