"""Blobs and trees: store, change, undo, zip, compare. Knows nothing of studies."""
