"""Tell every change to all who listen: encoded once, one write for each client and tick."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

from aiohttp import hdrs

from opsmonitor.api.cached import CachedBody
from opsmonitor.api.encode import to_json
from opsmonitor.api.errors import ApiError
from opsmonitor.api.frames import Frame
from opsmonitor.api.kept_frames import KeptFrames
from opsmonitor.api.schemas.stream import ByeFrame
from opsmonitor.api.stream_client import StreamClient
from opsmonitor.api.stream_content import StreamContent
from opsmonitor.api.wire import EventWire, SocketWire

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from aiohttp import web

    from opsmonitor.api.answers import StateCache
    from opsmonitor.api.deps import ApiDeps
    from opsmonitor.api.readings import ReadingCache
    from opsmonitor.api.wire import Wire
    from opsmonitor.engine.batch import Batch
    from opsmonitor.models.reading import ReadingChange

HEARTBEAT_S: Final = 15.0
_MOST_CLIENTS: Final = 200
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
        self._heartbeat_s = heartbeat_s
        self._kept = KeptFrames()
        self._content = StreamContent(deps, states, readings, self._kept)
        self._clients: set[StreamClient] = set()
        self._left_s = float("-inf")
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
        if self._send(self._content.frames(batch)) and batch.config_changed:
            self.end_invalid()

    def publish_reading(self, change: ReadingChange) -> None:
        """Tell what a poll brought about."""
        self._send(self._content.reading_frames(change))

    def publish_alerts(self) -> None:
        """Tell that there is more or less to tell, or that it is told or not."""
        self._send([("alerts", self._content.alerts())])

    def publish_daemon(self) -> None:
        """Tell that something about the daemon itself is otherwise."""
        self._send([("daemon", self._content.daemon())])

    def _send(self, frames: Iterable[tuple[str, bytes]]) -> bool:
        """Number and send frames, which are made only if anybody listens; tell whether one does."""
        if not self._has_audience():
            # Numbers go on, so that nobody who comes back later believes to have missed nothing.
            self._kept.skip()
            self._content.forget()
            return False
        self._tell([self._kept.keep(kind, data) for kind, data in frames])
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
        return CachedBody(self._content.snapshot().data, f"a{self._kept.id}")

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
        missed = self._kept.since(last_id)
        return [self._content.snapshot()] if missed is None else missed

    def _bye(self, client: StreamClient, reason: str) -> bytes:
        """Return the last frame of a client, as it is sent."""
        frame = Frame(self._kept.id, "bye", to_json(ByeFrame(reason=reason)))
        return client.wire.encode([frame])
