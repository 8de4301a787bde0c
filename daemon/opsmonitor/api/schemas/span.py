"""How far back a request may look, and how finely."""

from __future__ import annotations

from typing import Any, Final

import voluptuous as vol

from opsmonitor.api.schemas.fields import OneOf, Whole
from opsmonitor.models.history import Resolution

_LONGEST_RANGE_MINUTES: Final = 5 * 366 * 1440
RANGE: Final[dict[vol.Marker, Any]] = {
    vol.Optional("range_minutes", default=1440, description="How far back, until now"): Whole(
        1, _LONGEST_RANGE_MINUTES
    ),
    vol.Optional("resolution", default=Resolution.AUTO.value, description="How finely"): OneOf(
        Resolution
    ),
}
