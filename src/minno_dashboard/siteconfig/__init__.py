"""The admin's configuration: typed sections, secrets sealed."""
