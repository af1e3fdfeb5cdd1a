"""Admins' pages about the whole site: space, usage, limits, the home page, transfer of studies, acting as a user."""
