"""Compile checks, with all that their probes may use."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from opsmonitor.checks.base import CheckContext
from opsmonitor.util.lanes import Lanes

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import tzinfo
    from pathlib import Path

    from opsmonitor.checks.base import CheckType, Probe, States, ValueSource
    from opsmonitor.config.settings import CheckSettings, Settings
    from opsmonitor.models.heartbeat import Pulse
    from opsmonitor.util.clock import Clock
    from opsmonitor.util.http import HttpTransport
    from opsmonitor.util.resolver import Resolver


class Compiler:
    """Holds what all probes share."""

    def __init__(  # noqa: PLR0913 - all that probes may use comes together here
        self,
        *,
        check_types: Mapping[str, CheckType[object]],
        clock: Clock,
        http: HttpTransport,
        resolver: Resolver,
        values: ValueSource,
        states: States,
        pulses: Callable[[str], Pulse | None],
        wake_at: Callable[[str, int], None],
    ) -> None:
        """Take the check types and what they work with."""
        self._check_types = check_types
        self._clock = clock
        self._http = http
        self._resolver = resolver
        self._values = values
        self._states = states
        self._pulses = pulses
        self._wake_at = wake_at
        self._lanes = Lanes()
        self._place: tuple[Path, tzinfo] | None = None

    def move(self, settings: Settings) -> bool:
        """Take over where the configuration lies, and its time zone; tell if they are others."""
        before, self._place = self._place, (settings.folder, settings.zone)
        return before != self._place

    def compile(self, check: CheckSettings, settings: Settings) -> Probe:
        """Return the probe of a check."""
        context = CheckContext(
            timeout_s=check.timeout_s,
            check_id=check.id,
            interval_s=check.interval_s,
            clock=self._clock,
            http=self._http,
            resolver=self._resolver,
            lanes=self._lanes,
            folder=settings.folder,
            zone=settings.zone,
            values=self._values,
            states=self._states,
            members=check.members,
            pulse=partial(self._pulses, check.id),
            wake_at=partial(self._wake_at, check.id),
        )
        return self._check_types[check.type].compile(check.options, context)
