"""Stands in for a package without a wheel; the cameras import it, no test does."""


class TurboJPEG:
    """A picture scaler that is never given a picture."""
