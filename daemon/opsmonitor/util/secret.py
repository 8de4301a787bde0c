"""A string that cannot be printed by accident."""

from __future__ import annotations

import hmac
from typing import Final

REDACTED: Final = "**********"


class Secret:
    """Hold a secret; printing, formatting and comparing never show it."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        """Keep the value."""
        self._value = value

    def reveal(self) -> str:
        """Return the value, at the one place where it is used."""
        return self._value

    def matches(self, other: str) -> bool:
        """Compare in constant time."""
        return hmac.compare_digest(self._value.encode(), other.encode())

    def __eq__(self, other: object) -> bool:
        """Compare two secrets in constant time."""
        return isinstance(other, Secret) and self.matches(other.reveal())

    def __hash__(self) -> int:
        """Hash the value, so that frozen settings stay hashable."""
        return hash(self._value)

    def __bool__(self) -> bool:
        """Tell whether there is a value."""
        return bool(self._value)

    def __repr__(self) -> str:
        """Return the redaction mark."""
        return REDACTED

    __str__ = __repr__

    def __format__(self, _spec: str) -> str:
        """Return the redaction mark, whatever the format."""
        return REDACTED

    def __reduce__(self) -> str:
        """Refuse to be pickled.

        Raises:
            TypeError: Always.

        """
        raise TypeError("a Secret cannot be pickled")
