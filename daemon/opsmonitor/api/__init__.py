"""The HTTP API: what the daemon knows, for people and programs."""
