"""Connecting a user's Dropbox account, and what the admin configures for it."""
