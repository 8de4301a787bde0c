"""Tell what has happened to a FRITZ!Box between two looks at it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from opsmonitor.models.reading import ReadingEvent
from opsmonitor.util.clock import iso_utc
from opsmonitor.util.lenient import flag, mapping, number, text, whole

_JITTER_MS: Final = 10_000
_TOLERANCE_S: Final = 30.0
"""By so much the begin of an uptime may seem to move: answers take their time."""
_MAX_MBIT_S: Final = 100_000
_BITS: Final = 8
_PER_MBIT: Final = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What of a box is compared with the look before; None is unknown."""

    at_s: float
    """On a clock that never goes back."""
    uptime_s: float | None = None
    connection_uptime_s: float | None = None
    is_up: bool | None = None
    ipv4: str | None = None
    ipv6_prefix: str | None = None
    os_version: str | None = None
    resyncs: int | None = None
    received_bytes: int | None = None
    sent_bytes: int | None = None


def look_at(data: Mapping[str, Any], at_s: float) -> Look:
    """Return what is compared of a reading, be it from before a restart."""
    wan, counted = mapping(data.get("wan")), mapping(data.get("traffic"))
    line = mapping(data.get("dsl")) or mapping(data.get("fiber"))
    return Look(
        at_s=at_s,
        uptime_s=number(data.get("uptime_s")),
        connection_uptime_s=number(wan.get("connection_uptime_s")),
        is_up=flag(wan.get("up")),
        ipv4=text(wan.get("external_ipv4")),
        ipv6_prefix=text(wan.get("ipv6_prefix")),
        os_version=text(data.get("os_version")),
        resyncs=whole(line.get("resyncs")),
        received_bytes=whole(counted.get("received_bytes")),
        sent_bytes=whole(counted.get("sent_bytes")),
    )


def read_ms(data: Mapping[str, Any]) -> int | None:
    """Return when a reading was made, in epoch milliseconds, by what it says of its uptime."""
    wan = mapping(data.get("wan"))
    for since, uptime in (
        (data.get("started_ts"), data.get("uptime_s")),
        (wan.get("connected_since_ts"), wan.get("connection_uptime_s")),
    ):
        seconds = whole(uptime)
        try:
            began = datetime.fromisoformat(text(since) or "")
        except ValueError:
            continue
        if seconds is not None and began.tzinfo is not None:
            return round(began.timestamp() * 1000) + seconds * 1000
    return None


class Since:
    """Tells since when something is up: the same moment in each poll, though answers take time."""

    __slots__ = ("_began_ms",)

    def __init__(self) -> None:
        """Know of nothing."""
        self._began_ms = 0

    def __call__(self, uptime_s: int | None, now_ms: int) -> str | None:
        """Return the moment in ISO 8601, None if it is not known or not up."""
        if not uptime_s:
            return None
        began_ms = now_ms - uptime_s * 1000
        if abs(began_ms - self._began_ms) > _JITTER_MS:
            self._began_ms = began_ms
        return iso_utc(self._began_ms) if self._began_ms > 0 else None


def box_events(name: str, before: Look | None, now: Look) -> Iterator[ReadingEvent]:
    """Yield what is new of a box; at the first look nothing is."""
    if before is None:
        return
    rebooted = _began_again(before.uptime_s, now.uptime_s, now.at_s - before.at_s)
    if rebooted:
        yield _event("fritz_rebooted", name, "the box was started anew")
    yield from _line_events(name, before, now, rebooted=rebooted)
    if _differ(before.os_version, now.os_version):
        words = f"FRITZ!OS {before.os_version} became {now.os_version}"
        yield _event("fritz_updated", name, words, before=before.os_version, now=now.os_version)


def _line_events(name: str, before: Look, now: Look, *, rebooted: bool) -> Iterator[ReadingEvent]:
    """Yield what happened to the connection; each once, under the name that says the most."""
    address = {"before": before.ipv4, "now": now.ipv4}
    reconnected = _began_again(
        before.connection_uptime_s, now.connection_uptime_s, now.at_s - before.at_s
    )
    if before.is_up and now.is_up is False:
        yield _event("fritz_disconnected", name, "the Internet connection is down")
    elif before.is_up is False and now.is_up:
        yield _event("fritz_connected", name, "the Internet connection is up again", **address)
    elif now.is_up and reconnected:
        words = "the Internet connection was made anew"
        yield _event("fritz_reconnected", name, words, **address)
    elif _differ(before.ipv4, now.ipv4) or _differ(before.ipv6_prefix, now.ipv6_prefix):
        prefixes = {"prefix_before": before.ipv6_prefix, "prefix_now": now.ipv6_prefix}
        yield _event("fritz_address", name, "the external address changed", **address, **prefixes)
    if not rebooted and before.resyncs is not None and (now.resyncs or 0) > before.resyncs:
        yield _event("fritz_resync", name, "the line was synchronised anew", count=now.resyncs)


def averages(before: Look | None, now: Look) -> dict[str, float | None]:
    """Return how much was transferred since the look before."""
    earlier = before or Look(at_s=now.at_s)
    seconds = now.at_s - earlier.at_s
    return {
        "down_average_mbit_s": average_mbit_s(earlier.received_bytes, now.received_bytes, seconds),
        "up_average_mbit_s": average_mbit_s(earlier.sent_bytes, now.sent_bytes, seconds),
    }


def average_mbit_s(before: int | None, now: int | None, seconds: float) -> float | None:
    """Return the rate between two counters; None if the counter began again, or cannot be true."""
    if before is None or now is None or now < before or seconds <= 0:
        return None
    rate = (now - before) * _BITS / _PER_MBIT / seconds
    return round(rate, 3) if rate <= _MAX_MBIT_S else None


def _began_again(before: float | None, now: float | None, passed_s: float) -> bool:
    """Tell whether an uptime began anew since the look before; one that stands still did not."""
    if before is None or now is None:
        return False
    return now <= passed_s + _TOLERANCE_S and before + passed_s - now > _TOLERANCE_S


def _differ(before: str | None, now: str | None) -> bool:
    """Tell whether something known became something else that is known."""
    return before is not None and now is not None and before != now


def _event(kind: str, name: str, words: str, **data: object) -> ReadingEvent:
    """Return an event of a box."""
    return ReadingEvent(kind=kind, message=f"{name}: {words}", data={"box": name, **data})
