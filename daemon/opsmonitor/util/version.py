"""Compare versions as Python's packages have them."""

from __future__ import annotations

import re
from typing import Final, TypeAlias

# Source: https://packaging.python.org/en/latest/specifications/version-specifiers/, without epochs.
_VERSION: Final = re.compile(
    r"v?(?P<release>\d{1,9}(?:\.\d{1,9}){0,5})"
    r"(?P<before>[-_.]?(?:a|b|c|rc|alpha|beta|pre|preview|dev)[-_.]?\d{0,9}(?:[-_.]?dev\d{0,9})?)?"
    r"(?:[-_.]?(?:post|rev|r)(?P<post>\d{0,9}))?"
    r"(?:\+[a-z0-9]+(?:[-_.][a-z0-9]+)*)?",
    re.ASCII | re.IGNORECASE,
)
_PARTS: Final = 6

Version: TypeAlias = tuple[tuple[int, ...], bool, int]
"""Its numbers, whether it is final, and which repetition of its publication it is: in order."""


def parse_version(text: str) -> Version | None:
    """Return what a version is compared by; None if it is none.

    Those before a final one are equal to each other: which of them is newer nobody needs to know.
    """
    match = _VERSION.fullmatch(text.strip())
    if match is None:
        return None
    numbers = [int(part) for part in match["release"].split(".")]
    release = tuple(numbers + [0] * (_PARTS - len(numbers)))
    post = match["post"]
    return release, match["before"] is None, -1 if post is None else int(post or 0)


def is_final(version: Version) -> bool:
    """Tell whether a version is meant for everybody."""
    return version[1]
