"""Show a FRITZ!Box to the API, to `metric` checks and to people."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from opsmonitor.models.reading import Issue, ReadingStatus, Scalar
from opsmonitor.parts.fritz_reader import BoxView
from opsmonitor.parts.limits import Limits

ISSUES: Final = ("wan_down", "noise_margin_low", "login_failed", "not_allowed", "answer_unusable")
"""The kinds that there are."""
_WAN: Final = (
    *("up", "access_type", "physical_link_up", "connection_status", "connection_uptime_s"),
    "connected_since_ts",
    *("last_error", "external_ipv4", "external_ipv6", "ipv6_prefix", "dns_servers"),
    *("down_max_mbit_s", "up_max_mbit_s"),
)
_DSL_VALUES: Final = (
    *("down_sync_mbit_s", "up_sync_mbit_s", "down_noise_margin_db", "up_noise_margin_db"),
    *("down_attenuation_db", "up_attenuation_db", "crc_errors", "fec_errors", "errored_seconds"),
    *("severely_errored_seconds", "resyncs"),
)
_TRAFFIC: Final = (
    *("down_rate_mbit_s", "up_rate_mbit_s", "down_average_mbit_s", "up_average_mbit_s"),
    *("received_bytes", "sent_bytes"),
)


def box_json(host: str, view: BoxView) -> dict[str, object]:
    """Return a box as the API shows it."""
    device = view.device
    return {
        "host": host,
        "reachable": True,
        "latency_ms": view.latency_ms,
        "logged_in": view.is_logged_in,
        "kind": _kind(view),
        "model": device.get("model"),
        "serial": device.get("serial"),
        "os_version": device.get("os_version"),
        "uptime_s": device.get("uptime_s"),
        "started_ts": device.get("started_ts"),
        "update": view.update,
        "wan": _wan(view),
        "dsl": view.dsl,
        "fiber": view.fiber,
        "traffic": view.traffic,
        "wlan": view.wlan,
        "devices": view.devices,
        "mesh": view.mesh,
    }


def box_values(view: BoxView) -> Mapping[str, Scalar]:
    """Return what can be compared with a threshold; only what is known."""
    values: dict[str, Scalar] = {
        "reachable": True,
        "latency_ms": view.latency_ms,
        "logged_in": view.is_logged_in,
        "uptime_s": view.device.get("uptime_s"),
        "os_version": view.device.get("os_version"),
        "update_available": (view.update or {}).get("available"),
        "update_version": (view.update or {}).get("version"),
        "wan_up": view.wan.get("up"),
        "connection_uptime_s": view.wan.get("connection_uptime_s"),
        "external_ipv4": view.wan.get("external_ipv4"),
        "device_count": (view.devices or {}).get("connected_count"),
        "mesh_node_count": (view.mesh or {}).get("node_count"),
        "wlan_client_count": _clients(view),
    }
    values.update({name: (view.dsl or {}).get(name) for name in _DSL_VALUES})
    values.update({name: (view.traffic or {}).get(name) for name in _TRAFFIC})
    if view.fiber is not None:
        values["fiber_received_dbm"] = view.fiber.get("received_dbm")
    return {key: value for key, value in values.items() if value is not None}


def box_issues(name: str, view: BoxView, noise_margin_db: Limits) -> Iterator[Issue]:
    """Yield whatever is not as it should be, the gravest first."""
    crit, warn = ReadingStatus.CRIT, ReadingStatus.WARN
    if view.wan.get("up") is False:
        why = view.wan.get("last_error") or view.wan.get("connection_status")
        shown = f" ({why})" if why else ""
        yield _issue(name, "wan_down", crit, f"the Internet connection is down{shown}")
    margin = (view.dsl or {}).get("down_noise_margin_db")
    for status, limit in ((crit, noise_margin_db.crit), (warn, noise_margin_db.warn)):
        if margin is not None and limit is not None and margin <= limit:
            words = f"noise margin of {margin:g} dB (limit {limit:g})"
            yield _issue(name, "noise_margin_low", status, words)
            break
    # Several answers can fail for the same reason: it is told once.
    said = {(each.code, str(each)): each for each in view.problems}
    for each in said.values():
        kind = {"auth_error": "login_failed", "not_allowed": "not_allowed"}.get(each.code)
        yield _issue(name, kind or "answer_unusable", warn, str(each))


def note(view: BoxView, *, has_login: bool) -> str | None:
    """Return what would help to know more."""
    if not view.is_described:
        return (
            "the box does not let applications ask it: allow that on its page under "
            "Home Network, Network, Network Settings"
        )
    if not has_login:
        return (
            "without username and password a box tells only a part: docs/probes.md, section fritz"
        )
    return None


def _kind(view: BoxView) -> str | None:
    """Return whether a box leads to the Internet, or widens its network."""
    return None if view.is_router is None else "router" if view.is_router else "repeater"


def _wan(view: BoxView) -> dict[str, Any] | None:
    """Return the connection with all its keys, None where there is none."""
    return {name: view.wan.get(name) for name in _WAN} if view.wan else None


def _clients(view: BoxView) -> int | None:
    """Return how many devices use the wireless networks."""
    known = [each["client_count"] for each in view.wlan if each["client_count"] is not None]
    return sum(known) if known else None


def _issue(name: str, kind: str, status: ReadingStatus, words: str) -> Issue:
    """Return an issue of a box."""
    return Issue(kind=kind, status=status, message=f"{name}: {words}", data={"box": name})
