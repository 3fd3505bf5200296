"""Data to learn from: prices and other series, text, synthetic tasks, and how they are cut and scaled."""
