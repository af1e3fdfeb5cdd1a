"""What an admin edits at run time: typed sections, secrets sealed."""
