"""Carrying out a plan at Dropbox: uploads, commits, moves, removals, and the intents stored against crashes."""
