"""Plain Python everybody may use: errors that say what to do next, the clock, ids, names."""
