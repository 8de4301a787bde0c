"""The connection: set-up, loss, return, and daemons that misbehave."""

import asyncio
from functools import partial
from ipaddress import ip_address
import logging
from unittest.mock import patch

from aiohttp import ClientTimeout, web
from homeassistant.config_entries import SOURCE_REAUTH, SOURCE_ZEROCONF, ConfigEntryState
from homeassistant.const import STATE_OFF, STATE_ON, STATE_UNAVAILABLE
from homeassistant.core import HomeAssistant
from homeassistant.helpers.service_info.zeroconf import ZeroconfServiceInfo
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from yarl import URL

from custom_components.ops_monitor.client import api, subscription
from custom_components.ops_monitor.client.backoff import Backoff
from custom_components.ops_monitor.const import DOMAIN
from tests.ha.fake_daemon import (
    INSTANCE_ID,
    FakeDaemon,
    answering,
    error_response,
    make_check,
    make_down,
    never,
)
from tests.ha.waiting import state_of, wait_for_state, wait_until

WEB = "binary_sensor.web"
CONNECTED = "binary_sensor.home_lab_connected"
OURS = "custom_components.ops_monitor"


def own_warnings(caplog: pytest.LogCaptureFixture) -> list[str]:
    """Return what the integration logged as a warning or worse."""
    return [
        record.message
        for record in caplog.records
        if record.name.startswith(OURS) and record.levelno >= logging.WARNING
    ]


async def test_daemon_away_at_start(
    hass: HomeAssistant, daemon: FakeDaemon, entry: MockConfigEntry
) -> None:
    """Without a daemon, set-up is tried again later, saying why."""
    await daemon.stop()

    await hass.config_entries.async_setup(entry.entry_id)

    assert entry.state is ConfigEntryState.SETUP_RETRY
    assert entry.error_reason_translation_key == "cannot_connect"


async def test_snapshot_away_at_start(
    hass: HomeAssistant,
    daemon: FakeDaemon,
    entry: MockConfigEntry,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A daemon that never sends its snapshot does not hold up Home Assistant."""
    answers = iter([daemon.answer, never])

    async def first_then_never() -> web.Response:
        """Answer who it is, then hang."""
        return web.json_response(daemon.info()) if next(answers) is None else await never()

    daemon.answer = first_then_never
    monkeypatch.setattr(api, "REQUEST_LIMITS", ClientTimeout(total=0.1))

    await hass.config_entries.async_setup(entry.entry_id)

    assert entry.state is ConfigEntryState.SETUP_RETRY
    assert entry.error_reason_translation_key == "timeout_connect"


async def test_wrong_token_at_start(
    hass: HomeAssistant, daemon: FakeDaemon, entry: MockConfigEntry
) -> None:
    """A refused token asks the person for another one."""
    daemon.require("another")

    await hass.config_entries.async_setup(entry.entry_id)

    assert entry.state is ConfigEntryState.SETUP_ERROR
    assert next(entry.async_get_active_flows(hass, {SOURCE_REAUTH}))


@pytest.mark.parametrize(
    ("attribute", "value", "reason"),
    [("instance_id", "another", "wrong_instance"), ("api_version", 0, "unsupported_version")],
)
async def test_daemon_that_does_not_fit(
    hass: HomeAssistant,
    daemon: FakeDaemon,
    entry: MockConfigEntry,
    attribute: str,
    value: object,
    reason: str,
) -> None:
    """Another daemon, or one of another age, is not tried again and again."""
    setattr(daemon, attribute, value)

    await hass.config_entries.async_setup(entry.entry_id)

    assert entry.state is ConfigEntryState.SETUP_ERROR
    assert entry.error_reason_translation_key == reason


async def test_daemon_goes_and_returns(
    hass: HomeAssistant,
    loaded: MockConfigEntry,
    daemon: FakeDaemon,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Without the daemon nothing is known of its checks; that much is known, and said once."""
    caplog.set_level(logging.INFO, OURS)
    await daemon.stop()
    await wait_for_state(hass, WEB, STATE_UNAVAILABLE)
    assert state_of(hass, CONNECTED).state == STATE_OFF
    assert state_of(hass, "sensor.home_lab_status").state == STATE_UNAVAILABLE

    daemon.forget()
    daemon.checks["web"] = make_down("web")
    await daemon.start()
    await wait_for_state(hass, WEB, STATE_OFF)
    assert state_of(hass, CONNECTED).state == STATE_ON

    [lost] = own_warnings(caplog)
    assert lost.startswith("The connection to Home lab is lost: ")
    assert caplog.text.count("The connection to Home lab is back") == 1


async def test_daemon_announces_that_it_is_back(
    hass: HomeAssistant,
    daemon: FakeDaemon,
    entry: MockConfigEntry,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A daemon that announces itself is heard again at once, however long it was away."""
    an_hour = partial(Backoff, first_s=3600.0, quick_limit_s=3600.0, limit_s=3600.0)
    monkeypatch.setattr(subscription, "Backoff", an_hour)
    assert await hass.config_entries.async_setup(entry.entry_id)
    await daemon.wait_for_client()
    await daemon.stop()
    await wait_for_state(hass, CONNECTED, STATE_OFF)
    await daemon.start()

    address = ip_address("127.0.0.1")
    announced = ZeroconfServiceInfo(
        ip_address=address,
        ip_addresses=[address],
        port=URL(daemon.url).port,
        hostname="server.local.",
        type="_ops-monitor._tcp.local.",
        name="Ops Monitor server._ops-monitor._tcp.local.",
        properties={"id": INSTANCE_ID},
    )
    await hass.config_entries.flow.async_init(
        DOMAIN, context={"source": SOURCE_ZEROCONF}, data=announced
    )

    await wait_for_state(hass, CONNECTED, STATE_ON)
    assert entry.runtime_data.is_streaming
    await hass.config_entries.async_unload(entry.entry_id)


async def test_stream_resumes(
    hass: HomeAssistant, loaded: MockConfigEntry, daemon: FakeDaemon
) -> None:
    """What was missed while the stream was cut is told after it."""
    daemon.put(make_check("web", latency_ms=1.0))
    await wait_for_state(hass, "sensor.web_response_time", "1.0")
    daemon.drop_clients()
    await wait_for_state(hass, CONNECTED, STATE_OFF)

    daemon.put(make_down("web"))

    await wait_for_state(hass, WEB, STATE_OFF)
    assert daemon.seen_last_event_ids == ["a-0", "a-2"]


async def test_stream_resumes_without_news(
    hass: HomeAssistant, loaded: MockConfigEntry, daemon: FakeDaemon
) -> None:
    """A sign of life is enough to trust the last known states again."""
    daemon.drop_clients()
    await wait_for_state(hass, CONNECTED, STATE_OFF)

    await wait_for_state(hass, CONNECTED, STATE_ON)
    assert state_of(hass, WEB).state == STATE_ON


async def test_daemon_says_goodbye(
    hass: HomeAssistant, loaded: MockConfigEntry, daemon: FakeDaemon
) -> None:
    """A daemon that stops in good order is away like one that was killed."""
    daemon.send(("bye", {}))
    daemon.end_streams()

    await wait_for_state(hass, CONNECTED, STATE_OFF)
    assert not loaded.runtime_data.last_update_success


async def test_last_words_count(
    hass: HomeAssistant, loaded: MockConfigEntry, daemon: FakeDaemon
) -> None:
    """What was told just before the stream ended is not lost."""
    daemon.answer = answering(lambda: error_response(503, "not_ready"))
    daemon.put(make_check("web", latency_ms=77.0))
    daemon.end_streams()
    await wait_for_state(hass, CONNECTED, STATE_OFF)

    assert loaded.runtime_data.data.checks["web"].latency_ms == 77.0


async def test_token_is_revoked(
    hass: HomeAssistant, loaded: MockConfigEntry, daemon: FakeDaemon
) -> None:
    """A token that stops working asks the person for another one, and tries no further."""
    daemon.require("another")
    daemon.drop_clients()
    await wait_until(hass, lambda: list(loaded.async_get_active_flows(hass, {SOURCE_REAUTH})))

    [flow] = loaded.async_get_active_flows(hass, {SOURCE_REAUTH})
    assert flow["step_id"] == "reauth_confirm"
    assert state_of(hass, WEB).state == STATE_UNAVAILABLE

    configure = hass.config_entries.flow.async_configure
    await configure(flow["flow_id"], {"next_step_id": "token"})
    result = await configure(flow["flow_id"], {"token": "another"})
    await hass.async_block_till_done()
    assert result["reason"] == "reauth_successful"
    await daemon.wait_for_client()
    assert state_of(hass, WEB).state == STATE_ON


async def test_another_daemon_takes_over_the_address(
    hass: HomeAssistant, loaded: MockConfigEntry, daemon: FakeDaemon
) -> None:
    """The states of another daemon are not taken for those of ours."""
    await daemon.stop()
    await wait_for_state(hass, WEB, STATE_UNAVAILABLE)
    own_id, daemon.instance_id = daemon.instance_id, "another"
    daemon.forget()
    daemon.checks = {"web": make_down("web")}
    await daemon.start()
    seen = len(daemon.seen_last_event_ids)
    async with asyncio.timeout(60):
        await daemon.wait_for_streams(seen + 3)
    assert state_of(hass, WEB).state == STATE_UNAVAILABLE
    # Nothing of the stranger's stream is continued: it is asked for everything each time.
    assert daemon.seen_last_event_ids[seen + 1 :] == [None, None]

    daemon.instance_id = own_id
    await wait_for_state(hass, WEB, STATE_OFF)


async def test_daemon_is_exchanged_for_a_newer_release(
    hass: HomeAssistant, loaded: MockConfigEntry, daemon: FakeDaemon
) -> None:
    """A daemon with another API level is looked at anew."""
    await daemon.stop()
    await wait_for_state(hass, WEB, STATE_UNAVAILABLE)
    daemon.forget()
    daemon.api_version, daemon.min_client_version = 7, 5
    await daemon.start()

    await wait_until(hass, lambda: loaded.state is ConfigEntryState.SETUP_ERROR)

    assert loaded.error_reason_translation_key == "unsupported_version"


async def test_daemon_that_tells_two_versions(
    hass: HomeAssistant, daemon: FakeDaemon, loaded: MockConfigEntry
) -> None:
    """A daemon that says one thing of itself here and another there is not set up for ever."""
    own_snapshot = daemon.snapshot
    daemon.snapshot = lambda: own_snapshot() | {"version": "0.2.0"}  # type: ignore[method-assign]
    before = loaded.runtime_data
    daemon.forget()
    daemon.drop_clients()
    await wait_until(hass, lambda: getattr(loaded, "runtime_data", before) is not before)
    await hass.async_block_till_done()
    await daemon.wait_for_client()
    after = loaded.runtime_data

    daemon.forget()
    daemon.drop_clients()
    await wait_for_state(hass, CONNECTED, STATE_OFF)
    await wait_for_state(hass, CONNECTED, STATE_ON)
    daemon.put(make_down("web"))
    await wait_for_state(hass, WEB, STATE_OFF)
    await hass.async_block_till_done()

    assert loaded.runtime_data is after


FRAMES = [
    ("check", [1, 2]),
    ("check", {"name": "no id"}),
    ("summary", None),
    ("inventory", {"added": 5}),
    ("config", {"problems": [1]}),
    ("event", {"id": "web"}),
]


@pytest.mark.parametrize("speaks_websocket", [True, False])
@pytest.mark.parametrize(("event", "data"), FRAMES)
async def test_garbage_in_the_stream(
    hass: HomeAssistant,
    daemon: FakeDaemon,
    entry: MockConfigEntry,
    event: str,
    data: object,
    speaks_websocket: bool,  # noqa: FBT001 - a parameter of the test
) -> None:
    """A frame that cannot be read does not take the following ones along."""
    daemon.speaks_websocket = speaks_websocket
    await hass.config_entries.async_setup(entry.entry_id)
    await daemon.wait_for_client()

    daemon.send((event, data), ("check", make_down("web")))

    await wait_for_state(hass, WEB, STATE_OFF)
    assert state_of(hass, CONNECTED).state == STATE_ON
    assert entry.runtime_data.subscription.statistics.unreadable_frames == 1
    await hass.config_entries.async_unload(entry.entry_id)


@pytest.mark.parametrize(
    "garbage",
    [b"{not json", b"[" * 100_000, b"5", b'[1, {"event": 3}, {"event": "check"}]', b"\xff\xfe"],
)
async def test_garbage_on_the_socket(
    hass: HomeAssistant, loaded: MockConfigEntry, daemon: FakeDaemon, garbage: bytes
) -> None:
    """A message that cannot be read does not take the following ones along."""
    daemon.send_as_is(garbage)
    daemon.put(make_down("web"))

    await wait_for_state(hass, WEB, STATE_OFF)
    assert state_of(hass, CONNECTED).state == STATE_ON


async def test_frames_of_a_newer_daemon(
    hass: HomeAssistant,
    loaded: MockConfigEntry,
    daemon: FakeDaemon,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """A kind of frame that we do not know is passed over in silence."""
    daemon.send(("weather", "fine"))
    daemon.put(make_down("web"))

    await wait_for_state(hass, WEB, STATE_OFF)
    assert own_warnings(caplog) == []
    assert loaded.runtime_data.subscription.statistics.unreadable_frames == 0


async def test_unreadable_frames_are_logged_once(
    hass: HomeAssistant,
    loaded: MockConfigEntry,
    daemon: FakeDaemon,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """A daemon that goes on talking nonsense does not fill the log."""
    daemon.send(*[("summary", None)] * 3, ("check", make_down("web")))
    await wait_for_state(hass, WEB, STATE_OFF)

    assert own_warnings(caplog) == [
        "A message of the daemon cannot be read: summary: expected an object, got NoneType"
    ]
    assert loaded.runtime_data.subscription.statistics.unreadable_frames == 3


async def test_unreadable_snapshot(
    hass: HomeAssistant, loaded: MockConfigEntry, daemon: FakeDaemon
) -> None:
    """A daemon whose whole state cannot be read is away until it can."""
    await daemon.stop()
    daemon.forget()
    daemon.beginning = [("b-0", "snapshot", {})]
    await daemon.start()
    seen = len(daemon.seen_last_event_ids)
    await daemon.wait_for_streams(seen + 3)
    assert state_of(hass, WEB).state == STATE_UNAVAILABLE

    daemon.beginning = None
    await wait_for_state(hass, WEB, STATE_ON)


async def test_unreadable_parts_of_the_state(
    hass: HomeAssistant,
    daemon: FakeDaemon,
    entry: MockConfigEntry,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """What cannot be read beside the checks is unknown, told once, and takes no check along."""
    whole = daemon.snapshot
    odd = {"summary": None, "config_error": 5, "started_at": "noon", "alerts": "many"}
    monkeypatch.setattr(daemon, "snapshot", lambda: {**whole(), **odd})
    await hass.config_entries.async_setup(entry.entry_id)
    await daemon.wait_for_client()

    assert state_of(hass, WEB).state == STATE_ON
    assert len(entry.runtime_data.data.flaws) == 4
    assert len(own_warnings(caplog)) == 4
    await hass.config_entries.async_unload(entry.entry_id)


async def test_items_that_cannot_be_read(
    hass: HomeAssistant, loaded: MockConfigEntry, daemon: FakeDaemon
) -> None:
    """One that says nothing of who it is takes no other along."""
    added = [make_check("new"), {"name": "no id"}, None]
    alerts = {**daemon.alerts, "channels": [{"name": "phone"}, {"type": "ntfy"}]}
    summary = {**daemon.summary(), "down_checks": [{"id": None}, {"id": "web"}]}
    daemon.send(("inventory", {"added": added, "removed": []}))
    daemon.send(("alerts", alerts), ("summary", summary))
    await wait_until(hass, lambda: loaded.runtime_data.data.summary.down_ids == ("web",))

    data = loaded.runtime_data.data
    assert "new" in data.checks
    assert data.alerts is not None
    assert data.alerts.channels == ("phone",)
    assert data.all_flaws() == {
        "inventory: one of added: id is missing",
        "inventory: one of added: expected an object, got NoneType",
        "alerts: one of channels: name is missing",
        "summary: one of down_checks: id is missing",
    }


async def test_one_unreadable_check(
    hass: HomeAssistant,
    loaded: MockConfigEntry,
    daemon: FakeDaemon,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """A check that cannot be read is unavailable alone, is reported once, and comes back."""
    broken = {**make_check("nas"), "latency_ms": "fast"}
    daemon.send(("check", broken), ("check", broken))
    await wait_for_state(hass, "binary_sensor.nas", STATE_UNAVAILABLE)
    assert state_of(hass, WEB).state == STATE_ON
    assert own_warnings(caplog) == [
        "A check cannot be read: check nas: latency_ms: expected int or float, got str"
    ]

    daemon.put(make_down("nas"))
    await wait_for_state(hass, "binary_sensor.nas", STATE_OFF)


async def test_refresh_on_request(
    hass: HomeAssistant, loaded: MockConfigEntry, daemon: FakeDaemon
) -> None:
    """An update that a person asks for reads the whole state."""
    daemon.checks["web"] = make_down("web")

    await loaded.runtime_data.async_refresh()

    assert state_of(hass, WEB).state == STATE_OFF


async def test_unload_leaves_nothing(
    hass: HomeAssistant, loaded: MockConfigEntry, daemon: FakeDaemon
) -> None:
    """An entry that is unloaded listens no more, not even to what is already on its way."""
    daemon.put(make_down("web"))

    assert await hass.config_entries.async_unload(loaded.entry_id)
    await daemon.wait_for_no_client()

    assert loaded.state is ConfigEntryState.NOT_LOADED
    assert state_of(hass, WEB).state == STATE_UNAVAILABLE


async def test_mistake_of_ours_at_start(
    hass: HomeAssistant, daemon: FakeDaemon, entry: MockConfigEntry
) -> None:
    """A reload works after set-up failed half-way."""
    with patch.object(api.OpsMonitorClient, "snapshot", side_effect=RuntimeError("a bug")):
        assert not await hass.config_entries.async_setup(entry.entry_id)

    assert await hass.config_entries.async_reload(entry.entry_id)
    await hass.async_block_till_done()

    assert state_of(hass, WEB).state == STATE_ON
    await hass.config_entries.async_unload(entry.entry_id)


async def test_domain_has_one_entry_per_daemon(
    hass: HomeAssistant, loaded: MockConfigEntry
) -> None:
    """Set-up made one entry, known by the daemon's own id."""
    assert [item.unique_id for item in hass.config_entries.async_entries(DOMAIN)] == [
        loaded.unique_id
    ]
