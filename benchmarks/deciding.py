"""Measure what deciding and routing add to a check: alerts, channels, dependencies, actions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from benchmarks.cost import measure_daemon
from benchmarks.daemon import CHECKS, configuration, http_checks, tcp_checks
from benchmarks.setting import tell

if TYPE_CHECKING:
    from collections.abc import Mapping

    from benchmarks.setting import Setting

_RATE: Final = 1000
_FAMILY: Final = 10
"""The first of so many checks is what the others depend on."""
_DOWN: Final = 10
"""Further checks that are down all the time, so that alerts are open."""
_SEVERITIES: Final = ("P1", "P2", "P3", "P4")
_TAGS: Final = ("web", "storage", "ai")
_NOTICES: Final = ("first_fail", "recovered", "reminder", "degraded", "cert_expiring", "flapping")


def measure_deciding(setting: Setting) -> None:
    """Measure the same checks as for the cost, with all that there is to decide about them."""
    port = setting.nginx.port
    for number in range(setting.effort.rounds):
        for kind, checks in (("http", http_checks(port)), ("tcp", tcp_checks(port))):
            tell(f"CPU time of {kind} checks with alerts and actions, round {number + 1}")
            decided = [_decided(n, check, port) for n, check in enumerate(checks)]
            config = configuration([*decided, *_down()], CHECKS / _RATE, **_sections(port))
            key = f"deciding_{kind}_{_RATE}"
            measure_daemon(setting, config, _RATE, key=key, part="deciding")


def _decided(number: int, check: Mapping[str, object], port: int) -> dict[str, object]:
    """Return a check with all that can be said of telling and healing."""
    first = number - number % _FAMILY
    parent = str(check["id"]).replace(f"{number:04}", f"{first:04}")
    action = {"type": "http_post", "url": f"http://127.0.0.1:{port}/reset", "payload": {}}
    return {
        **check,
        "severity": _SEVERITIES[number % len(_SEVERITIES)],
        "tags": [_TAGS[number % len(_TAGS)]],
        "notify_on": _NOTICES,
        "depends_on": [] if first == number else [parent],
        "down_threshold": 2,
        "on_fail": {"actions": [action]},
    }


def _down() -> list[dict[str, object]]:
    """Return checks of a port on which nothing listens."""
    return [
        {"id": f"down-{n}", "type": "tcp", "host": "127.0.0.1", "port": 1, "interval_s": 1}
        for n in range(_DOWN)
    ]


def _sections(port: int) -> dict[str, object]:
    """Return who is told of what, and when."""
    url = f"http://127.0.0.1:{port}/hook"
    return {
        "alerts": {
            "channels": {name: {"type": "webhook", "url": url} for name in ("phone", "mail")},
            "routes": [
                {"severity": "P1", "channels": ["phone", "mail"]},
                {"tag": "storage", "kind": "degraded", "channels": ["mail"]},
                {"between": "08:00-18:00", "channels": ["mail"], "continue": True},
                {"check": ["http-00*", "tcp-00*"], "channels": ["phone"]},
            ],
            "quiet_hours": {"between": "22:00-07:00", "severity": ["P3", "P4"]},
            "escalation": [{"after": "15m", "severity": ["P1", "P2"], "channels": ["mail"]}],
        }
    }
