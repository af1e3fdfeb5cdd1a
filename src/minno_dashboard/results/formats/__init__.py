"""One module a file format: each writes a spooled table to a file and holds no more than a few rows."""
