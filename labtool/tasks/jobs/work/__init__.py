"""Running jobs: who is taken, how it ends, and that its end is told once."""
