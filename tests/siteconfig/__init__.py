"""Tests of the app `siteconfig`."""
