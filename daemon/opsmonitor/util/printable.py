"""Show what others wrote without letting it do anything to whatever shows it."""

from __future__ import annotations

from typing import Final

_KEPT: Final = "\n\u200d"
"""Line breaks, and what joins one picture of several."""


def shown(text: str) -> str:
    """Return text without characters that steer a terminal or turn the direction of writing."""
    if text.isprintable():
        return text
    return "".join(each if each.isprintable() or each in _KEPT else " " for each in text)
