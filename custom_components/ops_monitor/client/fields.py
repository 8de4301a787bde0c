"""Typed access to the fields of one JSON object."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from sys import float_info
from typing import Any, Self

from .exceptions import OpsMonitorResponseError


@dataclass(frozen=True, slots=True)
class Fields:
    """A JSON object: a missing key reads as None, a value of the wrong type is an error.

    Keys that nobody asks for are ignored, so a newer daemon may add some.
    """

    values: Mapping[str, Any]
    what: str
    """What the object describes, for error messages."""

    @classmethod
    def of(cls, value: object, what: str) -> Self:
        """Wrap a decoded JSON value that must be an object."""
        if not isinstance(value, dict):
            raise OpsMonitorResponseError(f"{what}: expected an object, got {type(value).__name__}")
        return cls(value, what)

    def _typed[T](self, key: str, *kinds: type[T]) -> T | None:
        """Return the value of a key if it has one of the types."""
        value = self.values.get(key)
        if value is None:
            return None
        # To Python a boolean is an integer; to a reader of JSON it is not.
        if isinstance(value, kinds) and (bool in kinds or not isinstance(value, bool)):
            return value
        expected = " or ".join(kind.__name__ for kind in kinds)
        raise OpsMonitorResponseError(
            f"{self.what}: {key}: expected {expected}, got {type(value).__name__}"
        )

    def text(self, key: str) -> str | None:
        """Return a string."""
        return self._typed(key, str)

    def required_text(self, key: str) -> str:
        """Return a string that must be there and not be empty."""
        if value := self.text(key):
            return value
        raise OpsMonitorResponseError(f"{self.what}: {key} is missing")

    def flag(self, key: str, *, default: bool = False) -> bool:
        """Return a boolean, or the default where it is unknown."""
        value = self._typed(key, bool)
        return default if value is None else value

    def optional_flag(self, key: str) -> bool | None:
        """Return a boolean or None."""
        return self._typed(key, bool)

    def integer(self, key: str) -> int | None:
        """Return a whole number."""
        return self._typed(key, int)

    def number(self, key: str) -> float | None:
        """Return a finite number."""
        value = self._typed(key, int, float)
        # False for infinity, for what is not a number, and for integers that no float can hold.
        if value is None or abs(value) <= float_info.max:
            return value
        raise OpsMonitorResponseError(f"{self.what}: {key}: expected a finite number")

    def moment(self, key: str) -> datetime | None:
        """Return a point in time, in UTC."""
        text = self.text(key)
        if text is None:
            return None
        try:
            moment = datetime.fromisoformat(text)
            if moment.tzinfo is not None:
                return moment.astimezone(UTC)
        except (ValueError, OverflowError) as err:
            raise OpsMonitorResponseError(f"{self.what}: {key}: not a time") from err
        raise OpsMonitorResponseError(f"{self.what}: {key}: a time without its zone")

    def items(self, key: str) -> list[Any]:
        """Return an array; empty where it is unknown."""
        return self._typed(key, list) or []

    def texts(self, key: str) -> tuple[str, ...]:
        """Return the strings of an array."""
        values = self.items(key)
        if all(isinstance(value, str) for value in values):
            return tuple(values)
        raise OpsMonitorResponseError(f"{self.what}: {key}: expected strings only")

    def mapping(self, key: str) -> dict[str, Any]:
        """Return an object of objects; empty where it is unknown."""
        return self._typed(key, dict) or {}
