"""Actions that change or start something."""

from collections.abc import Mapping
from datetime import timedelta
from http import HTTPMethod
from typing import Any, Final

from homeassistant.core import ServiceCall, ServiceResponse
from homeassistant.util import dt as dt_util

from .asking import ask_list, require, resume, tell
from .caller import caller_of, require_control
from .coordinator import OpsMonitorCoordinator
from .targets import (
    ATTR_CHECK,
    TargetCheck,
    checks_of,
    daemon_of,
    names_checks,
    the_check_of,
    the_daemon_of,
)
from .trying_alerts import send_test

_SHORTEST: Final = timedelta(minutes=1)


async def run_check(call: ServiceCall) -> ServiceResponse:
    """Run checks now; answer what came of it."""
    return {
        "checks": {
            item.check.id: _result(await _tell_check(item, "run"))
            for item in await _checks_to_change(call)
        }
    }


async def acknowledge(call: ServiceCall) -> ServiceResponse:
    """Note that somebody knows of the trouble of checks."""
    found = await _checks_to_change(call)
    by = await _name_of_caller(call)
    for item in found:
        await _tell_check(item, "acknowledge", {"by": by, "note": call.data.get("note")})
    return None


async def pause_check(call: ServiceCall) -> ServiceResponse:
    """Run checks no more, until they are resumed or the time is over."""
    duration = call.data.get("duration")
    body = {
        "duration_s": None if duration is None else max(1, int(duration.total_seconds())),
        "reason": call.data.get("reason"),
    }
    for item in await _checks_to_change(call):
        await _tell_check(item, "pause", body)
    return None


async def resume_check(call: ServiceCall) -> ServiceResponse:
    """End the pauses of checks; those that are not paused stay as they are."""
    for item in await _checks_to_change(call):
        await resume(item.coordinator, item.check.id)
    return None


async def run_remediation(call: ServiceCall) -> ServiceResponse:
    """Begin an action that a check has for its failure; answer what was begun."""
    item = the_check_of(call)
    require(item.coordinator, "remediation")
    return dict(await _tell_check(item, "remediate", {"action": call.data["action"]}))


async def send_test_alert(call: ServiceCall) -> ServiceResponse:
    """Send a test through one channel or all; answer which took it."""
    params = {"check_id": call.data.get(ATTR_CHECK), "channel": call.data.get("channel")}
    channels = await send_test(
        daemon_of(call.hass, call.data),
        {key: value for key, value in params.items() if value},
    )
    return {"channels": dict.fromkeys(channels, "ok")}


async def mute_alerts(call: ServiceCall) -> ServiceResponse:
    """Let nobody be told anything, for a while or until that is ended."""
    coordinator = daemon_of(call.hass, call.data)
    require(coordinator, "mute")
    duration = call.data.get("duration")
    body = {
        "duration_s": None if duration is None else max(1, int(duration.total_seconds())),
        "reason": call.data.get("reason"),
        "by": await _name_of_caller(call),
    }
    await tell(coordinator, "api/alerts/mute", body)
    return None


async def unmute_alerts(call: ServiceCall) -> ServiceResponse:
    """Let people be told again, beginning with what was held back."""
    coordinator = daemon_of(call.hass, call.data)
    require(coordinator, "mute")
    await tell(coordinator, "api/alerts/unmute")
    return None


async def start_maintenance(call: ServiceCall) -> ServiceResponse:
    """Announce work on checks, on those of tags, or both: what fails meanwhile is no trouble."""
    tags = call.data.get("tags", [])
    checks = checks_of(call) if names_checks(call) or not tags else []
    coordinator = the_daemon_of(call, checks)
    require(coordinator, "maintenance")
    start = dt_util.utcnow()
    body = {
        "checks": [item.check.id for item in checks],
        "tags": tags,
        "from": start.isoformat(),
        "to": (start + max(call.data["duration"], _SHORTEST)).isoformat(),
        "reason": call.data.get("reason"),
    }
    return _object(await tell(coordinator, "api/maintenance", body))


async def end_maintenance(call: ServiceCall) -> ServiceResponse:
    """End announced work early: one piece of it, or all."""
    coordinator = daemon_of(call.hass, call.data)
    require(coordinator, "maintenance")
    ids = [call.data["id"]] if "id" in call.data else await _open_windows(coordinator)
    for window_id in ids:
        await tell(coordinator, f"api/maintenance/{window_id}", method=HTTPMethod.DELETE)
    return {"ended": [*ids]}


async def _open_windows(coordinator: OpsMonitorCoordinator) -> list[str]:
    """Return the ids of the maintenance that is under way; what stands in checks.yml stays."""
    return [
        str(window["id"])
        for window in await ask_list(coordinator, "api/maintenance")
        if window.get("is_open") and window.get("source") == "api"
    ]


async def _tell_check(
    item: TargetCheck, wish: str, body: Mapping[str, Any] | None = None
) -> Mapping[str, Any]:
    """Ask something of one check; return its state after that."""
    return _object(await tell(item.coordinator, f"api/checks/{item.check.id}/{wish}", body))


def _result(state: Mapping[str, Any]) -> dict[str, Any]:
    """Return what is worth knowing after a run."""
    keys = ("name", "status", "ok", "latency_ms", "status_code", "error", "last_run")
    return {key: state.get(key) for key in keys}


def _object(answer: object) -> dict[str, Any]:
    """Return an answer that can be a response."""
    return answer if isinstance(answer, dict) else {"answer": answer}


async def _checks_to_change(call: ServiceCall) -> list[TargetCheck]:
    """Return the checks that an action is meant for, if whoever asks may change them all."""
    found = checks_of(call)
    await require_control(call, found)
    return found


async def _name_of_caller(call: ServiceCall) -> str:
    """Return who asks, for people."""
    user = await caller_of(call)
    return (user.name if user else None) or "Home Assistant"
