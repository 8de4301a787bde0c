"""What an operator sees of Proxmox, containers and Portainer."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
import json
from typing import Any

import pytest

from opsmonitor.config.settings import ProbeSettings
from opsmonitor.models.reading import Issue, Reading, ReadingState, ReadingStatus
from opsmonitor.probes.docker import DockerOptions, PortainerOptions
from opsmonitor.probes.proxmox import ProxmoxOptions
from opsmonitor.util.secret import Secret
from tests.daemon.api.house import House, open_house
from tests.daemon.api.samples import GOOD, check

_ISSUE = Issue(
    kind="ct_disk_high",
    status=ReadingStatus.CRIT,
    message="ct disk high 111 dashboards: 97 %",
    data={"vmid": 111, "name": "dashboards", "usage_percent": 97},
)


@pytest.fixture
async def house() -> AsyncIterator[House]:
    """Return the API with one check that is up."""
    async with open_house(check("nas")) as opened:
        opened.monitor.tick(nas=GOOD)
        yield opened


def polled(house: House, probe: str, status: ReadingStatus | None, **known: Any) -> ReadingState:
    """Let a thing have been polled now; without a status it never was read."""
    issues = (_ISSUE,) if status is ReadingStatus.CRIT else ()
    reading = None if status is None else Reading(data={}, status=status, issues=issues)
    fetched_ms = None if status is None else house.clock.now_ms()
    state = ReadingState(probe=probe, interval_s=60, reading=reading, fetched_ms=fetched_ms)
    return replace(state, **known)


async def summary(house: House) -> Any:
    """Return everything at a glance."""
    return (await house.get("/api/ops/summary")).json


async def dependency(house: House, name: str) -> Any:
    """Return how one of the dependencies is."""
    return (await house.get("/api/ops/health")).json["dependencies"][name]


async def test_proxmox_that_is_not_configured(house: House) -> None:
    """It is unknown, and takes nothing from the whole."""
    seen = await summary(house)

    assert seen["overall"] == "ok"
    assert seen["proxmox"] == {
        "status": "unknown",
        "issues": [],
        "last_fetch_ts": None,
        "last_error": None,
    }
    assert (await dependency(house, "proxmox_stats"))["note"] == "not configured"


@pytest.mark.parametrize(("is_core", "overall"), [(False, "warn"), (True, "crit")])
async def test_critical_proxmox_is_never_ok(house: House, is_core: bool, overall: str) -> None:  # noqa: FBT001
    """It once was. Everybody who tells of the whole says the same."""
    house.readings.put(polled(house, "proxmox", ReadingStatus.CRIT))
    options = ProxmoxOptions(stats_url=Secret("http://stats.lan"), core=is_core)
    house.readings.probes["proxmox"] = ProbeSettings(
        name="proxmox", options=options, interval_s=60.0, timeout_s=5.0
    )

    seen = await summary(house)

    assert seen["overall"] == overall
    assert seen["proxmox"]["status"] == "crit"
    assert seen["proxmox"]["issues"] == [
        {
            "kind": "ct_disk_high",
            "vmid": 111,
            "name": "dashboards",
            "usage_percent": 97,
            "status": "crit",
            "message": "ct disk high 111 dashboards: 97 %",
        }
    ]
    assert (await house.get("/api/status/summary")).json["overall"] == overall


async def test_the_summary_is_told_when_proxmox_changes_it(house: House) -> None:
    """Whoever listens to the stream learns it at once."""
    async with house.session.get(f"http://127.0.0.1:{house.port}/api/stream") as response:
        await response.content.readuntil(b"\n\n")
        house.readings.put(polled(house, "proxmox", ReadingStatus.CRIT))

        async with asyncio.timeout(60):
            kind, told = "", b""
            while kind != "summary":
                told = await response.content.readuntil(b"\n\n")
                kind = told.partition(b"event: ")[2].partition(b"\n")[0].decode()

    data = json.loads(told.partition(b"data: ")[2].partition(b"\n")[0])
    assert data["overall"] == "warn"


async def test_a_failed_poll_keeps_the_last_payload(house: House) -> None:
    """The status stays, the error is told, and the time is that of the attempt."""
    state = polled(house, "proxmox", ReadingStatus.WARN)
    house.clock.advance(60)
    house.readings.put(replace(state, error="connection refused", error_ms=house.clock.now_ms()))

    seen = await summary(house)

    assert seen["overall"] == "warn"
    assert seen["proxmox"]["status"] == "warn"
    assert seen["proxmox"]["last_error"] == "connection refused"
    assert seen["proxmox"]["last_fetch_ts"] == "2023-11-14T22:14:20.000Z"
    assert (await dependency(house, "proxmox_stats"))["status"] == "unavailable"


async def test_proxmox_that_was_never_read(house: House) -> None:
    """Nothing is known, and why."""
    at_ms = house.clock.now_ms()
    house.readings.put(polled(house, "proxmox", None, error="timeout", error_ms=at_ms))

    seen = await summary(house)

    assert seen["overall"] == "ok"
    assert (seen["proxmox"]["status"], seen["proxmox"]["last_error"]) == ("unknown", "timeout")


async def test_how_fresh_proxmox_is(house: House) -> None:
    """Not polled yet, fresh, and stale after twice the interval or two minutes."""
    house.readings.put(polled(house, "proxmox", None))
    before = await dependency(house, "proxmox_stats")
    house.readings.put(polled(house, "proxmox", ReadingStatus.OK))
    house.clock.advance(120)
    fresh = await dependency(house, "proxmox_stats")
    house.clock.advance(1)
    stale = await dependency(house, "proxmox_stats")

    assert [(each["status"], each["note"]) for each in (before, fresh, stale)] == [
        ("unknown", "proxmox-stats not polled yet"),
        ("ok", None),
        ("unknown", "stale proxmox-stats poll data"),
    ]


async def test_how_containers_are(house: House) -> None:
    """From `not configured` over `not polled yet` to how many run."""
    bare = (await summary(house))["docker"]
    house.readings.put(polled(house, "docker", None))
    early = (await summary(house))["docker"]
    house.readings.put(polled(house, "docker", None, error="no such socket"))
    failed = (await summary(house))["docker"]
    read = Reading(data={}, values={"running": 4, "total": 5}, status=ReadingStatus.WARN)
    house.readings.put(polled(house, "docker", ReadingStatus.OK, reading=read))
    good = (await summary(house))["docker"]
    house.readings.put(polled(house, "docker", ReadingStatus.OK, reading=read, error="no answer"))
    lost = (await summary(house))["docker"]
    house.readings.put(
        polled(
            house,
            "docker",
            ReadingStatus.OK,
            reading=Reading(data={}, status=ReadingStatus.UNSUPPORTED, note="there is no engine"),
        )
    )
    none = (await summary(house))["docker"]
    seen = (bare, early, failed, good, lost, none)

    assert [(each["status"], each["note"]) for each in seen] == [
        ("unavailable", "not configured"),
        ("unknown", "not polled yet"),
        ("unavailable", "no such socket"),
        ("warn", "4 of 5 containers running"),
        ("unavailable", "no answer; last seen: 4 of 5 containers running"),
        ("unavailable", "there is no engine"),
    ]


async def test_how_portainer_is(house: House) -> None:
    """It is polled with the engines, but has a state of its own."""
    options = DockerOptions(
        portainer=PortainerOptions(url=Secret("http://p.lan"), api_key=Secret("x"))
    )
    data = {"portainer": {"reachable": False, "error": "it does not accept the key"}}
    bad = Reading(data=data)
    seen: list[Any] = [await dependency(house, "portainer")]
    for reading, error in ((bad, None), (replace(bad, data={}), None), (None, "no answer")):
        house.readings.put(polled(house, "docker", ReadingStatus.OK, reading=reading, error=error))
        house.readings.probes["docker"] = ProbeSettings(
            name="docker", options=options, interval_s=30.0, timeout_s=5.0
        )
        seen.append(await dependency(house, "portainer"))

    assert [(each["status"], each["last_error"]) for each in seen] == [
        ("unknown", None),
        ("unavailable", "it does not accept the key"),
        ("ok", None),
        ("unavailable", "no answer"),
    ]
    assert (await dependency(house, "docker"))["status"] == "unavailable"


async def test_portainer_without_its_section(house: House) -> None:
    """Engines alone say nothing of it."""
    house.readings.put(polled(house, "docker", ReadingStatus.OK))

    assert (await dependency(house, "portainer"))["note"] == "not configured"
    assert (await dependency(house, "docker"))["status"] == "ok"
