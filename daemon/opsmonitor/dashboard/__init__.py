"""The web page: what it says, and how it is drawn. Knows nothing of HTTP."""
