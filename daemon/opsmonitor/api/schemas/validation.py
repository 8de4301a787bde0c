"""Check what a request brings, and name every mistake in it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import voluptuous as vol

from opsmonitor.api.errors import ApiError

RequestT = TypeVar("RequestT")


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestSchema(Generic[RequestT]):
    """What a request may bring, and what it becomes."""

    keys: Mapping[vol.Marker, Any]
    make: Callable[..., RequestT]
    """Called with the validated values by key."""

    def parse(self, values: object) -> RequestT:
        """Validate values and return the request.

        Raises:
            ApiError: 422, naming every bad field.

        """
        try:
            valid = vol.Schema(dict(self.keys))(values)
        except vol.MultipleInvalid as err:
            raise ApiError(
                422,
                "validation_failed",
                "; ".join(_sentence(error) for error in err.errors),
                details=[
                    {"field": _field(error), "message": error.error_message} for error in err.errors
                ],
            ) from err
        return self.make(**valid)


def _field(error: vol.Invalid) -> str:
    """Return where a mistake is."""
    return ".".join(str(part) for part in error.path)


def _sentence(error: vol.Invalid) -> str:
    """Return a mistake with its place."""
    field = _field(error)
    return f"{field}: {error.error_message}" if field else str(error.error_message)
