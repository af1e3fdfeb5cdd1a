"""Tests of the app `operations`."""
