"""The one-way mirror of every user's studies to that user's own Dropbox."""
