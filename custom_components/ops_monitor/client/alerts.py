"""What there is to tell people, and whether the daemon tells them."""

from dataclasses import dataclass
from datetime import datetime
from typing import Self

from .fields import Fields


@dataclass(frozen=True, slots=True, kw_only=True)
class Mute:
    """Nobody is told anything, because somebody wants it so."""

    since: datetime | None
    until: datetime | None
    """None: until it is taken back."""
    reason: str | None

    @classmethod
    def from_api(cls, value: object) -> Self:
        """Read who wants it, and for how long."""
        fields = Fields.of(value, "mute")
        return cls(
            since=fields.moment("since"),
            until=fields.moment("until"),
            reason=fields.text("reason"),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Alerts:
    """How telling people is going; also the frame that tells of a change of that."""

    open: int | None
    """How many alerts are open."""
    last_opened_at: datetime | None
    muted: Mute | None
    channels: tuple[str, ...]
    """The names of the ways to reach people."""
    flaws: tuple[str, ...] = ()
    """What could not be read of it."""

    @classmethod
    def from_api(cls, value: object) -> Self:
        """Read an `alerts` frame."""
        fields = Fields.of(value, "alerts")
        muted = fields.values.get("muted")
        channels, flaws = fields.named("channels", "name")
        return cls(
            open=fields.integer("open"),
            last_opened_at=fields.moment("last_opened_at"),
            muted=None if muted is None else Mute.from_api(muted),
            channels=channels,
            flaws=flaws,
        )
