"""Exports of participants' data."""
