"""Participants' sessions and what they submit; its package ingest takes posts without Django."""
