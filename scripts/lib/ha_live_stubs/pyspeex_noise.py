"""Stands in for a package that needs a compiler; the voice assistant imports it, no test does."""


class AudioProcessor:
    """A noise filter that is never given sound."""
