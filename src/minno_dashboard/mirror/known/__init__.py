"""The remote tree: what a Dropbox holds as far as its listings told us."""
