"""Who watches a training: one interface, and what stands behind the files and the screen of a run."""

from rnnlab.experiments.observers.observer import Observer, end, observe, restore, state

__all__ = ["Observer", "end", "observe", "restore", "state"]
