"""In `labtool serve`: takes what watches send, keeps it, tells who cares, shows it."""
