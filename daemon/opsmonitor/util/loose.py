"""Take values from answers of others, whose types cannot be relied on: never raises."""

from __future__ import annotations

from collections.abc import Mapping
import math
from typing import Any, Final

_MAX_TEXT: Final = 300
_FLAGS: Final = {"1": True, "0": False, "true": True, "false": False}
_NOTHING: Final[Mapping[str, Any]] = {}


def number(value: Any) -> float | None:
    """Return a finite number; one that is written as text counts, true and false do not."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        found = float(value)
    except (ValueError, OverflowError):
        return None
    return found if math.isfinite(found) else None


def whole(value: Any) -> int | None:
    """Return a whole number; what stands behind a decimal point is cut off."""
    if isinstance(value, int) and not isinstance(value, bool):
        return value if number(value) is not None else None
    found = number(value)
    return None if found is None else int(found)


def amount(value: Any) -> int | None:
    """Return a whole number that is not negative, such as an amount of bytes."""
    found = whole(value)
    return None if found is None or found < 0 else found


def flag(value: Any) -> bool | None:
    """Return yes or no, which some write as 1 and 0."""
    if isinstance(value, bool):
        return value
    return _FLAGS.get((text(value) or "").lower())


def text(value: Any) -> str | None:
    """Return one line of text that can be stored and sent anywhere; None if there is none."""
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value) if number(value) is not None else ""
    if not isinstance(value, str):
        return None
    # Half a surrogate pair is legal in JSON, but nothing that UTF-8 could hold.
    whole_text = value[:_MAX_TEXT].encode("utf-8", "replace").decode()
    return " ".join("".join(c if c.isprintable() else " " for c in whole_text).split()) or None


def mapping(value: Any) -> Mapping[str, Any]:
    """Return an object, empty if it is none."""
    return value if isinstance(value, dict) else _NOTHING


def mappings(value: Any) -> list[Mapping[str, Any]]:
    """Return the objects in a list; whatever else there is does not count."""
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def percent(part: float | None, whole_amount: float | None) -> float | None:
    """Return the part in percent, rounded to two digits; None without a whole."""
    if part is None or not whole_amount or whole_amount < 0:
        return None
    found = part / whole_amount * 100
    return round(found, 2) if math.isfinite(found) else None
