"""`labtool init`: a lab folder that works at once, without an account anywhere."""
