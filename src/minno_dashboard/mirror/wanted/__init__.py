"""The desired tree: what a user's Dropbox should hold."""
