"""One module per file format: each writes a spooled table to a file and holds only a few rows in memory."""
