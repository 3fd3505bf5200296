"""What people look at while rnnlab works and when it is done: streams, tables, numbers, progress."""
