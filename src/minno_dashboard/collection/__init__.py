"""Participants' sessions and what they submit."""
