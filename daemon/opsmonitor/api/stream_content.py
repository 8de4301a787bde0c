"""What the stream tells: everything at first, then each change, as JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING

from opsmonitor import __version__
from opsmonitor.api.answers import WEIGHTY
from opsmonitor.api.encode import json_keys, to_json
from opsmonitor.api.frames import Frame, json_array, json_object
from opsmonitor.api.schemas.alerts import AlertsFrame
from opsmonitor.api.schemas.daemon import DaemonFrame, LatestBody, StorageBody
from opsmonitor.api.schemas.readings import ReadingEventBody
from opsmonitor.api.schemas.remediation import ActionFrame
from opsmonitor.api.schemas.status import EventBody
from opsmonitor.api.schemas.stream import ConfigFrame, EventFrame
from opsmonitor.api.version import API_VERSION
from opsmonitor.models.reading import ReadingMoment
from opsmonitor.util.clock import iso_utc

if TYPE_CHECKING:
    from collections.abc import Iterator

    from opsmonitor.api.answers import StateCache
    from opsmonitor.api.deps import ApiDeps
    from opsmonitor.api.kept_frames import KeptFrames
    from opsmonitor.api.readings import ReadingCache
    from opsmonitor.engine.batch import Batch
    from opsmonitor.engine.summary import Summary
    from opsmonitor.models.check import Transition
    from opsmonitor.models.reading import ReadingChange


class StreamContent:
    """Makes the content of frames, when somebody listens."""

    def __init__(
        self, deps: ApiDeps, states: StateCache, readings: ReadingCache, kept: KeptFrames
    ) -> None:
        """Take what is to be told, and who numbers it."""
        self._deps = deps
        self._states = states
        self._readings = readings
        self._kept = kept
        self._names = readings.names()
        self._summary: Summary | None = None

    def forget(self) -> None:
        """Note that nobody was told what is now: the next summary is news."""
        self._summary = None

    def snapshot(self) -> Frame:
        """Return the frame that tells everything."""
        deps = self._deps
        data = json_object(
            (
                ("id", to_json(self._kept.id)),
                ("seq", to_json(self._kept.seq)),
                ("instance_id", to_json(deps.store.instance_id)),
                ("version", to_json(__version__)),
                ("api_version", to_json(API_VERSION)),
                ("checks", self._states.checks().raw),
                ("summary", self._states.summary().raw),
                ("config_error", to_json(self._problems())),
                ("readings", json_array(self._readings.frames())),
                ("alerts", self.alerts()),
                ("daemon", self.daemon()),
                ("started_at", to_json(iso_utc(deps.started_ms))),
            )
        )
        return Frame(self._kept.id, "snapshot", data)

    def frames(self, batch: Batch) -> Iterator[tuple[str, bytes]]:
        """Yield kind and content of each frame of a batch."""
        known = self._deps.monitor.states
        if batch.added or batch.removed:
            added = [self._states.fragment(key) for key in batch.added if key in known]
            members = (("added", json_array(added)), ("removed", to_json(batch.removed)))
            yield "inventory", json_object(members)
        # A check that ran twice in a tick, or was removed in it, is told once or not at all.
        told = dict.fromkeys(result.check_id for result in batch.results)
        told |= dict.fromkeys(change.check_id for change in batch.changes)
        for check_id in told:
            if check_id in known:
                yield "check", self._states.fragment(check_id)
        for transition in batch.transitions():
            yield "event", self._event(transition)
        if self._has_new_summary(batch):
            yield "summary", self._states.summary().raw
        if batch.config_changed:
            yield "config", to_json(ConfigFrame(problems=self._problems()))
            names = self._readings.names()
            if names != self._names:
                self._names = names
                yield "readings", json_array(self._readings.frames())
        for request in batch.requests:
            yield "action", to_json(ActionFrame.of(request, self._kept.seq + 1))

    def reading_frames(self, change: ReadingChange) -> Iterator[tuple[str, bytes]]:
        """Yield kind and content of each frame of a poll."""
        yield "reading", self._readings.frame(change)
        for event in change.events:
            moment = ReadingMoment(
                at_ms=change.at_ms,
                name=change.state.name,
                kind=event.kind,
                message=event.message,
                data=event.data,
            )
            yield "reading_event", to_json(ReadingEventBody.of(moment))
        if change.state.probe == WEIGHTY and self._is_summary_new():
            yield "summary", self._states.summary().raw

    def _event(self, transition: Transition) -> bytes:
        """Return a transition; it gets the number of the frame that is about to be kept."""
        check = self._deps.monitor.checks.get(transition.check_id)
        names = {} if check is None else {check.id: check.name}
        body = EventBody.of(transition, names)
        values = {name: getattr(body, name) for name, _ in json_keys(EventBody)}
        return to_json(EventFrame(**values, seq=self._kept.seq + 1))

    def _has_new_summary(self, batch: Batch) -> bool:
        """Tell whether a batch changed the summary; without a change of state it cannot have."""
        if not (batch.added or batch.removed or batch.changes or batch.config_changed) and all(
            result.transition is None and result.interval is None for result in batch.news()
        ):
            return False
        return self._is_summary_new()

    def _is_summary_new(self) -> bool:
        """Tell whether the summary is another one than the last time."""
        before, self._summary = self._summary, self._states.counts()
        return before != self._summary

    def alerts(self) -> bytes:
        """Return what there is to tell, and whether it is told."""
        return to_json(AlertsFrame.of(self._deps.telling.state))

    def daemon(self) -> bytes:
        """Return how the daemon itself is doing."""
        wellbeing = self._deps.wellbeing
        size_bytes = self._deps.store.health().size_bytes
        update = wellbeing.update
        return to_json(
            DaemonFrame(
                storage=StorageBody.of(wellbeing.space, size_bytes),
                update=None if update is None else LatestBody.of(update),
            )
        )

    def _problems(self) -> tuple[str, ...]:
        """Return what is wrong with the configuration file."""
        return tuple(str(problem) for problem in self._deps.config_problems())
