"""What a person wants to see of what a daemon has: pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from .client import Check, Snapshot, Transition
from .const import CONF_EXCLUDED, CONF_EXCLUDED_READINGS, CONF_GUESTS, CONF_TAGS


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """The preferences of *What to show*."""

    tags: frozenset[str]
    """Only checks with one of them; none means all."""
    excluded: frozenset[str]
    """Ids of checks."""
    excluded_readings: frozenset[str]
    """Full names of what is polled."""
    with_guests: bool
    """Whether each guest of Proxmox has a device."""

    @classmethod
    def of(cls, options: Mapping[str, Any]) -> Self:
        """Read the options of an entry."""
        return cls(
            tags=frozenset(options.get(CONF_TAGS, ())),
            excluded=frozenset(options.get(CONF_EXCLUDED, ())),
            excluded_readings=frozenset(options.get(CONF_EXCLUDED_READINGS, ())),
            with_guests=options.get(CONF_GUESTS, False),
        )

    def shows(self, check: Check) -> bool:
        """Tell whether a person wants to see a check."""
        return check.id not in self.excluded and (
            not self.tags or not self.tags.isdisjoint(check.tags)
        )

    def shows_reading(self, name: str) -> bool:
        """Tell whether a person wants to see what is polled under a name."""
        return name not in self.excluded_readings

    def wants(self, transition: Transition, data: Snapshot) -> bool:
        """Tell whether a person wants to hear of what happened to a check."""
        check_id = transition.check_id
        if check := data.checks.get(check_id):
            return self.shows(check)
        # Of what cannot be read nobody knows the tags; of what is gone nobody ever will.
        return check_id not in self.excluded and (not self.tags or check_id in data.unreadable)
