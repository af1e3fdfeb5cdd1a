"""Carrying out a plan at Dropbox: uploads, commits, moves, removals, and the notes that survive a crash."""
