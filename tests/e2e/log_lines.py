"""What of Home Assistant's log a person would have to see to."""

from __future__ import annotations

import re

_USUAL = "has not been tested by Home Assistant"
_LOST = re.compile(r"WARNING .*The connection to .* is lost: ")
_OURS = re.compile(
    r" (?:WARNING|ERROR|CRITICAL) .*ops_monitor"
    # A call that will go, by Python's or Home Assistant's account, and a traceback through us.
    r"|custom_components/ops_monitor/.*Warning:"
    r"|File \".*custom_components/ops_monitor/"
)
_ASKED_FOR = re.compile(r"\[homeassistant\.components\.profiler")


def unusual(log: str, *, losses: int) -> list[str]:
    """Return the lines about us at WARNING or above, tracebacks and deprecations.

    That we are a custom integration is said of all of them; each loss of the daemon is told once.
    """
    lines = [
        line
        for line in log.splitlines()
        if _OURS.search(line) and _USUAL not in line and not _ASKED_FOR.search(line)
    ]
    lost = [line for line in lines if _LOST.search(line)]
    others = [line for line in lines if line not in lost]
    return others if len(lost) == losses else [*others, f"{len(lost)} losses:", *lost]
