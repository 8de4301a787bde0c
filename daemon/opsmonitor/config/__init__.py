"""From files and environment variables to validated, immutable settings."""
