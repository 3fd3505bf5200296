"""Who watches a training: one interface, and what stands behind the files and the screen of a run."""

from rnnlab.experiments.observers.observer import Observer, check_names, end, observe, restore, state

__all__ = ["Observer", "check_names", "end", "observe", "restore", "state"]
