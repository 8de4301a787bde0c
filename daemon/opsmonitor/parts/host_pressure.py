"""For how much of the time work waited for something, from the kernel's own measure: pure."""

from __future__ import annotations

import math


def parse_pressure(text: str) -> dict[str, dict[str, float]]:
    """Return `some` and `full`, each with the share of the time in percent by window.

    Source: Documentation/accounting/psi.rst, lines such as
    `some avg10=0.12 avg60=0.05 avg300=0.01 total=123`; empty where there is nothing to understand.
    """
    found: dict[str, dict[str, float]] = {}
    for line in text.splitlines():
        kind, _, rest = line.partition(" ")
        if kind not in ("some", "full"):
            continue
        windows: dict[str, float] = {}
        for pair in rest.split():
            name, _, value = pair.partition("=")
            if name in ("avg10", "avg60", "avg300"):
                number = _number(value)
                if number is not None:
                    windows[name] = number
        if windows:
            found[kind] = windows
    return found


def _number(text: str) -> float | None:
    """Return a share in percent."""
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) and 0 <= value <= 100 else None  # noqa: PLR2004 - percent
