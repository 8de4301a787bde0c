"""A value that a check reads beside what it judges, to be shown elsewhere."""

from __future__ import annotations

from dataclasses import dataclass

EXPORTED = "export"
"""Under which an outcome's further values have those that were read, by key."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Export:
    """What one value is called, and how it is to be shown."""

    key: str
    """Unique within the check; made of the name."""
    name: str
    unit: str | None = None
    device_class: str | None = None
    """What kind of thing it is, in the words of Home Assistant, such as `temperature`."""
    state_class: str | None = None
    """How it goes on over time, in the words of Home Assistant, such as `measurement`."""
    precision: int | None = None
    """How many decimals people want to see."""

    @property
    def is_number(self) -> bool:
        """Tell whether only a number makes sense."""
        return (self.unit, self.state_class, self.precision) != (None, None, None)
