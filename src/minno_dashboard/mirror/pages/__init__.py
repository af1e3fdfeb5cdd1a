"""What people see of the mirror: badges, Settings, configuration, restoring, and what is mailed."""
