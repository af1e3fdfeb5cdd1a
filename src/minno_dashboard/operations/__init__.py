"""Backup and restore, the backup before an upgrade, moving between databases."""
