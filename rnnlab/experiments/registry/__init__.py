"""The runs of a runs folder as one table: read once, kept in an index, filtered and sorted."""
