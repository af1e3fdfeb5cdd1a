"""The mirror's pages and mails: badges, Settings, configuration, restoring."""
