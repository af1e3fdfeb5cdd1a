"""Users and their login: roles, activation links, the Settings page, the audit log."""
