"""A study's data for researchers: sessions, statistics, downloads and exports."""
