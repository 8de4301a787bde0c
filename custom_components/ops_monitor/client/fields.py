"""Typed access to the fields of one JSON object."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from sys import float_info
from typing import Any, Self

from .exceptions import OpsMonitorResponseError


@dataclass(slots=True)
class Fields:
    """A JSON object: a missing key reads as None, a value of the wrong type is an error.

    The types are compared as they are: what JSON is made of is never of a derived one, and to
    Python a boolean would be an integer. It is done a few thousand times a second.

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

    def text(self, key: str) -> str | None:
        """Return a string."""
        value = self.values.get(key)
        if value is None or type(value) is str:
            return value
        raise self._wrong(key, value, "str")

    def required_text(self, key: str) -> str:
        """Return a string that must be there and not be empty."""
        if value := self.text(key):
            return value
        raise OpsMonitorResponseError(f"{self.what}: {key} is missing")

    def flag(self, key: str, *, default: bool = False) -> bool:
        """Return a boolean, or the default where it is unknown."""
        value = self.optional_flag(key)
        return default if value is None else value

    def optional_flag(self, key: str) -> bool | None:
        """Return a boolean or None."""
        value = self.values.get(key)
        if value is None or type(value) is bool:
            return value
        raise self._wrong(key, value, "bool")

    def integer(self, key: str) -> int | None:
        """Return a whole number."""
        value = self.values.get(key)
        if value is None or type(value) is int:
            return value
        raise self._wrong(key, value, "int")

    def number(self, key: str) -> float | None:
        """Return a finite number."""
        value = self.values.get(key)
        if value is None:
            return None
        if type(value) is not float and type(value) is not int:
            raise self._wrong(key, value, "int or float")
        # False for infinity, for what is not a number, and for integers that no float can hold.
        if abs(value) <= float_info.max:
            return value
        raise OpsMonitorResponseError(f"{self.what}: {key}: expected a finite number")

    def moment(self, key: str) -> datetime | None:
        """Return a point in time, in UTC."""
        text = self.text(key)
        if text is None:
            return None
        try:
            moment = datetime.fromisoformat(text)
            if moment.tzinfo is UTC:
                return moment
            if moment.tzinfo is not None:
                return moment.astimezone(UTC)
        except (ValueError, OverflowError) as err:
            raise OpsMonitorResponseError(f"{self.what}: {key}: not a time") from err
        raise OpsMonitorResponseError(f"{self.what}: {key}: a time without its zone")

    def items(self, key: str) -> list[Any]:
        """Return an array; empty where it is unknown."""
        value = self.values.get(key)
        if value is None or type(value) is list:
            return value or []
        raise self._wrong(key, value, "list")

    def texts(self, key: str) -> tuple[str, ...]:
        """Return the strings of an array."""
        values = self.items(key)
        if not values:
            return ()
        if all(isinstance(value, str) for value in values):
            return tuple(values)
        raise OpsMonitorResponseError(f"{self.what}: {key}: expected strings only")

    def named(self, key: str, name: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Return the names in an array of objects, and what is wrong with those without one."""
        names: list[str] = []
        flaws: list[str] = []
        for item in self.items(key):
            try:
                names.append(Fields.of(item, f"{self.what}: one of {key}").required_text(name))
            except OpsMonitorResponseError as err:
                flaws.append(str(err))
        return tuple(names), tuple(dict.fromkeys(flaws))

    def mapping(self, key: str) -> dict[str, Any]:
        """Return an object of objects; empty where it is unknown."""
        value = self.values.get(key)
        if value is None or type(value) is dict:
            return value or {}
        raise self._wrong(key, value, "dict")

    def _wrong(self, key: str, value: object, expected: str) -> OpsMonitorResponseError:
        """Return the error of a value that has another type than expected."""
        return OpsMonitorResponseError(
            f"{self.what}: {key}: expected {expected}, got {type(value).__name__}"
        )
