"""The networks: layers, losses, gradients, optimizers. NumPy and nothing else."""
