"""What a training step costs, beside PyTorch, JAX and the bare arithmetic: `python -m tests.benchmarks --help`."""
