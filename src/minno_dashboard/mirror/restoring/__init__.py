"""Bringing studies back from a Dropbox."""
