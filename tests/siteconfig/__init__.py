"""Tests of the room `siteconfig`."""
