"""Stand-ins for vendors: real servers on loopback that the real SDKs talk to."""
