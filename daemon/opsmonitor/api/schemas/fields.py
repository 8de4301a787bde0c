"""The kinds of values that requests may bring."""

from __future__ import annotations

from datetime import UTC, datetime
import math
import re
from typing import TYPE_CHECKING, Any, Final

import voluptuous as vol

if TYPE_CHECKING:
    from opsmonitor.models.history import Resolution

_LATEST_S: Final = 253_402_300_799
"""The last second of the year 9999."""
LONGEST_PAUSE_S: Final = 366 * 86400


class Whole:
    """A whole number within bounds, also when written as text."""

    def __init__(self, least: int, most: int) -> None:
        """Take the bounds, which belong to it."""
        self.openapi = {"type": "integer", "minimum": least, "maximum": most}
        self._least = least
        self._most = most

    def __call__(self, value: object) -> int:
        """Return the number.

        Raises:
            vol.Invalid: It is none, or out of bounds.

        """
        text = str(value)
        digits = text.removeprefix("-")
        if isinstance(value, bool) or not (digits.isascii() and digits.isdigit()):
            raise vol.Invalid("expected a whole number")
        if len(digits) > len(str(self._most)) or not self._least <= int(text) <= self._most:
            raise vol.Invalid(f"expected {self._least} to {self._most}")
        return int(text)


class Moment:
    """A time as ISO 8601 or epoch seconds; becomes epoch milliseconds."""

    openapi: Final[dict[str, Any]] = {"type": "string", "examples": ["2026-01-31T12:00:00Z"]}

    def __call__(self, value: object) -> int:
        """Return the time.

        Raises:
            vol.Invalid: It is no time.

        """
        text = str(value)
        try:
            # A plus sign that was not escaped in the query arrives as a space.
            seconds = _epoch_s(text) if _is_number(text) else _iso_s(text.replace(" ", "+"))
        except (ValueError, OverflowError) as err:
            raise vol.Invalid("expected ISO 8601 or epoch seconds") from err
        if not 0 <= seconds <= _LATEST_S:
            raise vol.Invalid("expected a time between 1970 and 9999")
        return round(seconds * 1000)


class Word:
    """One of a few words, which are no names of anything in the daemon."""

    def __init__(self, *words: str) -> None:
        """Take the words."""
        self.openapi = {"type": "string", "enum": list(words)}
        self._words = words

    def __call__(self, value: object) -> str:
        """Return the word.

        Raises:
            vol.Invalid: It is none of them.

        """
        if value not in self._words:
            raise vol.Invalid(f"expected one of {', '.join(self._words)}")
        return str(value)


class OneOf:
    """One of a few words."""

    def __init__(self, kind: type[Resolution]) -> None:
        """Take the words."""
        self.openapi = {"type": "string", "enum": [member.value for member in kind]}
        self._kind = kind

    def __call__(self, value: object) -> Resolution:
        """Return the member.

        Raises:
            vol.Invalid: It is no such word.

        """
        try:
            return self._kind(str(value))
        except ValueError as err:
            words = ", ".join(member.value for member in self._kind)
            raise vol.Invalid(f"expected one of {words}") from err


class Truth:
    """True or false, written as text."""

    openapi: Final[dict[str, Any]] = {"type": "boolean"}

    def __call__(self, value: object) -> bool:
        """Return the value.

        Raises:
            vol.Invalid: It is neither.

        """
        if value not in ("true", "false"):
            raise vol.Invalid("expected true or false")
        return value == "true"


class SeverityWord:
    """How bad it is: `P1` to `P4`, or a word that means one of them."""

    openapi: Final[dict[str, Any]] = {"type": "string", "examples": ["P1", "critical", "warning"]}
    _MEANING: Final = {
        **{f"p{number}": f"P{number}" for number in range(1, 5)},
        **dict.fromkeys(("critical", "fatal", "emergency", "crit"), "P1"),
        **dict.fromkeys(("error", "high", "major"), "P2"),
        **dict.fromkeys(("warning", "warn", "medium", "minor"), "P3"),
        **dict.fromkeys(("info", "information", "low", "notice", "debug"), "P4"),
    }

    def __call__(self, value: object) -> str:
        """Return the severity.

        Raises:
            vol.Invalid: It is none.

        """
        found = self._MEANING.get(value.lower()) if isinstance(value, str) else None
        if found is None:
            raise vol.Invalid("expected P1 to P4, or critical, error, warning or info")
        return found


class RunId:
    """What tells overlapping runs of one job apart."""

    openapi: Final[dict[str, Any]] = {"type": "string", "pattern": "^[A-Za-z0-9._-]{1,64}$"}
    _PATTERN: Final = re.compile(r"[A-Za-z0-9._-]{1,64}", re.ASCII)

    def __call__(self, value: object) -> str:
        """Return the id.

        Raises:
            vol.Invalid: It is none.

        """
        if not isinstance(value, str) or not self._PATTERN.fullmatch(value):
            raise vol.Invalid("expected up to 64 letters, digits, dots, _ and -, such as a UUID")
        return value


SHORT: Final = vol.All(str, vol.Length(min=1, max=200))


def _is_number(text: str) -> bool:
    """Tell whether a text is meant as epoch seconds."""
    return text.replace(".", "", 1).isdigit() and text.isascii()


def _epoch_s(text: str) -> float:
    """Return epoch seconds."""
    seconds = float(text)
    return seconds if math.isfinite(seconds) else -1.0


def _iso_s(text: str) -> float:
    """Return an ISO 8601 time as epoch seconds; without a zone it is UTC."""
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return moment.timestamp()
