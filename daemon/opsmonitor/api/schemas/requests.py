"""What requests may bring."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import voluptuous as vol

from opsmonitor.api.schemas.validation import RequestSchema


@dataclass(frozen=True, slots=True, kw_only=True)
class SinceQuery:
    """What a client of the stream has already."""

    since: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NoBody:
    """Nothing to choose: no body, or an empty object."""


SINCE: Final = RequestSchema(
    keys={
        vol.Optional(
            "since",
            default="",
            description="The id of the last frame that is known; then only"
            " what was missed is told, as far as it is still there",
        ): vol.All(str, vol.Length(max=100))
    },
    make=SinceQuery,
)
NO_BODY: Final = RequestSchema(keys={}, make=NoBody)
