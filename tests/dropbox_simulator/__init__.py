"""Tests of the simulated Dropbox."""
