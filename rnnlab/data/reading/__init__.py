"""The one reader of delimited text: bytes to cells, cells to times and numbers, and what was understood."""
