"""What labtool says of itself: status, the digest for the admins, the checks of a config."""
