"""The API client by itself: it knows nothing of Home Assistant."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from http import HTTPMethod
from itertools import count, pairwise
import json
from typing import Any
from unittest.mock import patch

from aiohttp import ClientSession, ClientTimeout, web
from hypothesis import given, strategies as st
import pytest

from custom_components.ops_monitor.client import (
    Check,
    Frame,
    OpsMonitorAuthError,
    OpsMonitorBusyError,
    OpsMonitorClient,
    OpsMonitorConnectionError,
    OpsMonitorError,
    OpsMonitorForbiddenError,
    OpsMonitorHostError,
    OpsMonitorRefusalError,
    OpsMonitorResponseError,
    OpsMonitorSocketError,
    OpsMonitorTimeoutError,
    OpsMonitorTlsError,
    Snapshot,
    Subscription,
    answers,
    api,
    socket,
    subscription,
)
from custom_components.ops_monitor.client.backoff import Backoff
from custom_components.ops_monitor.client.message import Message, read_batch
from custom_components.ops_monitor.client.snapshot import read_frame
from custom_components.ops_monitor.client.sse import MessageParser
from tests.ha.fake_daemon import (
    INSTANCE_ID,
    FakeDaemon,
    answering,
    error_response,
    make_check,
    make_down,
)

STREAM = (
    ": a comment\n\n"
    'id: a-1\nevent: check\ndata: {"id": "grüße"}\n\n'
    "event: summary\r\ndata: one\r\ndata:two\r\n\r\n"
    ": ping\n\n"
    "id: a-2\n\n"
    "data: bare\n\n"
).encode()
MESSAGES = [
    Message(id="a-1", event="check", data='{"id": "grüße"}'),
    Message(id=None, event="summary", data="one\ntwo"),
    Message(id=None, event="message", data="bare"),
]


@given(cuts=st.lists(st.integers(0, len(STREAM)), max_size=8))
def test_messages_are_cut_anywhere(cuts: list[int]) -> None:
    """Where the network cuts the stream makes no difference."""
    parser = MessageParser()
    edges = [0, *sorted(cuts), len(STREAM)]
    chunks = [STREAM[start:end] for start, end in pairwise(edges)]

    assert [message for chunk in chunks for message in parser.feed(chunk)] == MESSAGES


def test_endless_message(monkeypatch: pytest.MonkeyPatch) -> None:
    """A message that does not end does not fill the memory."""
    monkeypatch.setattr("custom_components.ops_monitor.client.sse._LIMIT", 1000)
    parser = MessageParser()
    parser.feed(b"data: " + b"x" * 900)

    with pytest.raises(OpsMonitorResponseError):
        parser.feed(b"x" * 200)


def test_long_stream_of_short_messages(monkeypatch: pytest.MonkeyPatch) -> None:
    """The limit is one of messages, not of streams."""
    monkeypatch.setattr("custom_components.ops_monitor.client.sse._LIMIT", 1000)
    parser = MessageParser()

    messages = [message for _ in range(100) for message in parser.feed(b"data: x\n\n")]

    assert len(messages) == 100


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("id", 5),
        ("id", ""),
        ("id", None),
        ("name", 5),
        ("ok", "yes"),
        ("latency_ms", True),
        ("latency_ms", "12"),
        ("latency_ms", float("inf")),
        ("status_code", 1.5),
        ("last_run", "yesterday"),
        ("last_run", "2026-11-20T10:00:00"),
        ("last_run", 1_700_000_000),
        ("tags", "a, b"),
        ("tags", [1]),
        ("core", 1),
    ],
)
def test_value_of_the_wrong_type(key: str, value: object) -> None:
    """A value that cannot be what it says makes its check unreadable, and only that check."""
    checks = {"web": make_check("web", **{"id": "web", key: value}), "nas": make_check("nas")}
    frame = snapshot_frame(checks)

    assert list(frame.checks) == ["nas"]
    assert list(frame.unreadable) == ["web"]


def test_time_of_another_zone() -> None:
    """A time with an offset is the same moment in UTC."""
    check = Check.from_api({"id": "web", "last_run": "2026-11-20T12:00:00+02:00"})

    assert check.last_run == datetime(2026, 11, 20, 10, 0, tzinfo=UTC)


def test_checks_that_are_no_object() -> None:
    """A state of another shape is not read in part: nothing would be known of any check."""
    whole = {"instance_id": INSTANCE_ID, "version": "1", "checks": []}

    with pytest.raises(OpsMonitorResponseError, match="checks: expected dict, got list"):
        read_frame(Message(id="a-1", event="snapshot", value=whole))


def test_smallest_check() -> None:
    """Of a check, the id is all that must be known; the rest is unknown, not guessed."""
    check = snapshot_frame({"web": {"id": "web"}}).checks["web"]

    assert (check.name, check.ok, check.latency_ms, check.last_change) == ("web", None, None, None)


KEYS = [*make_check("a"), "checks", "summary", "instance_id", "version", "added", "removed", "ts"]
ODD = st.sampled_from([10**400, "0001-01-01T00:00:00+23:00", "2026-11-20T10:00:00Z", "24:00"])
ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.just(10**400) | st.floats() | st.text() | ODD,
    lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(KEYS), inner),
    max_leaves=10,
)


@given(key=st.sampled_from([*make_check("a")]), value=ANY_JSON)
def test_any_value_is_read_or_refused(key: str, value: object) -> None:
    """Whatever a check says of itself, the snapshot around it is read."""
    odd = {**make_check("odd"), key: value}

    frame = snapshot_frame({"web": make_check("web"), "odd": odd})

    assert "web" in frame.checks
    assert ("odd" in frame.unreadable) == (len(frame.checks) == 1)


@given(
    event=st.sampled_from(["snapshot", "check", "event", "summary", "inventory", "config", "bye"]),
    data=ANY_JSON.map(json.dumps) | st.text() | st.just("[" * 100_000),
)
def test_any_frame_is_read_or_refused(event: str, data: str) -> None:
    """Whatever comes as a frame, there is no error but the one that is expected."""
    with suppress(OpsMonitorResponseError):
        assert read_frame(Message(id="a-1", event=event, data=data)) is not None


def snapshot_frame(checks: dict[str, Any]) -> Snapshot:
    """Return a snapshot with these checks, as it is read from the stream."""
    fake = FakeDaemon()
    value = {**fake.snapshot(), "checks": checks}
    frame = read_frame(Message(id="a-1", event="snapshot", data=json.dumps(value)))
    assert isinstance(frame, Snapshot)
    return frame


def waits_of(
    backoff: Backoff, *, is_away: bool, until_s: float, start_s: float = 1000.0
) -> list[float]:
    """Return the waits of attempts that fail at once, until so much time has passed."""
    waits: list[float] = []
    while sum(waits) < until_s:
        waits.append(backoff.next_s(start_s + sum(waits), is_away=is_away))
    return waits


def test_waits_are_short_while_a_daemon_restarts() -> None:
    """In the first minutes a daemon that comes back is called within three seconds."""
    waits = waits_of(Backoff(), is_away=True, until_s=170)

    limits = [0.5, 1.0, 2.0, *[3.0] * (len(waits) - 3)]
    assert all(limit / 2 <= wait <= limit for wait, limit in zip(waits, limits, strict=True))
    assert len(set(waits)) > 1


def test_waits_grow_when_a_daemon_stays_away() -> None:
    """After the first minutes the waits double, up to one minute."""
    backoff = Backoff()
    waits_of(backoff, is_away=True, until_s=180)

    waits = [backoff.next_s(1181.0 + number, is_away=True) for number in range(6)]

    limits = [4.0, 8.0, 16.0, 32.0, 60.0, 60.0]
    assert all(limit / 2 <= wait <= limit for wait, limit in zip(waits, limits, strict=True))


def test_waits_grow_when_something_else_is_wrong() -> None:
    """Whoever answers what cannot be used is left alone for longer and longer."""
    backoff = Backoff()

    waits = [backoff.next_s(1000.0, is_away=False) for _ in range(9)]

    limits = [0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 60.0, 60.0]
    assert all(limit / 2 <= wait <= limit for wait, limit in zip(waits, limits, strict=True))


def test_backoff_starts_over() -> None:
    """After a success the next failure is waited for shortly again, and quickly for minutes."""
    backoff = Backoff()
    waits_of(backoff, is_away=True, until_s=3600)

    backoff.reset()

    assert max(waits_of(backoff, is_away=True, until_s=170, start_s=9000.0)) <= 3.0


class Recorder:
    """Keeps what a subscription tells."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self.frames: list[Frame] = []
        self.beginnings = 0
        self.errors: list[OpsMonitorError] = []
        self.happened = asyncio.Event()

    def received(self, frames: list[Frame], *, is_first: bool) -> None:
        """Keep frames."""
        self.frames += frames
        self.beginnings += is_first
        self.happened.set()

    def lost(self, error: OpsMonitorError) -> None:
        """Keep an error."""
        self.errors.append(error)
        self.happened.set()

    async def wait(self) -> None:
        """Wait for the next thing that is told."""
        async with asyncio.timeout(60):
            await self.happened.wait()
        self.happened.clear()


@pytest.fixture
async def client(daemon: FakeDaemon) -> AsyncIterator[OpsMonitorClient]:
    """Return a client of the fake daemon."""
    async with ClientSession() as session:
        yield OpsMonitorClient(session, daemon.url)


@pytest.fixture
async def recorder(client: OpsMonitorClient) -> AsyncIterator[Recorder]:
    """Return what a running subscription tells to, after it got its snapshot."""
    handler = Recorder()
    task = asyncio.create_task(Subscription(client, handler, instance_id=INSTANCE_ID).run())
    await handler.wait()
    yield handler
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_first_frame_is_the_snapshot(daemon: FakeDaemon, recorder: Recorder) -> None:
    """Who has got nothing yet gets everything first, and then what changes."""
    daemon.put(make_down("web"))
    await recorder.wait()

    kinds = [type(frame).__name__ for frame in recorder.frames]
    assert kinds == ["Snapshot", "ChecksFrame", "SummaryFrame"]


async def test_short_connection_that_ends_is_a_loss(daemon: FakeDaemon, recorder: Recorder) -> None:
    """A connection that ends soon after it began counts as lost."""
    daemon.end_streams()
    await recorder.wait()

    assert [str(error) for error in recorder.errors] == ["the daemon ended the stream"]


async def test_long_connection_that_ends_is_tried_again_at_once(
    daemon: FakeDaemon, recorder: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A connection that a proxy cuts after hours is no loss if the next one works."""
    monkeypatch.setattr(subscription, "monotonic", count(1_000_000, 3600).__next__)
    daemon.end_streams()
    await recorder.wait()

    assert recorder.errors == []
    assert daemon.seen_last_event_ids == [None, "a-0"]


async def test_state_that_cannot_be_read_is_told_anew(
    daemon: FakeDaemon, recorder: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without a part of the state, a connection that has lasted asks for all of it, at no loss."""
    monkeypatch.setattr(subscription, "monotonic", count(1_000_000, 3600).__next__)
    seen = len(daemon.seen_last_event_ids)
    daemon.send(("summary", None))
    await daemon.wait_for_streams(seen + 1)

    assert recorder.errors == []
    assert daemon.seen_last_event_ids == [None, None]


async def test_long_connection_to_a_daemon_that_is_gone(
    daemon: FakeDaemon, recorder: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If the next attempt fails as well, the daemon is lost."""
    monkeypatch.setattr(subscription, "monotonic", count(1_000_000, 3600).__next__)
    await daemon.stop()
    await recorder.wait()

    assert "Connect" in str(recorder.errors[0])


def patient(client: OpsMonitorClient, handler: Recorder) -> Subscription:
    """Return a subscription that waits for an hour after a failure, or until it is woken."""
    backoff = Backoff(first_s=3600.0, quick_limit_s=3600.0, limit_s=3600.0)
    return Subscription(client, handler, instance_id=INSTANCE_ID, backoff=backoff)


async def test_sign_of_the_daemon_ends_the_waiting(
    daemon: FakeDaemon, client: OpsMonitorClient
) -> None:
    """Whoever is told that the daemon is back does not wait for the next attempt's time."""
    handler = Recorder()
    running = patient(client, handler)
    task = asyncio.create_task(running.run())
    await handler.wait()
    daemon.end_streams()
    await handler.wait()
    assert len(handler.errors) == 1

    running.wake()
    await handler.wait()

    assert (handler.beginnings, len(handler.errors)) == (2, 1)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_sign_during_an_attempt_is_not_forgotten(
    daemon: FakeDaemon, client: OpsMonitorClient
) -> None:
    """A sign that comes while an attempt is failing makes for another one at once."""
    handler = Recorder()
    running = patient(client, handler)

    async def be_woken() -> web.Response:
        """Be about to start: announce that, and refuse for the moment."""
        running.wake()
        return error_response(503, "not_ready")

    daemon.answer = be_woken
    with patch.object(handler, "lost", lambda _error: setattr(daemon, "answer", None)):
        task = asyncio.create_task(running.run())
        await handler.wait()

    assert handler.beginnings == 1
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_websocket_is_tried_again(daemon: FakeDaemon, client: OpsMonitorClient) -> None:
    """What let no WebSocket pass may do so after the connection was cut."""
    daemon.speaks_websocket = False
    handler = Recorder()
    running = Subscription(client, handler, instance_id=INSTANCE_ID)
    task = asyncio.create_task(running.run())
    await handler.wait()
    assert running.statistics.transport == "events"

    daemon.speaks_websocket = True
    daemon.drop_clients()
    await handler.wait()
    await handler.wait()

    assert (handler.beginnings, running.statistics.transport) == (2, "websocket")
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_silent_stream(client: OpsMonitorClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """A daemon that says nothing for too long is taken for gone, though nobody hung up."""
    monkeypatch.setattr(api, "STREAM_LIMITS", ClientTimeout(sock_read=0.1))

    with pytest.raises(OpsMonitorTimeoutError):
        async for _batch in client.events():
            pass


async def test_silent_socket(client: OpsMonitorClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """A socket at whose other end nobody speaks any more is taken for cut."""
    monkeypatch.setattr(socket, "SILENCE_S", 0.1)

    with pytest.raises(OpsMonitorTimeoutError):
        async for _batch in client.socket():
            pass


async def test_pings_are_signs_of_life(daemon: FakeDaemon, recorder: Recorder) -> None:
    """A daemon that only asks whether we live is heard, and answered."""
    daemon.ping()
    await recorder.wait()
    await daemon.wait_for_pong()

    assert len(recorder.frames) == 1
    assert recorder.errors == []


async def test_socket_that_never_begins(
    daemon: FakeDaemon, client: OpsMonitorClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A proxy that opens a socket and passes nothing is told from a daemon that is gone."""
    monkeypatch.setattr(socket, "OPENING_S", 0.1)
    daemon.beginning = None
    daemon.is_mute = True

    with pytest.raises(OpsMonitorSocketError):
        async for _batch in client.socket():
            pass


async def test_socket_that_ends_at_once(daemon: FakeDaemon, client: OpsMonitorClient) -> None:
    """A socket that is closed before its first message is of no use."""
    daemon.is_mute = daemon.ends_at_once = True

    with pytest.raises(OpsMonitorSocketError):
        async for _batch in client.socket():
            pass


async def test_socket_without_tls(daemon: FakeDaemon) -> None:
    """A daemon that speaks no TLS is told from one that is away."""
    async with ClientSession() as session:
        client = OpsMonitorClient(session, daemon.url.replace("http:", "https:"))

        with pytest.raises(OpsMonitorTlsError):
            async for _batch in client.socket():
                pass


async def test_clocks_are_compared(daemon: FakeDaemon, client: OpsMonitorClient) -> None:
    """Each answer tells how far the clocks are apart; one without a time tells nothing."""
    await client.info()
    assert client.clock_skew is not None
    assert abs(client.clock_skew) < timedelta(minutes=1)

    headers = {"Date": "some day"}
    daemon.answer = answering(lambda: web.json_response(daemon.info(), headers=headers))
    await client.info()
    assert client.clock_skew is None


async def test_answer_without_end(
    daemon: FakeDaemon, client: OpsMonitorClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An answer that is longer than any of ours is not taken in: it is somebody else's."""
    monkeypatch.setattr(answers, "_BODY_LIMIT", 100)

    with pytest.raises(OpsMonitorResponseError, match="too many bytes"):
        await client.snapshot()


async def test_no_certificate_to_look_at(daemon: FakeDaemon, client: OpsMonitorClient) -> None:
    """Where nobody answers, and where there is no TLS, there is no certificate to be trusted."""
    with pytest.raises(OpsMonitorTlsError, match="no certificate is shown"):
        await client.certificate()

    await daemon.stop()
    with pytest.raises(OpsMonitorTlsError):
        await client.certificate()


async def test_bytes_on_the_socket(daemon: FakeDaemon, client: OpsMonitorClient) -> None:
    """A message that is no text does not come from a daemon."""
    daemon.beginning = []
    daemon.then_bytes = True

    with pytest.raises(OpsMonitorResponseError):
        async for _batch in client.socket():
            pass


async def test_no_websocket_passes(
    daemon: FakeDaemon, client: OpsMonitorClient, caplog: pytest.LogCaptureFixture
) -> None:
    """Where no WebSocket passes, the same is heard as server-sent events, and nothing is lost."""
    daemon.speaks_websocket = False
    handler = Recorder()
    running = Subscription(client, handler, instance_id=INSTANCE_ID)
    task = asyncio.create_task(running.run())
    await handler.wait()

    assert (handler.errors, running.statistics.transport) == ([], "events")
    assert [type(frame).__name__ for frame in handler.frames] == ["Snapshot"]
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_missing_frame(daemon: FakeDaemon, recorder: Recorder) -> None:
    """A gap in the numbers makes everything be told anew."""
    daemon.skip()
    daemon.put(make_down("web"))
    await recorder.wait()
    await daemon.wait_for_streams(2)

    assert [str(error) for error in recorder.errors] == [
        "frames are missing: a-0 is followed by a-2"
    ]
    assert daemon.seen_last_event_ids == [None, None]


@pytest.mark.parametrize("frame_id", ["b-1", "b-0", "a-x", "?"])
async def test_frame_of_another_process(
    daemon: FakeDaemon, recorder: Recorder, frame_id: str
) -> None:
    """A frame that cannot follow the one before is not taken for the next one."""
    daemon.send_as_is([(frame_id, "check", make_down("web"))])
    await recorder.wait()
    await daemon.wait_for_streams(2)

    assert [str(error) for error in recorder.errors] == [
        f"frames are missing: a-0 is followed by {frame_id}"
    ]
    assert daemon.seen_last_event_ids == [None, None]


async def test_repeated_frames(daemon: FakeDaemon, recorder: Recorder) -> None:
    """A frame that comes again is not told again."""
    daemon.put(make_down("web"))
    await recorder.wait()
    daemon.repeat()
    daemon.put(make_check("web"))
    await recorder.wait()

    kinds = [type(frame).__name__ for frame in recorder.frames]
    assert kinds == ["Snapshot", *["ChecksFrame", "SummaryFrame"] * 2]


@given(ANY_JSON.map(json.dumps) | st.text())
def test_any_message_is_read(text: str) -> None:
    """Whatever comes as a message, each frame of it is read or refused by itself."""
    for message in read_batch(text):
        assert isinstance(message.event, str)
        with suppress(OpsMonitorResponseError):
            read_frame(message)


async def test_snapshot_is_sent_once(daemon: FakeDaemon, client: OpsMonitorClient) -> None:
    """A state that is known already is not sent again."""
    first = await client.snapshot()

    assert await client.snapshot() is first
    daemon.put(make_down("web"))
    assert (await client.snapshot()).checks["web"].ok is False


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        (401, "unauthorized", OpsMonitorAuthError),
        (403, "forbidden", OpsMonitorForbiddenError),
        (403, "host_not_allowed", OpsMonitorHostError),
        (404, "unknown_check", OpsMonitorRefusalError),
        (404, "not_found", OpsMonitorResponseError),
        (409, "paused", OpsMonitorRefusalError),
        (422, "validation_failed", OpsMonitorRefusalError),
        (502, "channel_failed", OpsMonitorRefusalError),
        (503, "store_unavailable", OpsMonitorConnectionError),
        (429, "too_many_requests", OpsMonitorBusyError),
    ],
)
async def test_refusals(
    daemon: FakeDaemon,
    client: OpsMonitorClient,
    status: int,
    code: str,
    kind: type[OpsMonitorError],
) -> None:
    """Each way to refuse is told from the others."""
    daemon.answer = answering(lambda: error_response(status, code))

    with pytest.raises(OpsMonitorError) as caught:
        await client.send(HTTPMethod.POST, "api/checks/web/run")

    assert type(caught.value) is kind


async def test_refused_token_ends_the_subscription(
    daemon: FakeDaemon, client: OpsMonitorClient
) -> None:
    """There is no use in offering the same token again."""
    daemon.require("s3cret")
    handler = Recorder()

    with pytest.raises(OpsMonitorAuthError):
        await Subscription(client, handler, instance_id=INSTANCE_ID).run()

    assert handler.errors == []
