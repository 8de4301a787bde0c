"""The host probe, on the machine that runs the tests."""

from __future__ import annotations

import os

from opsmonitor.probes.base import ProbeContext
from opsmonitor.probes.host import PROBE, HostOptions
from opsmonitor.util.clock import FakeClock
from opsmonitor.util.http import HttpTransport
from opsmonitor.util.resolver import Resolver


async def test_the_load_is_read() -> None:
    """It is that of the machine."""
    resolver = Resolver()
    http = HttpTransport(resolver)
    context = ProbeContext(clock=FakeClock(), http=http, resolver=resolver)

    reading = await PROBE.compile(HostOptions(), context)[""]()
    await http.close()
    await resolver.close()

    assert reading.values["load_1m"] is not None
    assert reading.data["hostname"] == os.uname().nodename
