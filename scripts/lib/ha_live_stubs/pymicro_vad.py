"""Stands in for a package that needs a compiler; the voice assistant imports it, no test does."""


class MicroVad:
    """A voice detector that is never asked to detect one."""
