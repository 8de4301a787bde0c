"""Read and write amounts of bytes."""

from __future__ import annotations

import re
from typing import Final

_UNITS: Final = ("B", "kB", "MB", "GB", "TB", "PB")
_STEP: Final = 1000
_POWERS: Final = {"": 0, "k": 1, "m": 2, "g": 3, "t": 4, "p": 5}
_SIZE: Final = re.compile(r"(\d{1,15}(?:\.\d{1,6})?)\s*([kmgtp]?)(i?)b", re.ASCII | re.IGNORECASE)


def parse_size(text: str) -> int:
    """Return the bytes of `500 MB`, `1.5GiB` or `300 B`.

    Raises:
        ValueError: It is no size.

    """
    match = _SIZE.fullmatch(text.strip())
    if match is None or (match[3] and not match[2]):
        raise ValueError(f"not a size: {text}")
    base = 1024 if match[3] else _STEP
    return int(float(match[1]) * base ** _POWERS[match[2].lower()])


def format_size(size: float) -> str:
    """Return bytes for people, in the largest unit that fits: `1.5 GB`."""
    power = 0
    while abs(size) >= _STEP and power < len(_UNITS) - 1:
        size /= _STEP
        power += 1
    return f"{size:.0f} B" if power == 0 else f"{size:.1f} {_UNITS[power]}"
