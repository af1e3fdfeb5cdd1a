"""Who may come in: users, roles, log-in, invitations, the Settings page, the audit log."""
