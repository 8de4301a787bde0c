"""Plain data that every layer shares; imports only the standard library."""
