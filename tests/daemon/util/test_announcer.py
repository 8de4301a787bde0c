"""Being found in the network by mDNS."""

from __future__ import annotations

import asyncio
from contextlib import suppress
import logging
import socket
import sys

import psutil
import pytest
from zeroconf import ServiceStateChange, Zeroconf
from zeroconf.asyncio import AsyncServiceBrowser, AsyncServiceInfo, AsyncZeroconf

from opsmonitor.util import announcer
from opsmonitor.util.announcer import SERVICE_TYPE, Announcement, announce

HERE = Announcement(
    host="127.0.0.1", port=8060, instance_id="8f6c0f5e-1f7b-4d0f-9d7e-0b6f5a1c2d3e", version="1.2.3"
)


async def test_it_is_found_and_taken_back() -> None:
    """Whoever looks for the service finds it with all that is needed, until it ends."""
    found: asyncio.Queue[tuple[str, ServiceStateChange]] = asyncio.Queue()

    def note(
        zeroconf: Zeroconf,
        service_type: str,
        name: str,
        state_change: ServiceStateChange,
    ) -> None:
        if HERE.instance_id[:8] in name:
            found.put_nowait((name, state_change))

    looking = AsyncZeroconf(interfaces=["127.0.0.1"])
    browser = AsyncServiceBrowser(looking.zeroconf, SERVICE_TYPE, handlers=[note])
    task = asyncio.create_task(announce(HERE))
    async with asyncio.timeout(60):
        name, change = await found.get()
        service = AsyncServiceInfo(SERVICE_TYPE, name)
        assert await service.async_request(looking.zeroconf, 3000)
        task.cancel()
        gone = await found.get()
        while gone[1] is not ServiceStateChange.Removed:
            gone = await found.get()
    await browser.async_cancel()
    await looking.async_close()
    with suppress(asyncio.CancelledError):
        await task

    assert change is ServiceStateChange.Added
    assert (service.port, service.parsed_addresses()) == (8060, ["127.0.0.1"])
    properties = service.decoded_properties
    assert properties["id"] == HERE.instance_id
    assert (properties["version"], properties["path"], properties["tls"]) == ("1.2.3", "/", "0")


async def test_library_is_missing(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Without the library the daemon runs all the same, and says what to install."""
    caplog.set_level(logging.INFO)
    monkeypatch.setitem(sys.modules, "zeroconf.asyncio", None)

    await announce(HERE)

    assert "ops-monitor[discovery]" in caplog.text


async def test_name_instead_of_an_address(caplog: pytest.LogCaptureFixture) -> None:
    """What has no address cannot be announced."""
    caplog.set_level(logging.INFO)

    await announce(Announcement(host="monitor", port=1, instance_id="a", version="1"))

    assert "no address" in caplog.text


async def test_network_that_does_not_let_us(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A machine without multicast is no reason not to run."""

    def fail(**_options: object) -> None:
        """Do as the system does where multicast is not allowed."""
        raise OSError(19, "No such device")

    monkeypatch.setattr("zeroconf.asyncio.AsyncZeroconf", fail)

    await announce(HERE)

    assert "Cannot announce the daemon" in caplog.text


@pytest.mark.parametrize(
    ("host", "address", "expected"),
    [
        ("0.0.0.0", "192.168.1.5", True),  # noqa: S104 - compared, not bound
        ("::", "fd00::5", True),
        ("0.0.0.0", "fd00::5", False),  # noqa: S104 - compared, not bound
        ("0.0.0.0", "127.0.0.1", False),  # noqa: S104 - compared, not bound
        ("0.0.0.0", "169.254.7.7", False),  # noqa: S104 - compared, not bound
        ("::", "fe80::1%eth0", False),
    ],
)
def test_addresses(
    monkeypatch: pytest.MonkeyPatch,
    host: str,
    address: str,
    expected: bool,  # noqa: FBT001 - a column of the table
) -> None:
    """Only addresses that others can use are told."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    item = type("Item", (), {"family": family, "address": address})()
    monkeypatch.setattr(psutil, "net_if_addrs", lambda: {"any": [item]})

    assert (address in announcer._addresses(host)) is expected  # noqa: SLF001 - no other way in
