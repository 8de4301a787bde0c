"""The integration and its client against the real daemon, which is a process of its own."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing, suppress

from aiohttp import ClientSession, web
from homeassistant.config_entries import ConfigEntryState
from homeassistant.const import STATE_OFF, STATE_ON
from homeassistant.core import HomeAssistant
import pytest

from custom_components.ops_monitor.client import (
    Check,
    EventFrame,
    Frame,
    OpsMonitorAuthError,
    OpsMonitorClient,
    OpsMonitorHostError,
    Overall,
    Snapshot,
    Status,
)
from custom_components.ops_monitor.client.snapshot import (
    ByeFrame,
    ChecksFrame,
    ConfigFrame,
    SummaryFrame,
    read_frame,
)
from tests.contract.conftest import StartDaemon, set_up
from tests.e2e.daemon_process import DaemonProcess
from tests.ha.waiting import state_of, wait_for_state
from tests.quiet_server import QuietServer

TOKEN = "read-token-of-the-contract-test"  # noqa: S105 - of a daemon that lives for this test
ADMIN_TOKEN = "admin-token-of-the-contract-test"  # noqa: S105 - as above
CONFIGURATION = """\
server:
  token: {admin_token}
  read_token: {token}
checks:
  - id: web
    name: Web server
    type: http
    url: {url}
    interval_s: 0.3
    timeout_s: 20
    retries: 0
    core: true
    tags: [home, lab]
  - id: port
    type: tcp
    host: 127.0.0.1
    port: {port}
    interval_s: 3600
    timeout_s: 20
    retries: 0
"""
NEW_CHECK = """\
  - id: new
    type: tcp
    host: 127.0.0.1
    port: {port}
"""


@pytest.fixture
async def target(loopback: None) -> AsyncIterator[QuietServer]:
    """Return a server to watch, whose answers are taken from its application's state."""

    async def answer(_request: web.Request) -> web.Response:
        """Say that all is well."""
        return web.Response(text="ok")

    app = web.Application()
    app.router.add_get("/", answer)
    server = QuietServer(app)
    await server.start_server(shutdown_timeout=0.1)
    yield server
    await server.close()


@pytest.fixture
async def daemon(target: QuietServer, start_daemon: StartDaemon) -> DaemonProcess:
    """Return a running daemon that asks for a token."""
    return await start_daemon(
        CONFIGURATION.format(
            url=target.make_url("/"), port=target.port, token=TOKEN, admin_token=ADMIN_TOKEN
        )
    )


@pytest.fixture
async def session() -> AsyncIterator[ClientSession]:
    """Return a session that belongs to no Home Assistant."""
    async with ClientSession() as client_session:
        yield client_session


@pytest.fixture
def client(daemon: DaemonProcess, session: ClientSession) -> OpsMonitorClient:
    """Return a client with a token that may read."""
    return OpsMonitorClient(session, daemon.url, TOKEN)


async def frames_until(
    client: OpsMonitorClient,
    is_last: Callable[[Frame], bool],
    act: Callable[[], object] = lambda: None,
    last_event_id: str | None = None,
    *,
    is_socket: bool = True,
) -> tuple[list[Frame], str]:
    """Receive frames until the last one, whose id is returned too; act once the stream is open."""
    frames: list[Frame] = []
    stream = client.socket if is_socket else client.events
    with suppress(TimeoutError):
        async with asyncio.timeout(60), aclosing(stream(last_event_id)) as batches:
            async for batch in batches:
                act()
                act = lambda: None  # noqa: E731 - it is done only once
                for message in batch:
                    frame = read_frame(message)
                    assert frame is not None, message
                    frames.append(frame)
                    if is_last(frame):
                        return frames, message.id or ""
    raise AssertionError(frames)


def has_run(frame: Frame) -> bool:
    """Tell whether a frame tells of the check `web` as judged."""
    return isinstance(frame, Snapshot | ChecksFrame) and bool(
        (check := frame.checks.get("web")) and check.ok is not None
    )


async def test_info(client: OpsMonitorClient) -> None:
    """The daemon says who it is and that we understand each other."""
    info = await client.info()

    assert info.instance_id
    assert info.name.startswith("Ops Monitor")
    assert info.started_at is not None
    assert "stream" in info.capabilities


async def test_instance_id_survives_a_restart(
    client: OpsMonitorClient, daemon: DaemonProcess
) -> None:
    """A daemon stays the same one as long as its database lives."""
    before = await client.info()

    await daemon.kill()
    await daemon.start()

    assert (await client.info()).instance_id == before.instance_id


@pytest.mark.parametrize("token", ["wrong", None])
async def test_wrong_token(
    daemon: DaemonProcess, session: ClientSession, token: str | None
) -> None:
    """A wrong token and none at all are told apart from every other failure."""
    client = OpsMonitorClient(session, daemon.url, token)

    with pytest.raises(OpsMonitorAuthError):
        await client.info()
    with pytest.raises(OpsMonitorAuthError):
        await client.snapshot()


async def test_who_it_is_without_a_token(
    client: OpsMonitorClient, daemon: DaemonProcess, session: ClientSession
) -> None:
    """A daemon that asks for a token says to anybody which one it is."""
    stranger = OpsMonitorClient(session, daemon.url)

    assert await stranger.instance_id() == (await client.info()).instance_id


async def test_unknown_host_name(daemon: DaemonProcess) -> None:
    """A name that the daemon does not know it by is told apart from a wrong token."""
    async with ClientSession(headers={"Host": "monitor.example"}) as session:
        with pytest.raises(OpsMonitorHostError):
            await OpsMonitorClient(session, daemon.url, TOKEN).info()


async def test_snapshot(client: OpsMonitorClient) -> None:
    """The stream begins with everything, and everything of it can be read."""
    await frames_until(client, has_run)

    snapshot = await client.snapshot()

    assert snapshot.id
    assert snapshot.unreadable == {}
    assert snapshot.problems == ()
    web_check, port_check = snapshot.checks["web"], snapshot.checks["port"]
    assert describe(web_check) == ("web", "Web server", "http", Status.UP, True, ("home", "lab"))
    assert describe(port_check) == ("port", "port", "tcp", Status.UP, True, ())
    assert web_check.status_code == 200
    assert web_check.latency_ms
    assert web_check.is_core
    assert (snapshot.summary.total, snapshot.summary.up, snapshot.summary.down) == (2, 2, 0)
    assert snapshot.summary.overall is Overall.OK


def describe(check: Check) -> tuple[str, str, str, Status, bool | None, tuple[str, ...]]:
    """Return what is known of a check without its numbers."""
    return (check.id, check.name, check.type, check.status, check.ok, check.tags)


async def test_frames_of_a_failure(client: OpsMonitorClient, target: QuietServer) -> None:
    """A failure is told as the check's state, as an event, and as a new summary."""
    await frames_until(client, has_run)
    await target.close()

    frames, _ = await frames_until(
        client, lambda frame: isinstance(frame, SummaryFrame) and "web" in frame.summary.down_ids
    )

    transitions = [frame.transition for frame in frames if isinstance(frame, EventFrame)]
    [event] = [item for item in transitions if (item.check_id, item.event) == ("web", "DOWN")]
    assert event.previous is Status.UP
    assert event.at is not None
    told = [frame.checks for frame in frames if isinstance(frame, ChecksFrame)]
    down = [checks["web"] for checks in told if "web" in checks][-1]
    assert (down.ok, down.error_code, down.fail_streak) == (False, "connection_refused", 1)
    assert down.error
    assert isinstance(frames[-1], SummaryFrame)
    assert frames[-1].summary.overall is Overall.CRIT


@pytest.mark.parametrize("is_socket", [True, False])
async def test_stream_is_resumed(
    client: OpsMonitorClient,
    is_socket: bool,  # noqa: FBT001 - a parameter of the test
) -> None:
    """Whoever comes back soon, on either way, is told only what was missed."""
    _, last_event_id = await frames_until(client, has_run)

    frames, _ = await frames_until(
        client, has_run, last_event_id=last_event_id, is_socket=is_socket
    )

    assert Snapshot not in [type(frame) for frame in frames]


async def test_stream_of_another_process_is_not_resumed(
    client: OpsMonitorClient, daemon: DaemonProcess
) -> None:
    """After a restart everything is told anew."""
    _, last_event_id = await frames_until(client, has_run)
    await daemon.kill()
    await daemon.start()

    frames, _ = await frames_until(client, lambda _: True, last_event_id=last_event_id)

    assert isinstance(frames[0], Snapshot)


async def test_frames_of_a_new_configuration(
    client: OpsMonitorClient, daemon: DaemonProcess, target: QuietServer
) -> None:
    """Checks that come and go are told, and so are mistakes in the file."""
    before = daemon.config.read_text()

    frames, _ = await frames_until(
        client,
        lambda frame: isinstance(frame, ChecksFrame) and "new" in frame.checks,
        lambda: daemon.config.write_text(before + NEW_CHECK.format(port=target.port)),
    )
    assert isinstance(frames[-1], ChecksFrame)
    assert frames[-1].checks["new"].ok is None

    frames, _ = await frames_until(
        client,
        lambda frame: isinstance(frame, ChecksFrame) and frame.removed == ("new",),
        lambda: daemon.config.write_text(before),
    )

    frames, _ = await frames_until(
        client,
        lambda frame: isinstance(frame, ConfigFrame) and bool(frame.problems),
        lambda: daemon.config.write_text(before + "  - id: web\n"),
    )
    assert isinstance(frames[-1], ConfigFrame)
    assert "checks.yml" in frames[-1].problems[0]


async def test_goodbye(client: OpsMonitorClient, daemon: DaemonProcess) -> None:
    """A daemon that is stopped says so."""
    stopping: list[asyncio.Task[None]] = []

    frames, _ = await frames_until(
        client,
        lambda frame: isinstance(frame, ByeFrame),
        lambda: stopping.append(asyncio.create_task(daemon.stop())),
    )
    await stopping[0]

    assert isinstance(frames[-1], ByeFrame)


async def test_in_home_assistant(
    hass: HomeAssistant, client: OpsMonitorClient, daemon: DaemonProcess, target: QuietServer
) -> None:
    """In Home Assistant, the real daemon's checks are entities that follow it."""
    entry = await set_up(hass, daemon, TOKEN, {})
    await wait_for_state(hass, "binary_sensor.web_server", STATE_ON)
    assert float(state_of(hass, "sensor.web_server_response_time").state) > 0

    await target.close()
    await wait_for_state(hass, "binary_sensor.web_server", STATE_OFF)

    await daemon.kill()
    await wait_for_state(hass, "binary_sensor.web_server", "unavailable")

    await daemon.start()
    await wait_for_state(hass, "binary_sensor.web_server", STATE_OFF)
    assert entry.state is ConfigEntryState.LOADED
    await hass.config_entries.async_unload(entry.entry_id)
