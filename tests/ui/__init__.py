"""Tests of the app `ui`."""
