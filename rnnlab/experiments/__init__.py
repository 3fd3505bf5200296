"""Where config, data, engine and run folder meet: one module per command, and what they share."""
