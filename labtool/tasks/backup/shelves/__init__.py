"""Where backups are found again: archives at a destination, or snapshots in a repository."""
