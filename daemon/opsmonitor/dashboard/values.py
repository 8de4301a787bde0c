"""How a card puts the values into words that its check reads; static/js/values.js says the same."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal
from typing import TYPE_CHECKING, Final

from opsmonitor.dashboard.words import DASH
from opsmonitor.models.export import EXPORTED

if TYPE_CHECKING:
    from opsmonitor.config.settings import CheckSettings
    from opsmonitor.models.check import CheckState

_MOST_DECIMALS: Final = 3
"""Of a number that nobody says how precise it is."""
_HUGE: Final = 1e15
"""From here on a number has no decimals to speak of."""


def values_text(check: CheckSettings, state: CheckState) -> str:
    """Return the values of a check's latest run, by their names; empty if it reads none."""
    if not check.exports:
        return ""
    data = state.outcome.data if state.outcome else {}
    found = data.get(EXPORTED)
    values = found if isinstance(found, dict) else {}
    return " · ".join(
        f"{export.name} {value_text(values.get(export.key), export.unit, export.precision)}"
        for export in check.exports
    )


def value_text(value: object, unit: str | None, precision: int | None) -> str:
    """Return a value as people write it."""
    if isinstance(value, bool):
        text = str(value).lower()
    elif isinstance(value, int | float):
        text = _number(value, precision)
    elif isinstance(value, str):
        text = value
    else:
        return DASH
    return f"{text} {unit}" if unit else text


def _number(value: float, precision: int | None) -> str:
    """Return a number with so many decimals, or with those that it has."""
    if abs(value) >= _HUGE:
        return f"{value:.6e}".replace("e+", "e")
    decimals = _MOST_DECIMALS if precision is None else precision
    # As scripts do it: exactly, and a half away from zero.
    rounded = Decimal(value).quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_UP)
    text = f"{rounded:f}"
    if precision is None:
        text = text.rstrip("0").rstrip(".")
    return "0" if text == "-0" else text
