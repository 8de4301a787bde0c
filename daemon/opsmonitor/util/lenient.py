"""Read values out of what devices and programs say, where any of them may be missing or odd.

Whatever cannot be understood is None: unknown, never a guess, never an error.
"""

from __future__ import annotations

from collections.abc import Mapping
import math
from types import MappingProxyType
from typing import Any, Final

_NOTHING: Final[Mapping[str, Any]] = MappingProxyType({})
LARGEST: Final = (1 << 63) - 1
"""What a database and JSON readers can hold."""
_MAX_DIGITS: Final = 40
_MAX_TEXT: Final = 500
_MAX_READ: Final = 4 * _MAX_TEXT
_TRUE: Final = frozenset({"1", "true", "yes", "on"})
_FALSE: Final = frozenset({"0", "false", "no", "off"})


def whole(value: Any, *, at_least: int = 0, at_most: int = LARGEST) -> int | None:
    """Return a whole number within bounds: of a number, or of text that is one."""
    if isinstance(value, str) and len(value) <= _MAX_DIGITS:
        text = value.strip()
        try:
            # Not by way of a float, which would round counters of 64 and 128 bits.
            value = int(text) if text.isascii() else None
        except ValueError:
            value = number(text, at_least=at_least, at_most=at_most)
    if isinstance(value, float) and math.isfinite(value):
        value = round(value)
    if isinstance(value, bool) or not isinstance(value, int):
        return None
    return value if at_least <= value <= at_most else None


def scaled(value: Any, unit: int) -> int | None:
    """Return a count times its unit, such as bytes of sectors."""
    count = whole(value)
    return None if count is None or count * unit > LARGEST else count * unit


def number(value: Any, *, at_least: float = 0.0, at_most: float = math.inf) -> float | None:
    """Return a finite number within bounds: of a number, or of text that is one."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    if isinstance(value, str) and (len(value) > _MAX_DIGITS or "_" in value):
        return None
    try:
        found = float(value)
    except (ValueError, OverflowError):
        return None
    return found if math.isfinite(found) and at_least <= found <= at_most else None


def text(value: Any) -> str | None:
    """Return text that can be shown: without control characters, and not too long."""
    if not isinstance(value, str):
        return None
    shown = value[:_MAX_READ]
    if not shown.isprintable():
        shown = "".join(each if each.isprintable() else " " for each in shown)
    return " ".join(shown.split())[:_MAX_TEXT] or None


def flag(value: Any) -> bool | None:
    """Return whether something holds: of true, 1, "1", "yes" and their like."""
    if isinstance(value, bool):
        return value
    word = str(value).strip().lower() if isinstance(value, int | str) else ""
    return True if word in _TRUE else False if word in _FALSE else None


def mapping(value: Any) -> Mapping[str, Any]:
    """Return a JSON object; of anything else, an empty one."""
    return value if isinstance(value, dict) else _NOTHING


def items(value: Any) -> list[Any]:
    """Return a JSON list; of anything else, an empty one."""
    return value if isinstance(value, list) else []


def mappings(value: Any) -> list[Mapping[str, Any]]:
    """Return the objects in a JSON list; whatever else stands there does not count."""
    return [item for item in items(value) if isinstance(item, dict)]


def label(value: Any) -> str | None:
    """Return text, or a whole number as text: things are numbered in both ways."""
    found = whole(value) if isinstance(value, int) else None
    return text(value) if found is None else str(found)


def percent(part: float | None, all_of_it: float | None) -> float | None:
    """Return the part in percent, rounded to two digits; None without a whole."""
    if part is None or not all_of_it or all_of_it < 0:
        return None
    found = part / all_of_it * 100
    return round(found, 2) if math.isfinite(found) else None
