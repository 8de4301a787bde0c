"""Clients: each talks to one kind of outside system, and knows nothing of checks or storage."""
