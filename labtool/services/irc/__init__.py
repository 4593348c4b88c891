"""A client of Internet Relay Chat that stays connected: see `client.IrcClient`."""
