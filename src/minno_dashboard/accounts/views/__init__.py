"""The pages of accounts: logging in, links, Settings, admin pages."""
