"""The run folder: create, append, checkpoint, read back, list."""

from rnnlab.runs.checkpoints import Checkpoint
from rnnlab.runs.find import FoundRun, list_runs, resolve
from rnnlab.runs.folder import RunFolder
from rnnlab.runs.store import RunStore
from rnnlab.runs.tables import read_table

__all__ = ["Checkpoint", "FoundRun", "RunFolder", "RunStore", "list_runs", "read_table", "resolve"]
