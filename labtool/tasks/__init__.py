"""What labtool does, one folder a task. Tasks never import one another: they meet in the
state folder and in `core`."""
