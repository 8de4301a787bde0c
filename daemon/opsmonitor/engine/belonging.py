"""Which of the things that are polled a check's target is part of, by what was configured: pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from opsmonitor.util.net import is_loopback
from opsmonitor.util.reach import is_outside

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from opsmonitor.config.settings import CheckSettings, ProbeSettings

THIS_MACHINE: Final = "host"
"""The probe of the machine that the daemon runs on."""


def belonging(
    check: CheckSettings, probes: Iterable[ProbeSettings], own_names: Collection[str]
) -> str | None:
    """Return the dotted name of a thing, or of something within it; None: of none of them.

    `own_names` are the names and addresses of this machine. No name is looked up: a target that is
    configured by its name is not known to be the router that is configured by its address.
    """
    if check.subject is not None:
        return check.subject
    host = check.host.strip("[]").partition("%")[0].rstrip(".").lower()
    if not host:
        return None
    if is_loopback(host) or host in own_names or _is_own_in_local_domain(host, own_names):
        return THIS_MACHINE
    return next((probe.hosts[host] for probe in probes if host in probe.hosts), None)


def _is_own_in_local_domain(host: str, own_names: Collection[str]) -> bool:
    """Tell whether a name is this machine's with what a router puts behind it: `nas.fritz.box`."""
    return host.partition(".")[0] in own_names and not is_outside(host)
