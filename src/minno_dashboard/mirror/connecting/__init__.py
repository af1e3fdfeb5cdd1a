"""Connecting a user's Dropbox account, and the admin's Dropbox settings."""
