"""The only package that talks to Dropbox."""
