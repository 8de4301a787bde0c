"""What is understood of a FRITZ!Box's answers, and what of their change."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given, strategies as st
import pytest

from opsmonitor.clients.tr064_xml import (
    Service,
    os_version,
    read_answer,
    read_description,
    read_fault,
    soap_request,
)
from opsmonitor.parts import fritz_facts as facts, fritz_network as network
from opsmonitor.parts.fritz_changes import Look, Since, average_mbit_s, box_events, look_at, read_ms
from opsmonitor.parts.login_guard import LoginGuard
from opsmonitor.util.clock import FakeClock
from tests.daemon.fritz_box import HOSTS, MESH, usual_answers
from tests.daemon.odd import odd_documents


@pytest.mark.parametrize(
    ("software", "version"),
    [
        ("154.08.02", "08.02"),
        ("07.57", "07.57"),
        ("1.02.03", "1.02.03"),
        ("267.08.20-112233 LABOR", "08.20-112233 LABOR"),
        ("", None),
        (None, None),
    ],
)
def test_the_version_of_the_system(software: str | None, version: str | None) -> None:
    """The number of the hardware in front is none of it, and 8.02 does not become 8.2."""
    assert os_version(software) == version


def test_a_description_without_a_display_version() -> None:
    """The patch has two digits."""
    body = b"<root><systemVersion><Minor>8</Minor><Patch>2</Patch></systemVersion></root>"

    assert read_description(body).os_version == "8.02"


def test_a_control_path_stays_on_the_box() -> None:
    """A description cannot send a login elsewhere."""
    paths = ("http://evil.example/x", "//evil.example/x", "upnp", "/ok", "/a b")
    listed = "".join(
        f"<service><serviceId>x:S{n}</serviceId><controlURL>{path}</controlURL></service>"
        for n, path in enumerate(paths)
    )

    assert list(read_description(f"<root>{listed}</root>".encode()).services) == ["S3"]


def test_arguments_are_escaped() -> None:
    """What a user writes stays an argument."""
    body = soap_request(Service(type="urn:x", control="/"), "Get", {"NewA": "<&>"})

    assert b"<NewA>&lt;&amp;&gt;</NewA>" in body


def test_faults_of_all_kinds() -> None:
    """Some have a code, some have words, some have nothing at all."""
    words = b"<errorDescription>no</errorDescription>"
    with_code = b"<F><detail>\n<errorCode>606</errorCode>" + words + b"</detail></F>"

    assert (read_fault(with_code).code, read_fault(with_code).words) == (606, "no")
    assert read_fault(b"<F><faultstring>UPnPError</faultstring><detail/></F>").code is None
    assert read_fault(b"<html>").words == ""


def test_an_update() -> None:
    """No version means none; that nothing is said means unknown."""
    assert facts.update_facts({"NewX_AVM-DE_Version": ""})["available"] is False
    assert facts.update_facts({"NewX_AVM-DE_Version": "154.08.25"}) == {
        "available": True,
        "version": "08.25",
        "info_url": None,
    }
    assert facts.update_facts({})["available"] is None


@pytest.mark.parametrize(
    ("named", "service"),
    [
        ("1.WANPPPConnection.1", "WANPPPConnection1"),
        ("1.WANIPConnection.2", "WANIPConnection2"),
        ("", None),
        ("WANPPPConnection", None),
        ("1.../../.1", None),
    ],
)
def test_the_service_that_connects(named: str, service: str | None) -> None:
    """A name without three parts is none."""
    assert facts.connection_service({"NewDefaultConnectionService": named}) == service


def test_addresses_that_stand_for_none() -> None:
    """An unspecified address is no address, and each version has its own place."""
    assert facts.address("0.0.0.0", 4) is None  # noqa: S104  # no address to listen on
    assert facts.address("::", 6) is None
    assert facts.address("203.0.113.1", 6) is None


def look(**known: Any) -> Look:
    """Return a look at a box, a minute after the one before."""
    return Look(**{"at_s": 1000.0, **known})


@pytest.mark.parametrize(
    ("before", "now", "kinds"),
    [
        (None, look(is_up=False), []),
        (look(at_s=940.0, is_up=True), look(is_up=False), ["fritz_disconnected"]),
        (look(at_s=940.0, is_up=False), look(is_up=True), ["fritz_connected"]),
        (look(at_s=940.0, is_up=True), look(), []),
        (look(at_s=940.0, uptime_s=500), look(uptime_s=560), []),
        (look(at_s=940.0, uptime_s=500), look(uptime_s=500), []),
        (look(at_s=940.0, uptime_s=500), look(uptime_s=40), ["fritz_rebooted"]),
        (
            look(at_s=940.0, is_up=True, connection_uptime_s=500, ipv4="192.0.2.1"),
            look(is_up=True, connection_uptime_s=40, ipv4="192.0.2.2"),
            ["fritz_reconnected"],
        ),
        (look(at_s=940.0, ipv4="192.0.2.1"), look(ipv4="192.0.2.2"), ["fritz_address"]),
        (look(at_s=940.0, ipv6_prefix="a"), look(ipv6_prefix="b"), ["fritz_address"]),
        (look(at_s=940.0, resyncs=2), look(resyncs=3), ["fritz_resync"]),
        (look(at_s=940.0, resyncs=2), look(resyncs=0), []),
        (look(at_s=940.0, os_version="08.02"), look(os_version="08.25"), ["fritz_updated"]),
    ],
)
def test_what_has_happened(before: Look | None, now: Look, kinds: list[str]) -> None:
    """Each thing once, under the name that says the most."""
    assert [each.kind for each in box_events("home", before, now)] == kinds


@given(
    st.one_of(st.none(), st.integers(0, 1 << 63)),
    st.one_of(st.none(), st.integers(0, 1 << 63)),
    st.floats(-10, 1e6),
)
def test_no_rate_is_senseless(before: int | None, now: int | None, seconds: float) -> None:
    """Neither negative, nor more than any line can carry."""
    rate = average_mbit_s(before, now, seconds)

    assert rate is None or 0 <= rate <= 100_000


def test_a_refused_login_waits_twice_as_long_each_time() -> None:
    """Up to six hours; a good login begins anew."""
    clock = FakeClock()
    guard = LoginGuard(clock)
    waits: list[float] = []
    for _ in range(10):
        guard.refused()
        waits.append(guard.wait_s)
        clock.advance(guard.wait_s)

    assert waits[:4] == [300, 600, 1200, 2400]
    assert max(waits) == 6 * 3600
    assert guard.wait_s == 0

    guard.accepted()
    guard.refused()
    assert guard.wait_s == 300


def test_the_same_moment_in_each_poll() -> None:
    """An answer that takes a second longer does not move when the box was started."""
    since = Since()
    first = since(100, 1_700_000_000_000)

    assert since(160, 1_700_000_061_400) == first
    assert since(5, 1_700_000_120_000) != first
    assert since(None, 1_700_000_000_000) is None
    assert since(1 << 62, 1_700_000_000_000) is None


_KEPT: dict[str, Any] = {
    "uptime_s": 100,
    "started_ts": "2026-11-21T12:00:00.000Z",
    "os_version": "08.02",
    "wan": {"up": True, "connection_uptime_s": 50, "connected_since_ts": "x"},
    "dsl": {"resyncs": 1},
    "traffic": {"received_bytes": 5, "sent_bytes": 7},
}


@given(odd_documents(_KEPT))
def test_no_kept_reading_raises(found: Any) -> None:
    """Another version may have written it."""
    data = found if isinstance(found, dict) else {}

    assert look_at(data, 5.0).at_s == 5.0
    read_ms(data)


_ANSWERS: dict[str, Any] = {
    key: value for answer in usual_answers().values() for key, value in (answer or {}).items()
}


@given(odd_documents(_ANSWERS))
def test_no_answer_raises(found: dict[str, Any]) -> None:
    """Missing, empty, huge, negative: unknown, and always JSON."""
    answer = {key: value if isinstance(value, str) else str(value) for key, value in found.items()}

    seen = [
        facts.device_facts(answer),
        facts.update_facts(answer),
        facts.link_facts(answer),
        facts.connection_service(answer),
        facts.connection_facts(answer),
        facts.ipv6_facts(answer, answer),
        facts.dsl_facts(answer, answer),
        facts.fiber_facts(answer, answer),
        facts.traffic_facts(answer),
        facts.wlan_facts(1, answer, answer),
    ]

    assert json.dumps(seen, allow_nan=False)


@given(odd_documents(json.loads(MESH)))
def test_no_mesh_raises(found: Any) -> None:
    """It is a list, or it is refused."""
    try:
        shown = network.mesh_list(json.dumps(found).encode())
    except ValueError:
        return
    assert json.dumps(shown, allow_nan=False)


@given(st.integers(0, len(HOSTS)), st.integers(0, len(HOSTS)), st.text(max_size=5))
def test_no_list_of_devices_raises(begin: int, end: int, instead: str) -> None:
    """A piece is missing, or something else stands in its place."""
    try:
        shown = network.device_list((HOSTS[:begin] + instead + HOSTS[end:]).encode())
    except ValueError:
        return
    assert json.dumps(shown, allow_nan=False)


@given(st.binary(max_size=200))
def test_no_description_and_no_fault_raises(body: bytes) -> None:
    """Noise is refused with a reason."""
    read_fault(body)
    for read in (read_description, lambda each: read_answer(each, "GetInfo")):
        try:
            read(body)
        except ValueError:
            continue
