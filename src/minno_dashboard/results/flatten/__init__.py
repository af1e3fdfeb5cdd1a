"""From submissions to rows: pure functions over plain data, without Django, files or the network."""
