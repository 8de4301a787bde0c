"""Ops Monitor: the daemon that decides what is up, and tells people."""

from typing import Final

__version__: Final = "0.1.0"
