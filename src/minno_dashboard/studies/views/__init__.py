"""Pages and JSON addresses of studies and their files; every one asks `studies.access` first."""
