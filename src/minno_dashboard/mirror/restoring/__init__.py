"""Restoring studies from a Dropbox."""
