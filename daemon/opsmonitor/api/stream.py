"""Tell every change to all who listen: encoded once, one write for each client and tick."""

from __future__ import annotations

import asyncio
from collections import deque
import secrets
from typing import TYPE_CHECKING, Final

from aiohttp import hdrs

from opsmonitor import __version__
from opsmonitor.api.answers import WEIGHTY
from opsmonitor.api.cached import CachedBody
from opsmonitor.api.encode import json_keys, to_json
from opsmonitor.api.errors import ApiError
from opsmonitor.api.frames import Frame, json_array, json_object
from opsmonitor.api.schemas.alerts import AlertsFrame
from opsmonitor.api.schemas.daemon import DaemonFrame, LatestBody, StorageBody
from opsmonitor.api.schemas.readings import ReadingEventBody
from opsmonitor.api.schemas.remediation import ActionFrame
from opsmonitor.api.schemas.status import EventBody
from opsmonitor.api.schemas.stream import ByeFrame, ConfigFrame, EventFrame
from opsmonitor.api.stream_client import StreamClient
from opsmonitor.api.version import API_VERSION
from opsmonitor.api.wire import EventWire, SocketWire
from opsmonitor.models.reading import ReadingMoment
from opsmonitor.util.clock import iso_utc

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from aiohttp import web

    from opsmonitor.api.answers import StateCache
    from opsmonitor.api.deps import ApiDeps
    from opsmonitor.api.readings import ReadingCache
    from opsmonitor.api.wire import Wire
    from opsmonitor.engine.batch import Batch
    from opsmonitor.engine.summary import Summary
    from opsmonitor.models.check import Transition
    from opsmonitor.models.reading import ReadingChange

HEARTBEAT_S: Final = 15.0
_MOST_CLIENTS: Final = 200
_KEPT_BYTES: Final = 2 * 1024 * 1024
"""What is kept for clients that come back after a gap."""
_KEPT_FOR_S: Final = 60.0
"""So long after the last client left, frames are still made for its return."""
_FAREWELL_S: Final = 0.3


class StreamHub:
    """All clients of the stream, and the latest frames for those that come back."""

    def __init__(
        self,
        deps: ApiDeps,
        states: StateCache,
        readings: ReadingCache,
        *,
        heartbeat_s: float = HEARTBEAT_S,
    ) -> None:
        """Take what is to be told."""
        self._deps = deps
        self._states = states
        self._readings = readings
        self._names = readings.names()
        self._heartbeat_s = heartbeat_s
        self._epoch = secrets.token_hex(6)
        self._seq = 0
        self._kept: deque[tuple[int, Frame]] = deque()
        self._kept_size = 0
        self._clients: set[StreamClient] = set()
        self._left_s = float("-inf")
        self._summary: Summary | None = None
        self._is_closing = False
        self._nobody = asyncio.Event()
        self._beat: asyncio.TimerHandle | None = None

    @property
    def clients(self) -> int:
        """Return how many listen."""
        return len(self._clients)

    def start(self) -> None:
        """Begin to send heartbeats."""
        self._beat = asyncio.get_running_loop().call_later(self._heartbeat_s, self._heartbeat)

    async def close(self) -> None:
        """Say good-bye; whoever does not take it soon is cut off."""
        self._is_closing = True
        if self._beat is not None:
            self._beat.cancel()
        for client in self._clients:
            client.end(self._bye(client, "shutdown"))
        try:
            async with asyncio.timeout(_FAREWELL_S):
                while self._clients:
                    self._nobody.clear()
                    await self._nobody.wait()
        except TimeoutError:
            for client in self._clients:
                client.drop()

    def publish(self, batch: Batch) -> None:
        """Tell a batch; its states are already marked as changed."""
        if self._send(self._frames(batch)) and batch.config_changed:
            self.end_invalid()

    def publish_reading(self, change: ReadingChange) -> None:
        """Tell what a poll brought about."""
        self._send(self._reading_frames(change))

    def publish_alerts(self) -> None:
        """Tell that there is more or less to tell, or that it is told or not."""
        self._send([("alerts", self._alerts())])

    def publish_daemon(self) -> None:
        """Tell that something about the daemon itself is otherwise."""
        self._send([("daemon", self._daemon())])

    def _send(self, frames: Iterable[tuple[str, bytes]]) -> bool:
        """Number and send frames, which are made only if anybody listens; tell whether one does."""
        if not self._has_audience():
            # Numbers go on, so that nobody who comes back later believes to have missed nothing.
            self._seq += 1
            self._kept.clear()
            self._kept_size = 0
            self._summary = None
            return False
        self._tell([self._keep(kind, data) for kind, data in frames])
        return True

    def end_invalid(self) -> None:
        """End the streams whose credentials no longer hold."""
        for client in tuple(self._clients):
            if not client.is_valid():
                client.end(self._bye(client, "credential"))

    async def serve(self, request: web.Request, is_valid: Callable[[], bool]) -> web.StreamResponse:
        """Stream server-sent events to one client until it leaves or the daemon stops."""
        self._refuse_when_full()
        last_id = request.headers.get("Last-Event-ID", "")
        return await self._serve(EventWire(), request, last_id, is_valid)

    async def serve_socket(
        self, request: web.Request, last_id: str, is_valid: Callable[[], bool]
    ) -> web.StreamResponse:
        """Stream over a WebSocket to one client until it leaves or the daemon stops."""
        wire = SocketWire(heartbeat_s=self._heartbeat_s, farewell_s=_FAREWELL_S)
        if request.method == hdrs.METH_HEAD or not wire.can_open(request):
            raise ApiError(
                426,
                "upgrade_required",
                "this is a WebSocket; /api/stream tells the same as server-sent events",
                headers={hdrs.UPGRADE: "websocket"},
            )
        self._refuse_when_full()
        return await self._serve(wire, request, last_id, is_valid)

    async def _serve(
        self, wire: Wire, request: web.Request, last_id: str, is_valid: Callable[[], bool]
    ) -> web.StreamResponse:
        """Tell one client all that there is to tell."""
        response = await wire.open(request)
        if request.method == hdrs.METH_HEAD:
            return response
        client = StreamClient(wire, request.transport, is_valid)
        self._clients.add(client)
        listening = asyncio.create_task(client.listen(), name="stream-client")
        try:
            await client.pump(wire.encode(self._greeting(last_id)))
            await wire.close()
        except ConnectionError:
            pass
        finally:
            listening.cancel()
            self._leave(client)
        return response

    def snapshot(self) -> CachedBody:
        """Return everything, to be asked for without listening."""
        # Whoever asks is likely to listen next, and should find what happened in between.
        self._left_s = self._deps.clock.monotonic()
        return CachedBody(self._snapshot().data, f"a{self._id(self._seq)}")

    def _refuse_when_full(self) -> None:
        """Check that there is room for one more client.

        Raises:
            ApiError: 503, there is none.

        """
        if self._is_closing or len(self._clients) >= _MOST_CLIENTS:
            raise ApiError(
                503,
                "too_many_streams",
                "no further stream can be opened now",
                headers={hdrs.RETRY_AFTER: "10"},
            )

    def _tell(self, frames: list[Frame]) -> None:
        """Offer frames to all clients, encoded once for each kind of wire."""
        if not frames:
            return
        chunks: dict[Callable[[Iterable[Frame]], bytes], bytes] = {}
        for client in tuple(self._clients):
            encode = client.wire.encode
            if encode not in chunks:
                chunks[encode] = encode(frames)
            client.offer(chunks[encode])

    def _leave(self, client: StreamClient) -> None:
        """Forget a client."""
        self._clients.discard(client)
        self._left_s = self._deps.clock.monotonic()
        if not self._clients:
            self._nobody.set()

    def _has_audience(self) -> bool:
        """Tell whether anybody listens, or did until just now."""
        return bool(self._clients) or (self._deps.clock.monotonic() - self._left_s < _KEPT_FOR_S)

    def _heartbeat(self) -> None:
        """Let clients and proxies know that the stream lives."""
        self.end_invalid()
        for client in tuple(self._clients):
            client.offer(client.wire.ping)
        self.start()

    # What a client is told first

    def _greeting(self, last_id: str) -> list[Frame]:
        """Return what a client missed, or everything."""
        missed = self._since(last_id)
        return [self._snapshot()] if missed is None else missed

    def _since(self, last_id: str) -> list[Frame] | None:
        """Return the frames after the one a client saw last; None when they are not all here."""
        epoch, _, number = last_id.partition("-")
        if epoch != self._epoch or not (number.isascii() and number.isdigit()):
            return None
        last = int(number) if len(number) < len(str(2**63)) else self._seq + 1
        first = self._kept[0][0] if self._kept else self._seq + 1
        if not first - 1 <= last <= self._seq:
            return None
        return [frame for seq, frame in self._kept if seq > last]

    def _snapshot(self) -> Frame:
        """Return the frame that tells everything."""
        deps = self._deps
        data = json_object(
            (
                ("id", to_json(self._id(self._seq))),
                ("seq", to_json(self._seq)),
                ("instance_id", to_json(deps.store.instance_id)),
                ("version", to_json(__version__)),
                ("api_version", to_json(API_VERSION)),
                ("checks", self._states.checks().raw),
                ("summary", self._states.summary().raw),
                ("config_error", to_json(self._problems())),
                ("readings", json_array(self._readings.frames())),
                ("alerts", self._alerts()),
                ("daemon", self._daemon()),
                ("started_at", to_json(iso_utc(deps.started_ms))),
            )
        )
        return Frame(self._id(self._seq), "snapshot", data)

    # What follows

    def _frames(self, batch: Batch) -> Iterator[tuple[str, bytes]]:
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
            yield "action", to_json(ActionFrame.of(request, self._seq + 1))

    def _reading_frames(self, change: ReadingChange) -> Iterator[tuple[str, bytes]]:
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
        return to_json(EventFrame(**values, seq=self._seq + 1))

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

    def _keep(self, kind: str, data: bytes) -> Frame:
        """Number a frame and keep it for those who come back."""
        self._seq += 1
        made = Frame(self._id(self._seq), kind, data)
        self._kept.append((self._seq, made))
        self._kept_size += len(made.data)
        while self._kept_size > _KEPT_BYTES:
            self._kept_size -= len(self._kept.popleft()[1].data)
        return made

    def _bye(self, client: StreamClient, reason: str) -> bytes:
        """Return the last frame of a client, as it is sent."""
        frame = Frame(self._id(self._seq), "bye", to_json(ByeFrame(reason=reason)))
        return client.wire.encode([frame])

    def _alerts(self) -> bytes:
        """Return what there is to tell, and whether it is told."""
        return to_json(AlertsFrame.of(self._deps.telling.state))

    def _daemon(self) -> bytes:
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

    def _id(self, seq: int) -> str:
        """Return the id of a frame: numbers of another process mean nothing here."""
        return f"{self._epoch}-{seq}"
