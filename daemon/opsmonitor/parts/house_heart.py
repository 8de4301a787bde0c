"""Tell whether a Home Assistant that used to report still does."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from opsmonitor.models.house_beat import SILENT_S, HouseBeat
from opsmonitor.models.reading import Reading
from opsmonitor.parts.home_assistant import Core, House, read_beat
from opsmonitor.util.clock import Clock
from opsmonitor.util.lenient import text


class HouseHeart:
    """Follows the reports of one Home Assistant.

    It is silent once three of them are missing since the last one, or since nobody could listen: a
    daemon that was restarted does not blame others for the time in which it was away itself.
    """

    __slots__ = ("_before_ms", "_clock", "_latest", "_since_s")

    def __init__(
        self, latest: Callable[[], HouseBeat | None], known: Reading | None, clock: Clock
    ) -> None:
        """Begin to listen; `known` is what was read last, be it before a restart."""
        self._latest = latest
        self._clock = clock
        self._since_s = clock.monotonic()
        self._before_ms = None if known is None else _beat_of(known)

    def house(self) -> House:
        """Return what is known by its reports; while it is silent, that is nothing."""
        now_s = self._clock.monotonic()
        beat = self._latest()
        if beat is None:
            is_silent = self._before_ms is not None and now_s - self._since_s > SILENT_S
            return _unknown(self._before_ms, is_silent=is_silent)
        if now_s - max(beat.mono_s, self._since_s) > SILENT_S:
            return _unknown(beat.at_ms, is_silent=True)
        return read_beat(beat)


def merge(asked: House, reported: House, *, knows_more: bool) -> House:
    """Return what is known by both ways; what was asked for counts if it tells more."""
    if knows_more or not reported.has_reported:
        return replace(asked, beat_ms=reported.beat_ms, is_silent=reported.is_silent)
    return replace(reported, latency_ms=asked.latency_ms, is_asked=True)


def _unknown(beat_ms: int | None, *, is_silent: bool) -> House:
    """Return a house of which nothing is known now."""
    return House(core=Core(), beat_ms=beat_ms, is_silent=is_silent, is_asked=False)


def _beat_of(reading: Reading) -> int | None:
    """Return when it had reported last as of a reading; None if it never had."""
    written = text(reading.data.get("heartbeat_ts"))
    if written is None:
        return None
    try:
        return round(datetime.fromisoformat(written).timestamp() * 1000)
    except ValueError:
        return None
