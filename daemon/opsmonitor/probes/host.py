"""Host probe: how the machine is that the daemon runs on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
import os
import platform
import socket
from typing import TYPE_CHECKING

from opsmonitor.models.reading import Reading
from opsmonitor.probes.base import Poll, ProbeContext, ProbeType

if TYPE_CHECKING:
    from opsmonitor.models.reading import Scalar


@dataclass(frozen=True, slots=True, kw_only=True)
class HostOptions:
    """What is looked at."""


def compile_host(_options: HostOptions, _context: ProbeContext) -> Mapping[str, Poll]:
    """Return the poll of this machine."""

    async def poll() -> Reading:
        load = os.getloadavg()
        values: dict[str, Scalar] = {
            "load_1m": load[0],
            "load_5m": load[1],
            "load_15m": load[2],
        }
        data = {
            "hostname": socket.gethostname(),
            "kernel": platform.release(),
            "load": {"1m": load[0], "5m": load[1], "15m": load[2]},
        }
        return Reading(data=data, values=values)

    return {"": poll}


PROBE = ProbeType(
    name="host",
    options=HostOptions,
    schema={},
    compile=compile_host,
    interval_s=30.0,
    timeout_s=10.0,
    example={},
    is_default=True,
)
