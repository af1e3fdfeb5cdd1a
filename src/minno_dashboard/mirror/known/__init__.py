"""The remote tree: what a Dropbox holds according to its listings."""
