"""Running jobs: one process group each, its output in files, its end told once."""
