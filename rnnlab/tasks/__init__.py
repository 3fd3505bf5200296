"""What can be learnt: one file for each task, and the interface of all."""
