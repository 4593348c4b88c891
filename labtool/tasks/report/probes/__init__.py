"""What `labtool doctor` looks at, of the machine and of labtool itself: one file a trouble."""
