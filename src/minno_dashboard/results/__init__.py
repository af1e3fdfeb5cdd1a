"""Data requests, exports, statistics: what a study collected, as researchers need it."""
