"""The fritz probe against boxes of several kinds, healthy and not."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
import hashlib
import json
from pathlib import Path
import ssl
from types import SimpleNamespace
from typing import Any

from aiohttp import web
import pytest
import voluptuous as vol

from opsmonitor.checks.connectivity import CHECK as WITNESS, ConnectivityOptions
from opsmonitor.engine.reading_values import find_value, value_names
from opsmonitor.exceptions import ProbeError
from opsmonitor.models.check import Verdict
from opsmonitor.models.reading import Reading, ReadingState, ReadingStatus
from opsmonitor.probes.base import ProbeContext
from opsmonitor.probes.fritz import PROBE, BoxWatch
from opsmonitor.util.clock import FakeClock
from tests.daemon.fritz_box import (
    WITHOUT_WAN,
    FritzBox,
    always,
    hang,
    plugged_in,
    reset,
)
from tests.ports import held_port

_TLS = Path(__file__).parents[2] / "fixtures" / "tls"
_WRONG = "not-the-password"


@pytest.fixture
def box() -> FritzBox:
    """Return a healthy router with DSL."""
    return FritzBox()


@pytest.fixture
async def port(box: FritzBox) -> AsyncIterator[int]:
    """Return where the box listens."""
    async with plugged_in(box) as port:
        yield port


@pytest.fixture
def make(context: ProbeContext, port: int, box: FritzBox) -> Callable[..., BoxWatch]:
    """Return a function that compiles the probe for the box; without keys it logs in."""

    def build(**keys: Any) -> BoxWatch:
        """Validate the keys and compile."""
        login = {"username": box.user, "password": box.password}
        own = {"host": "127.0.0.1", "port": port, "web_port": port, **(keys or login)}
        options = PROBE.options(**vol.Schema(dict(PROBE.schema))({"boxes": {"home": own}}))
        return BoxWatch("home", options.boxes["home"], context)

    return build


def shown(reading: Reading) -> Any:
    """Return what the API shows."""
    return json.loads(json.dumps(reading.data))


def kinds(reading: Reading) -> list[str]:
    """Return what is wrong."""
    return [each.kind for each in reading.issues]


async def test_a_router_with_a_login(make: Callable[..., BoxWatch]) -> None:
    """Everything has its unit: kbit/s and bit/s become Mbit/s, tenths of decibels decibels."""
    reading = await make().poll()

    data = shown(reading)
    assert (data["model"], data["os_version"], data["uptime_s"]) == (
        *("FRITZ!Box 7590", "08.02"),
        2_058_438,
    )
    assert (data["kind"], data["logged_in"]) == ("router", True)
    assert data["update"]["available"] is True
    assert data["update"]["version"] == "08.25"
    assert data["wan"] == {
        "up": True,
        "access_type": "dsl",
        "physical_link_up": True,
        "connection_status": "Connected",
        "connection_uptime_s": 369_434,
        "connected_since_ts": "2023-11-10T15:36:06.000Z",
        "last_error": None,
        "external_ipv4": "203.0.113.33",
        "external_ipv6": "2001:db8:1::1",
        "ipv6_prefix": "2001:db8:1::/56",
        "dns_servers": ["2001:db8::53", "203.0.113.53"],
        "down_max_mbit_s": 253.247,
        "up_max_mbit_s": 48.816,
    }
    assert data["dsl"]["down_sync_mbit_s"] == 249.065
    assert data["dsl"]["down_noise_margin_db"] == 6.0
    assert data["dsl"]["down_attenuation_db"] == 14.0
    assert (data["dsl"]["crc_errors"], data["dsl"]["resyncs"]) == (53, 2)
    assert data["traffic"]["down_rate_mbit_s"] == 20.0
    assert data["traffic"]["received_bytes"] == 554_484_531_337
    assert data["fiber"] is None
    assert reading.status is ReadingStatus.OK
    assert reading.events == ()
    assert reading.note is None


async def test_who_is_connected(make: Callable[..., BoxWatch]) -> None:
    """Devices, wireless networks and the mesh."""
    reading = await make().poll()

    data = shown(reading)
    assert [each["name"] for each in data["devices"]["connected"]] == ["laptop", "NAS"]
    assert (data["devices"]["known_count"], data["devices"]["wlan_count"]) == (3, 1)
    assert [(each["band_ghz"], each["channel"], each["up"]) for each in data["wlan"]] == [
        (2.4, 13, True),
        (None, None, False),
    ]
    assert [(each["name"], each["role"]) for each in data["mesh"]["nodes"]] == [
        ("fritz.box", "master"),
        ("attic", "slave"),
    ]
    assert data["mesh"]["nodes"][0]["best_link_mbit_s"] == 866
    assert data["mesh"]["nodes"][0]["os_version"] == "08.02"


async def test_the_values_have_short_names(make: Callable[..., BoxWatch]) -> None:
    """What `metric` checks compare; what is unknown has no name."""
    values = dict((await make().poll()).values)

    assert values.pop("latency_ms")
    assert values == {
        "reachable": True,
        "logged_in": True,
        "uptime_s": 2_058_438,
        "os_version": "08.02",
        "update_available": True,
        "update_version": "08.25",
        "wan_up": True,
        "connection_uptime_s": 369_434,
        "external_ipv4": "203.0.113.33",
        "device_count": 2,
        "mesh_node_count": 2,
        "wlan_client_count": 11,
        "down_sync_mbit_s": 249.065,
        "up_sync_mbit_s": 46.719,
        "down_noise_margin_db": 6.0,
        "up_noise_margin_db": 8.0,
        "down_attenuation_db": 14.0,
        "up_attenuation_db": 8.0,
        "crc_errors": 53,
        "fec_errors": 7,
        "errored_seconds": 25,
        "severely_errored_seconds": 0,
        "resyncs": 2,
        "down_rate_mbit_s": 20.0,
        "up_rate_mbit_s": 1.0,
        "received_bytes": 554_484_531_337,
        "sent_bytes": 129_497_283_207,
    }


async def test_without_a_login(make: Callable[..., BoxWatch], box: FritzBox) -> None:
    """A box tells everybody who it is and, if that is switched on, whether it is connected."""
    reading = await make(devices=True).poll()

    data = shown(reading)
    assert (data["model"], data["os_version"], data["logged_in"]) == (
        *("FRITZ!Box 7590", "08.02"),
        None,
    )
    assert (data["wan"]["up"], data["wan"]["external_ipv4"]) == (True, "203.0.113.33")
    assert data["latency_ms"] is not None
    assert reading.status is ReadingStatus.OK
    assert reading.note is not None
    assert "without username and password" in reading.note
    assert "GetInfo" not in box.asked


async def test_without_a_login_and_without_upnp(
    make: Callable[..., BoxWatch], box: FritzBox
) -> None:
    """That the connection is up is not known then, and not guessed."""
    box.has_igd = False

    reading = await make(devices=True).poll()

    assert shown(reading)["wan"] is None
    assert "wan_up" not in reading.values


async def test_with_a_login_but_without_upnp(make: Callable[..., BoxWatch], box: FritzBox) -> None:
    """The service that connects tells the same to those who may ask it."""
    box.has_igd = False

    wan = shown(await make().poll())["wan"]

    assert (wan["up"], wan["external_ipv4"], wan["external_ipv6"]) == (True, "203.0.113.33", None)


async def test_the_user_is_found(make: Callable[..., BoxWatch], box: FritzBox) -> None:
    """Without a name in the configuration, the box says who logged in last."""
    reading = await make(password=box.password).poll()

    assert shown(reading)["logged_in"] is True


async def test_a_box_before_users(make: Callable[..., BoxWatch], box: FritzBox) -> None:
    """Boxes with a password alone have a user that all of them have."""
    box.user = "dslf-config"
    box.answers["LANConfigSecurity1", "X_AVM-DE_GetUserList"] = None

    reading = await make(password=box.password).poll()

    assert shown(reading)["logged_in"] is True


async def test_a_wrong_password_is_tried_once_in_a_while(
    make: Callable[..., BoxWatch], box: FritzBox, clock: FakeClock
) -> None:
    """Boxes lock whoever tries again and again; what needs no login goes on."""
    watch = make(username=box.user, password=_WRONG)

    first = await watch.poll()
    polls = [await watch.poll() for _ in range(3)]

    assert box.wrong_logins == 1
    assert kinds(first) == kinds(polls[-1]) == ["login_failed"]
    assert "check username and password" in first.issues[0].message
    assert "tried again later" in polls[-1].issues[0].message
    assert polls[-1].issues[0].data["next_login_ts"] == "2023-11-14T22:18:20.000Z"
    assert polls[0].issues == polls[-1].issues
    assert shown(polls[-1])["logged_in"] is False
    assert polls[-1].values["wan_up"] is True

    clock.advance(301)
    await watch.poll()
    clock.advance(301)
    await watch.poll()
    assert box.wrong_logins == 2

    box.password = _WRONG
    clock.advance(301)
    assert kinds(await watch.poll()) == []


async def test_a_nonce_that_is_used_up_is_no_wrong_login(
    make: Callable[..., BoxWatch], box: FritzBox
) -> None:
    """The box asks for another one, and gets it."""
    box.nonce_uses = 2

    reading = await make().poll()

    assert shown(reading)["logged_in"] is True
    assert box.wrong_logins == 0
    assert kinds(reading) == []


async def test_a_user_without_rights(make: Callable[..., BoxWatch], box: FritzBox) -> None:
    """What the user may see is shown, and what it needs is named, once."""
    box.forbidden = {"WANDSLInterfaceConfig1", "Hosts1", "UserInterface1"}

    reading = await make().poll()

    data = shown(reading)
    assert (data["dsl"], data["devices"], data["update"]) == (None, None, None)
    assert data["wan"]["up"] is True
    assert kinds(reading) == ["not_allowed"]
    assert reading.status is ReadingStatus.WARN


async def test_a_login_that_is_refused_for_one_thing_alone(
    make: Callable[..., BoxWatch], box: FritzBox
) -> None:
    """It was good a moment ago: the user lacks a right, and the login is not held back."""
    for action in ("GetStatisticsTotal", "X_AVM_DE_GetIPv6Prefix"):
        box.misbehave[action] = box.refuse
    watch = make()
    await watch.poll()

    reading = await watch.poll()

    assert shown(reading)["logged_in"] is True
    assert shown(reading)["devices"] is not None
    assert kinds(reading) == ["not_allowed"]
    assert box.wrong_logins == 0


async def test_applications_may_not_ask(make: Callable[..., BoxWatch], box: FritzBox) -> None:
    """The box is there and says who it is; the remedy is named."""
    box.has_tr064 = False

    reading = await make().poll()

    assert shown(reading)["model"] == "FRITZ!Box 7590"
    assert shown(reading)["os_version"] == "08.02"
    assert reading.note is not None
    assert "does not let applications ask it" in reading.note


async def test_a_cable_box(make: Callable[..., BoxWatch], box: FritzBox) -> None:
    """It has no DSL, and that is no error; its service is another one."""
    for name in ("WANDSLInterfaceConfig1", "WANPPPConnection1"):
        del box.services[name]
    box.services["WANIPConnection1"] = "urn:dslforum-org:service:WANIPConnection:1"
    box.answers["Layer3Forwarding1", "GetDefaultConnectionService"] = {
        "NewDefaultConnectionService": "1.WANIPConnection.1"
    }
    box.answers["WANIPConnection1", "GetInfo"] = box.answers["WANPPPConnection1", "GetInfo"]
    box.answers["WANCommonInterfaceConfig1", "GetCommonLinkProperties"] = {
        "NewWANAccessType": "X_AVM-DE_Cable",
        "NewLayer1DownstreamMaxBitRate": "1000000000",
        "NewPhysicalLinkStatus": "Up",
    }

    reading = await make().poll()

    data = shown(reading)
    assert (data["wan"]["access_type"], data["wan"]["down_max_mbit_s"]) == ("cable", 1000)
    assert (data["dsl"], data["fiber"]) == (None, None)
    assert reading.issues == ()


async def test_a_fibre_box(make: Callable[..., BoxWatch], box: FritzBox) -> None:
    """Its light has levels; its DSL service is there but says nothing."""
    box.services["X_AVM-DE_WANFiber1"] = "urn:dslforum-org:service:X_AVM-DE_WANFiber:1"
    box.answers["WANCommonInterfaceConfig1", "GetCommonLinkProperties"] = {
        "NewWANAccessType": "X_AVM-DE_Fiber",
        "NewPhysicalLinkStatus": "Up",
    }
    box.answers["X_AVM-DE_WANFiber1", "GetInfo"] = {
        "NewOpticalSignalLevel": "-18250",
        "NewTransmitOpticalLevel": "0",
        "NewSFPVendor": "EXAMPLE",
        "NewFiberMode": "GPON",
    }
    box.answers["X_AVM-DE_WANFiber1", "GetStatistics"] = {"NewResyncs": "1"}

    reading = await make().poll()

    data = shown(reading)
    assert data["fiber"]["received_dbm"] == -18.25
    assert data["fiber"]["sent_dbm"] is None
    assert data["dsl"] is None
    assert reading.values["fiber_received_dbm"] == -18.25
    assert reading.issues == ()


async def test_a_repeater(make: Callable[..., BoxWatch], box: FritzBox) -> None:
    """It has no connection of its own: that is not a connection that is down."""
    for name in (*WITHOUT_WAN, "WANDSLInterfaceConfig1"):
        del box.services[name]
    box.has_igd = False

    reading = await make().poll()

    data = shown(reading)
    assert (data["kind"], data["wan"], data["dsl"]) == ("repeater", None, None)
    assert len(data["wlan"]) == 2
    assert reading.status is ReadingStatus.OK


async def test_what_a_box_does_not_know_is_not_asked_again(
    make: Callable[..., BoxWatch], box: FritzBox
) -> None:
    """Until it has another FRITZ!OS."""
    box.answers["WANIPConn1", "X_AVM_DE_GetIPv6Prefix"] = None
    watch = make()

    for _ in range(3):
        await watch.poll()
    assert box.asked.count("X_AVM_DE_GetIPv6Prefix") == 1

    box.display = "154.08.25"
    await watch.poll()
    assert box.asked.count("X_AVM_DE_GetIPv6Prefix") == 2


async def test_what_changes_seldom_is_asked_seldom(
    make: Callable[..., BoxWatch], box: FritzBox, clock: FakeClock
) -> None:
    """The mesh and updates every ten minutes; the rest in each poll."""
    watch = make()

    for _ in range(2):
        await watch.poll()
    reading = await watch.poll()
    assert box.asked.count("X_AVM-DE_GetMeshListPath") == 1
    assert shown(reading)["mesh"]["node_count"] == 2
    assert shown(reading)["update"]["available"] is True

    clock.advance(601)
    await watch.poll()
    assert box.asked.count("X_AVM-DE_GetMeshListPath") == 2


@pytest.mark.parametrize(
    ("what", "section", "action"),
    [
        ("/meshlist.lua", "mesh", "X_AVM-DE_GetMeshListPath"),
        ("UserInterface1", "update", None),
    ],
)
async def test_what_changes_seldom_fails_until_it_is_mended(
    make: Callable[..., BoxWatch], box: FritzBox, what: str, section: str, action: str | None
) -> None:
    """Each poll tells the problem; the first good answer ends it, and is kept."""
    watch = make()
    if action is None:
        box.forbidden.add(what)
    else:
        box.misbehave[what] = always(200, "no list")

    readings = [await watch.poll() for _ in range(3)]
    box.forbidden.clear()
    box.misbehave.clear()
    mended = [await watch.poll() for _ in range(2)]

    assert [len(kinds(each)) for each in readings] == [1, 1, 1]
    assert [kinds(each) for each in mended] == [[], []]
    assert all(shown(each)[section] is not None for each in mended)
    if action is not None:
        assert box.asked.count(action) == 4


async def test_a_connection_that_is_down(make: Callable[..., BoxWatch], box: FritzBox) -> None:
    """It is critical, told with the reason, and its end is told, too."""
    watch = make()
    await watch.poll()
    connected = box.answers["WANPPPConnection1", "GetInfo"]
    for name in ("WANPPPConnection1", "WANIPConn1"):
        action = "GetInfo" if name == "WANPPPConnection1" else "GetStatusInfo"
        box.answers[name, action] = {
            "NewConnectionStatus": "Connecting",
            "NewUptime": "0",
            "NewLastConnectionError": "ERROR_ISP_TIME_OUT",
        }

    down = await watch.poll()
    box.answers["WANPPPConnection1", "GetInfo"] = {**(connected or {}), "NewUptime": "5"}
    up = await watch.poll()

    assert [(each.kind, each.message) for each in down.issues] == [
        ("wan_down", "home: the Internet connection is down (ERROR_ISP_TIME_OUT)")
    ]
    assert down.status is ReadingStatus.CRIT
    assert down.values["wan_up"] is False
    assert [each.kind for each in down.events] == ["fritz_disconnected"]
    assert [each.kind for each in up.events] == ["fritz_connected"]
    assert up.status is ReadingStatus.OK


@pytest.mark.parametrize(
    ("status", "verdict"), [("Connected", Verdict.OK), ("Disconnected", Verdict.FAIL)]
)
async def test_the_witness_of_the_network_hears_what_the_box_says(
    make: Callable[..., BoxWatch],
    box: FritzBox,
    context: ProbeContext,
    status: str,
    verdict: Verdict,
) -> None:
    """By itself, as soon as a box is watched: without its line there is no network."""
    connected = box.answers["WANPPPConnection1", "GetInfo"]
    box.answers["WANPPPConnection1", "GetInfo"] = {
        **(connected or {}),
        "NewConnectionStatus": status,
    }
    reading = await make().poll()
    now_ms = context.clock.now_ms()
    state = ReadingState(
        probe="fritz", thing="home", interval_s=60, reading=reading, fetched_ms=now_ms
    )
    values: Any = SimpleNamespace(
        names=lambda: value_names([state]),
        latest=lambda name: find_value({state.name: state}, name, now_ms),
    )
    given: Any = SimpleNamespace(values=values, clock=context.clock)
    options = ConnectivityOptions(gateway=False, resolver=False, outside=())

    outcome = await WITNESS.compile(options, given)()

    assert outcome.verdict is verdict
    assert [item.name for item in outcome.assertions] == ["fritz.home.wan_up"]


async def test_an_issue_can_be_ignored(make: Callable[..., BoxWatch], box: FritzBox) -> None:
    """A second line that is only there for the worst case."""
    box.answers["WANPPPConnection1", "GetInfo"] = {"NewConnectionStatus": "Disconnected"}
    login = {"username": box.user, "password": box.password}

    reading = await make(**login, ignore=["wan_down"]).poll()

    assert reading.values["wan_up"] is False
    assert reading.status is ReadingStatus.OK


async def test_traffic_is_known_without_the_state(
    make: Callable[..., BoxWatch], box: FritzBox
) -> None:
    """One answer does not depend on another."""
    box.answers["WANIPConn1", "GetStatusInfo"] = None

    assert (await make().poll()).values["received_bytes"] == 554_484_531_337


async def test_a_reconnect_between_two_polls(
    make: Callable[..., BoxWatch], box: FritzBox, clock: FakeClock
) -> None:
    """The night's forced disconnection was too short to be seen: its uptime tells."""
    watch = make()
    await watch.poll()
    clock.advance(60)
    for name, action in (("WANPPPConnection1", "GetInfo"), ("WANIPConn1", "GetStatusInfo")):
        box.answers[name, action] = {**(box.answers[name, action] or {}), "NewUptime": "20"}
    for name, action in (
        ("WANPPPConnection1", "GetInfo"),
        ("WANIPConn1", "GetExternalIPAddress"),
    ):
        answer = box.answers[name, action] or {}
        box.answers[name, action] = {**answer, "NewExternalIPAddress": "203.0.113.99"}

    reading = await watch.poll()

    assert [(each.kind, each.data["now"]) for each in reading.events] == [
        ("fritz_reconnected", "203.0.113.99")
    ]


async def test_a_reboot_and_an_update(
    make: Callable[..., BoxWatch], box: FritzBox, clock: FakeClock
) -> None:
    """Counters that begin anew yield no rate at all, least of all a negative one."""
    watch = make()
    await watch.poll()
    clock.advance(60)
    box.answers["DeviceInfo1", "GetInfo"] = {
        "NewModelName": "FRITZ!Box 7590",
        "NewSoftwareVersion": "154.08.25",
        "NewUpTime": "90",
    }
    box.answers["WANCommonIFC1", "GetAddonInfos"] = {
        "NewX_AVM_DE_TotalBytesSent64": "1000",
        "NewX_AVM_DE_TotalBytesReceived64": "2000",
    }

    reading = await watch.poll()

    assert [each.kind for each in reading.events] == ["fritz_rebooted", "fritz_updated"]
    assert shown(reading)["traffic"]["down_average_mbit_s"] is None


async def test_the_average_since_the_poll_before(
    make: Callable[..., BoxWatch], box: FritzBox, clock: FakeClock
) -> None:
    """750 MB in 60 s are 100 Mbit/s."""
    watch = make()
    await watch.poll()
    clock.advance(60)
    answer = box.answers["WANCommonIFC1", "GetAddonInfos"] or {}
    more = str(554_484_531_337 + 750_000_000)
    box.answers["WANCommonIFC1", "GetAddonInfos"] = {
        **answer,
        "NewX_AVM_DE_TotalBytesReceived64": more,
    }

    assert (await watch.poll()).values["down_average_mbit_s"] == 100


async def test_what_happened_while_the_daemon_was_down(
    context: ProbeContext, port: int, box: FritzBox, clock: FakeClock
) -> None:
    """The reading that is kept is what the first one after the restart is compared with."""
    own = {"host": "127.0.0.1", "port": port, "username": box.user, "password": box.password}
    before = await _watch(context, **own).poll()
    clock.advance(600)
    answer = box.answers["WANPPPConnection1", "GetInfo"] or {}
    box.answers["WANPPPConnection1", "GetInfo"] = {**answer, "NewUptime": "300"}
    box.answers["DeviceInfo1", "GetInfo"] = {
        **(box.answers["DeviceInfo1", "GetInfo"] or {}),
        "NewUpTime": str(2_058_438 + 600),
    }
    later = replace(context, known={"other": before}, clock=FakeClock(wall_ms=clock.wall_ms))

    reading = await _watch(later, **own).poll()

    assert [each.kind for each in reading.events] == ["fritz_reconnected"]
    assert shown(reading)["started_ts"] == shown(before)["started_ts"]
    assert shown(reading)["traffic"]["down_average_mbit_s"] == 0


async def test_a_noisy_line(make: Callable[..., BoxWatch], box: FritzBox) -> None:
    """Whoever knows their line sets a limit for it."""
    login = {"username": box.user, "password": box.password}

    warn = await make(**login, noise_margin_db={"warn": 6}).poll()
    crit = await make(**login, noise_margin_db={"warn": 8, "crit": 6}).poll()

    assert [(each.kind, each.status.value) for each in (*warn.issues, *crit.issues)] == [
        ("noise_margin_low", "warn"),
        ("noise_margin_low", "crit"),
    ]


@pytest.mark.parametrize(
    ("what", "trouble"),
    [
        ("GetStatisticsTotal", always(500, "")),
        ("GetStatisticsTotal", always(500, "<s:Fault><detail>", "text/html")),
        ("X_AVM-DE_GetHostListPath", always(200, "<?xml version='1.0'?><s:Envel")),
        ("GetTotalAssociations", always(200, "<a/>")),
        ("GetAddonInfos", always(503, "busy", "text/plain")),
        ("/devicehostlist.lua", always(200, "<List><Item>")),
        ("/devicehostlist.lua", always(200, "<!DOCTYPE x [<!ENTITY a 'b'>]><List/>")),
        ("/meshlist.lua", always(200, '{"nodes": "none"}')),
        ("/meshlist.lua", always(404, "gone", "text/plain")),
    ],
)
async def test_one_answer_that_is_of_no_use_does_not_hide_the_others(
    make: Callable[..., BoxWatch],
    box: FritzBox,
    what: str,
    trouble: Callable[[web.Request], Awaitable[web.StreamResponse]],
) -> None:
    """It is told, and the rest is there."""
    box.misbehave[what] = trouble

    reading = await make().poll()

    assert kinds(reading) == ["answer_unusable"]
    assert reading.values["wan_up"] is True
    assert shown(reading)["logged_in"] is True


@pytest.mark.parametrize("odd", ["", "-1", "ten", "1e999", "99999999999999999999999999", "ä\u0007"])
async def test_answers_of_a_wrong_type(
    make: Callable[..., BoxWatch], box: FritzBox, odd: str
) -> None:
    """Every value replaced by nonsense: nothing is known, and nothing raises."""
    keep = {"NewDefaultConnectionService", "NewX_AVM-DE_HostListPath", "NewX_AVM-DE_MeshListPath"}
    for key, answer in box.answers.items():
        nonsense = odd.replace("\u0007", "")
        box.answers[key] = {
            name: each if name in keep else nonsense for name, each in (answer or {}).items()
        }

    reading = await make().poll()

    assert shown(reading)["dsl"] is None or shown(reading)["dsl"]["down_noise_margin_db"] != 6
    assert reading.values.get("wan_up") in (None, False)


@pytest.mark.parametrize("what", ["/tr64desc.xml", "GetDefaultConnectionService"])
@pytest.mark.parametrize(
    ("trouble", "codes"),
    [(reset, {"connection_reset", "connection_closed"}), (hang, {"timeout"})],
    ids=["reset", "hang"],
)
async def test_a_box_that_breaks_off(
    context: ProbeContext,
    port: int,
    box: FritzBox,
    *,
    what: str,
    trouble: Callable[[web.Request], Awaitable[web.StreamResponse]],
    codes: set[str],
) -> None:
    """The poll ends with a reason before its time is up; the last good reading stays."""
    own = {"host": "127.0.0.1", "port": port, "username": box.user, "password": box.password}
    watch = _watch(replace(context, timeout_s=2.0), **own)
    box.misbehave[what] = trouble

    with pytest.raises(ProbeError) as caught:
        await watch.poll()
    box.misbehave.clear()

    assert caught.value.code in codes
    assert kinds(await _watch(context, **own).poll()) == []


async def test_a_box_that_is_not_there(context: ProbeContext) -> None:
    """Reachability is the one thing that is known then."""
    options = PROBE.options(
        **vol.Schema(dict(PROBE.schema))(
            {"boxes": {"away": {"host": "127.0.0.1", "port": held_port()}}}
        )
    )

    with pytest.raises(ProbeError, match="connection refused") as caught:
        await PROBE.compile(options, context)["away"]()

    assert caught.value.code == "connection_refused"


async def test_another_device_at_the_address(make: Callable[..., BoxWatch], box: FritzBox) -> None:
    """Whatever answers there is no FRITZ!Box."""
    box.misbehave["/tr64desc.xml"] = always(200, "<feed/>")

    with pytest.raises(ProbeError, match="no description of a device"):
        await make().poll()


async def test_over_tls_with_a_pinned_certificate(context: ProbeContext, box: FritzBox) -> None:
    """A box's certificate is its own: its fingerprint says that it is this box."""
    server = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    server.load_cert_chain(_TLS / "self-signed.pem", _TLS / "key.pem")
    pem = ssl.PEM_cert_to_DER_cert(_certificate((_TLS / "self-signed.pem").read_text("utf-8")))
    login = {"username": box.user, "password": box.password}
    async with plugged_in(box, ssl_context=server) as port:
        own = {"host": "127.0.0.1", "port": port, **login}
        pinned = _watch(context, **own, tls={"fingerprint": _sha256(pem)})
        wrong = _watch(context, **own, tls={"fingerprint": "0" * 64})

        reading = await pinned.poll()
        with pytest.raises(ProbeError):
            await wrong.poll()

    assert shown(reading)["logged_in"] is True


async def test_boxes_hold_up_neither_each_other_nor_the_loop(
    make: Callable[..., BoxWatch], context: ProbeContext, box: FritzBox
) -> None:
    """One hangs; the other is read meanwhile."""
    stuck = FritzBox()
    stuck.misbehave["/tr64desc.xml"] = hang
    async with plugged_in(stuck) as port:
        waiting = asyncio.create_task(_watch(context, host="127.0.0.1", port=port).poll())
        reading = await make().poll()
        assert not waiting.done()
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting

    assert reading.status is ReadingStatus.OK


async def test_no_secret_is_shown(make: Callable[..., BoxWatch], box: FritzBox) -> None:
    """Neither the password nor what boxes tell of accounts, sessions and calls."""
    watch = make()
    reading = await watch.poll()

    everything = f"{reading!r} {watch.__dict__!r}"
    for secret in (box.password, "000000000000@isp.example", "5e551014", "secret talk"):
        assert secret not in everything


@pytest.mark.parametrize(
    "keys",
    [
        {},
        {"boxes": {}},
        {"boxes": ["fritz.box"]},
        {"boxes": {"home": {}}},
        {"boxes": {"home": {"host": "http://fritz.box"}}},
        {"boxes": {"my.home": {"host": "fritz.box"}}},
        {"boxes": {"home": {"host": "fritz.box", "user": "me"}}},
        {"boxes": {"home": {"host": "fritz.box", "password": ""}}},
        {"boxes": {"home": {"host": "fritz.box", "ignore": ["wan"]}}},
    ],
)
def test_what_is_refused(keys: dict[str, Any]) -> None:
    """Mistakes are told when the configuration is read."""
    with pytest.raises(vol.Invalid):
        vol.Schema(dict(PROBE.schema))(keys)


def _watch(context: ProbeContext, **keys: Any) -> BoxWatch:
    """Return the probe of a box."""
    options = PROBE.options(**vol.Schema(dict(PROBE.schema))({"boxes": {"other": keys}}))
    return BoxWatch("other", options.boxes["other"], context)


def _certificate(pem: str) -> str:
    """Return the certificate of a file that may hold a key, too."""
    begin, end = "-----BEGIN CERTIFICATE-----", "-----END CERTIFICATE-----"
    return begin + pem.partition(begin)[2].partition(end)[0] + end + "\n"


def _sha256(der: bytes) -> str:
    """Return a fingerprint."""
    return hashlib.sha256(der).hexdigest()
