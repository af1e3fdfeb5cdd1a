"""Running an installation for years: backup and restore, moving between databases, health, metrics."""
