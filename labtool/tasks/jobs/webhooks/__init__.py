"""What GitHub tells `labtool serve`, and the jobs that it starts."""
