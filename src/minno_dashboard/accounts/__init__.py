"""Who may come in: users, roles, login, invitations, the Settings page, the audit log."""
