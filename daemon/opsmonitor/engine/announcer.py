"""Send alerts that somebody asks for by hand, each once within a while."""

from __future__ import annotations

import asyncio
from dataclasses import replace
import hashlib
from typing import TYPE_CHECKING, Final

from opsmonitor.engine.channel import next_attempt_ms
from opsmonitor.exceptions import DeliveryError, UnknownChannelError
from opsmonitor.models.alert import (
    Alert,
    AlertKind,
    Announcement,
    Delivery,
    Notice,
    NoticeKind,
)
from opsmonitor.util.printable import shown

if TYPE_CHECKING:
    from collections.abc import Iterable

    from opsmonitor.engine.channels import Channels
    from opsmonitor.util.clock import Clock

_WORDS: Final = {"P1": "CRITICAL", "P2": "ERROR", "P3": "WARNING", "P4": "INFO"}


class Announcer:
    """Remembers who was told what lately."""

    def __init__(self, channels: Channels, clock: Clock) -> None:
        """Take the channels, and the clock."""
        self._channels = channels
        self._clock = clock
        self._lately: dict[tuple[str, str], int] = {}
        """By content and channel, when it was told."""

    def remember(self, alerts: Iterable[Alert]) -> None:
        """Take over what was told before a restart."""
        for alert in alerts:
            if alert.kind is AlertKind.MANUAL:
                content = _content_of(alert.subject, alert.severity, alert.message)
                for channel in alert.channels:
                    before_ms = self._lately.get((content, channel), 0)
                    self._lately[content, channel] = max(before_ms, alert.opened_ms)

    async def announce(
        self,
        service: str,
        severity: str,
        message: str,
        channels: Iterable[str],
        *,
        now_ms: int,
        dedupe_s: int,
    ) -> Announcement:
        """Tell channels side by side, but for those that were told the same a moment ago.

        Who does not take it at once, but may yet, is owed it.
        """
        since_ms = now_ms - dedupe_s * 1000
        self._lately = {key: at for key, at in self._lately.items() if at > since_ms}
        content = _content_of(service, severity, message)
        names = tuple(dict.fromkeys(channels))
        repeated = tuple(name for name in names if (content, name) in self._lately)
        new = [name for name in names if name not in repeated]
        alert = Alert(
            id=f"manual:{content}:{now_ms}",
            subject=service,
            name=service,
            kind=AlertKind.MANUAL,
            severity=severity,
            message=message,
            opened_ms=now_ms,
            resolved_ms=now_ms,
        )
        # Noted before it is sent: the same asked for twice at once is told once.
        self._lately |= {(content, name): now_ms for name in new}
        notice = _notice_of(alert)
        errors = await asyncio.gather(*(self._tell(name, notice) for name in new))
        found = dict(zip(new, errors, strict=True))
        again = tuple(
            _again(notice, name, error, self._clock.now_ms())
            for name, error in found.items()
            if isinstance(error, DeliveryError) and not error.is_permanent
        )
        owed = {item.channel for item in again}
        for name, error in found.items():
            if error is not None and name not in owed:
                self._lately.pop((content, name), None)
        told = tuple(name for name, error in found.items() if error is None or name in owed)
        return Announcement(
            alert=replace(alert, channels=told),
            errors={name: None if error is None else str(error) for name, error in found.items()},
            repeated=repeated,
            deliveries=again,
        )

    async def _tell(
        self, channel: str, notice: Notice
    ) -> DeliveryError | UnknownChannelError | None:
        """Tell one channel; return why it did not take it."""
        try:
            await self._channels.send_now(channel, notice)
        except (DeliveryError, UnknownChannelError) as err:
            return err
        return None


def _notice_of(alert: Alert) -> Notice:
    """Return what is told."""
    return Notice(
        id=f"{alert.id}:{NoticeKind.MANUAL}",
        alert_id=alert.id,
        kind=NoticeKind.MANUAL,
        alert_kind=AlertKind.MANUAL,
        subject=alert.subject,
        name=alert.name,
        severity=alert.severity,
        tags=(),
        at_ms=alert.opened_ms,
        title=shown(f"{_WORDS[alert.severity]}: {alert.name}").replace("\n", " "),
        text=shown(alert.message),
    )


def _again(notice: Notice, channel: str, error: DeliveryError, now_ms: int) -> Delivery:
    """Return the delivery to a channel that did not take a notice at the first attempt."""
    return Delivery(
        notice=notice,
        channel=channel,
        queued_ms=notice.at_ms,
        attempts=1,
        next_ms=next_attempt_ms(1, error, now_ms),
        error=str(error),
    )


def _content_of(service: str, severity: str, message: str) -> str:
    """Return what is the same for the same alert."""
    text = f"{service}\0{severity}\0{message}"
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]
