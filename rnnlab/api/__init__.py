"""The public face: what `import rnnlab` offers, and all that the command line calls."""
