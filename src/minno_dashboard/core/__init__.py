"""Plain Python for all packages: errors, the clock, ids, names."""
