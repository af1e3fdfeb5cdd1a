"""The REST API: the same deeds as the pages, for programs, by personal tokens."""
